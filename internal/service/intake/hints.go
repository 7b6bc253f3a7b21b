package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// The states of hints. See package tables.
const (
	StateOpen      = tables.HintOpen
	StateAccepted  = tables.HintAccepted
	StateDismissed = tables.HintDismissed
)

// Hint is a report that waits for a person.
type Hint struct {
	ID         string
	Address    string
	Kind       intake.Kind
	Class      intake.Class
	Status     string
	Rule       string
	Text       string // what the server said
	Source     string
	Cause      Cause
	Channel    string
	Department string
	Time       consent.Instant // of the report; zero: it does not say
	Received   consent.Instant
	State      string
	Decided    consent.Instant
	DecidedBy  string
}

// sealedHint is what is sealed in the row of a hint. The names stay.
type sealedHint struct {
	Address string `json:"a"`
	Text    string `json:"t,omitempty"`
	Status  string `json:"s,omitempty"`
	Rule    string `json:"r,omitempty"`
	ID      string `json:"i,omitempty"`
	Domain  bool   `json:"d,omitempty"`

	Then intake.Then `json:"n,omitempty"`
}

// hint stores the report for a person to decide about, unless it is there.
func (w *writing) hint() error {
	it, r := w.item, w.item.report
	exact, folded, err := w.intake.digests(it)
	if err != nil {
		return err
	}
	row := tables.Hint{
		Exact: exact, Folded: folded, Kind: string(r.Kind), Class: string(r.Class), Source: it.source, Cause: string(it.cause),
		Channel: it.channel, Department: it.department, Report: timeOf(r), Received: w.Recorded, State: tables.HintOpen,
	}
	if row.ID, err = w.intake.identity(it); err != nil {
		return err
	}
	record := Record{Verb: VerbHint, Time: row.Report, Channel: row.Channel, Hint: hintID(row.ID)}
	there, err := hintRows(w.Tx, row.ID)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		it.end(Known, "the hint is there already", Record{Verb: VerbHint, Time: row.Report, Channel: row.Channel, Hint: hintID(row.ID)})
		return nil
	}
	it.end(Hinted, it.cause.sentence(), record)
	if w.dry {
		return nil
	}
	plain, err := json.Marshal(sealedHint{
		Address: it.address.Exact(), Text: r.Text, Status: r.Status, Rule: r.Rule, ID: r.ID, Domain: r.Domain, Then: r.Then,
	})
	if err != nil {
		return err
	}
	if row.Sealed, err = w.intake.Keys.Seal(seal.PurposeHint, row.ID[:], plain); err != nil {
		return err
	}
	txn.PutRows(w.Tx, row.ID, []tables.Hint{row}, tables.AddHint(&row))
	return nil
}

// Page is a page of hints.
type Page struct {
	Hints []Hint
	Next  string // the token of the next page; empty after the last
}

// ListHints returns hints of a state, or of all if that is empty, those received last first. A client of one department gets those of that
// department's channels. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Intake) ListHints(ctx context.Context, state string, size int, pageToken string) (Page, error) {
	method := "hints\x00" + state
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeLift, access.ScopeSuppress)
	if err != nil {
		return Page{}, err
	}
	after := tables.Hint{Received: consent.Instant(at.After)}
	if at.AfterKey != "" {
		if after.ID, err = uuid.Parse(at.AfterKey); err != nil {
			return Page{}, env.InvalidPage()
		}
	}
	department := ""
	if !who.AllDepartments {
		department = who.Department
	}
	rows, err := tables.Hints(ctx, s.Store, department, state, &after, size+1)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	if len(rows) > size {
		rows = rows[:size]
		last := &rows[size-1]
		page.Next, err = token.NewPage(s.Keys, method, token.Page{After: int64(last.Received), AfterKey: hintID(last.ID)})
		if err != nil {
			return Page{}, err
		}
	}
	for i := range rows {
		h, _, err := s.open(&rows[i])
		if err != nil {
			return Page{}, err
		}
		page.Hints = append(page.Hints, h)
	}
	return page, nil
}

// GetHint returns a hint. Errors: HINT_NOT_FOUND, also for one of another department; SCOPE_MISSING.
func (s *Intake) GetHint(ctx context.Context, id string) (Hint, error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeLift, access.ScopeSuppress)
	if err != nil {
		return Hint{}, err
	}
	row, err := s.find(ctx, id, &who)
	if err != nil {
		return Hint{}, err
	}
	h, _, err := s.open(row)
	return h, err
}

// find returns the row of a hint that the caller may know.
func (s *Intake) find(ctx context.Context, id string, who *access.Caller) (*tables.Hint, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, fault.Errorf(fault.InvalidRequest, "id", "the id of a hint is a UUID")
	}
	rows, err := tables.HintOf(ctx, s.Store, [16]byte(parsed))
	if err != nil {
		return nil, env.StoreFault(err)
	}
	if len(rows) == 0 || !who.AllDepartments && rows[0].Department != who.Department {
		return nil, missing()
	}
	return &rows[0], nil
}

// open returns a hint with what its row has sealed.
func (s *Intake) open(row *tables.Hint) (Hint, *sealedHint, error) {
	plain, err := s.Keys.Open(seal.PurposeHint, row.ID[:], row.Sealed)
	if err != nil {
		return Hint{}, nil, fmt.Errorf("a hint: %w", err)
	}
	var in sealedHint
	if err := json.Unmarshal(plain, &in); err != nil {
		return Hint{}, nil, fmt.Errorf("a hint: %w", err)
	}
	return Hint{
		ID: hintID(row.ID), Address: in.Address, Kind: intake.Kind(row.Kind), Class: intake.Class(row.Class), Status: in.Status, Rule: in.Rule,
		Text: in.Text, Source: row.Source, Cause: Cause(row.Cause), Channel: row.Channel, Department: row.Department, Time: row.Report,
		Received: row.Received, State: row.State, Decided: row.Decided, DecidedBy: row.DecidedBy,
	}, &in, nil
}

// DismissHint says that nothing follows from a hint. Errors: HINT_NOT_FOUND, also for one of another department; HINT_DECIDED for one that was
// accepted; SCOPE_MISSING.
func (s *Intake) DismissHint(ctx context.Context, id string) (Hint, error) {
	h, _, err := s.decide(ctx, id, "", StateDismissed)
	return h, err
}

// AcceptHint carries out a hint as if a token of ours had been in the report, and for an entry of the list of a provider it stops all marketing. A
// complaint and a wish to get no more need a channel, where the hint has none. It returns what was recorded. Errors: HINT_NOT_FOUND, HINT_LACKS_CHANNEL, UNKNOWN_CHANNEL, OTHER_DEPARTMENT, HINT_DECIDED for one
// that was dismissed, SCOPE_MISSING.
func (s *Intake) AcceptHint(ctx context.Context, id, channel string) (Hint, []Record, error) {
	return s.decide(ctx, id, channel, StateAccepted)
}

func (s *Intake) decide(ctx context.Context, id, channel, state string) (hint Hint, records []Record, err error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeLift, access.ScopeSuppress)
	if err != nil {
		return Hint{}, nil, err
	}
	row, err := s.find(ctx, id, &who)
	if err != nil {
		return Hint{}, nil, err
	}
	it, err := s.hinted(row)
	if err != nil {
		return Hint{}, nil, err
	}
	err = s.engine.Do(ctx, &txn.Write{
		Load: storage.Load{Subjects: it.keys},
		Run: func(tx *txn.Tx) error {
			w := &writing{Tx: tx, intake: s, item: it, accepted: true}
			hint, err = w.decide(row.ID, channel, state)
			return err
		},
	})
	if err != nil {
		return Hint{}, nil, err
	}
	return hint, it.records, nil
}

// hinted returns the report of a hint.
func (s *Intake) hinted(row *tables.Hint) (*item, error) {
	_, in, err := s.open(row)
	if err != nil {
		return nil, err
	}
	a, err := address.Parse(in.Address)
	if err != nil {
		return nil, fmt.Errorf("the address of a hint: %w", err)
	}
	report := &intake.Report{
		Kind: intake.Kind(row.Kind), Class: intake.Class(row.Class), Address: in.Address, Domain: in.Domain, Then: in.Then, Status: in.Status, Rule: in.Rule,
		Text: in.Text, ID: in.ID,
	}
	if row.Report != 0 {
		report.Time = row.Report.Time()
	}
	it := &item{report: report, source: row.Source, address: a, known: true, shown: in.Address, proved: true, channel: row.Channel}
	return it, it.settle(s)
}

// decide decides about a hint under the lock.
func (w *writing) decide(id [16]byte, channel, state string) (Hint, error) {
	it := w.item
	it.outcome, it.why, it.records, it.cause = "", "", nil, causeNone
	rows, err := hintRows(w.Tx, id)
	if err != nil {
		return Hint{}, err
	}
	switch {
	case len(rows) == 0:
		return Hint{}, missing()
	case rows[0].State == state:
		h, _, err := w.intake.open(&rows[0])
		return h, err
	case rows[0].State != StateOpen:
		return Hint{}, fault.Errorf(fault.HintDecided, "id", "the hint was %s on %s", rows[0].State, rows[0].Decided.Time().Format(time.DateOnly))
	}
	row := rows[0]
	if state == StateAccepted {
		if err := w.accept(&row, channel); err != nil {
			return Hint{}, err
		}
	}
	row.State, row.Decided, row.DecidedBy = state, w.Recorded, w.Caller.ID
	txn.PutRows(w.Tx, id, []tables.Hint{row}, tables.DecideHint(&row))
	h, _, err := w.intake.open(&row)
	return h, err
}

// accept carries out a hint.
func (w *writing) accept(row *tables.Hint, channel string) (err error) {
	it := w.item
	if w.cat, err = w.Catalog(w.Recorded); err != nil {
		return err
	}
	if w.known, err = w.Knowledge(&it.places); err != nil {
		return err
	}
	if channel == "" {
		channel = row.Channel
	}
	it.channel = channel
	if channel != "" || it.report.Kind != intake.Bounce && it.report.Kind != intake.Listed {
		if channel == "" {
			return fault.Errorf(fault.HintLacks, "channel", "the report does not say on which channel the message was sent; name it")
		}
		if _, ok := w.cat.Channel(channel); !ok {
			return fault.Errorf(fault.UnknownChannel, "channel", "the catalog has no channel %q", channel)
		}
		if err := w.Caller.NeedChannel(channel, w.cat); err != nil {
			return err
		}
		it.takeChannel(w.cat)
	}
	if w.isGone() {
		return missing()
	}
	row.Channel, row.Department = it.channel, it.department
	return w.act()
}

// CountHints returns how many hints wait for a person.
func (s *Intake) CountHints(ctx context.Context) (int64, error) {
	n, err := tables.CountHints(ctx, s.Store)
	return n, env.StoreFault(err)
}

func missing() error {
	return fault.Errorf(fault.HintMissing, "id", "the hint does not exist, or it is not of the client's department")
}
