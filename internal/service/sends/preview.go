package sends

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

const (
	// maxAudience is how many recipients one preview counts at most: each takes some bytes of memory until it ends.
	maxAudience = 2_000_000
	// leftWithin is how long ago a person left who counts as a leaver.
	leftWithin = 30 * 24 * time.Hour
	// nearest is how far apart sends are looked at where no cap looks farther.
	nearest = 7 * 24 * time.Hour
)

// Preview is what was counted of an audience. Each recipient counts once. The names of its fields in JSON stay: rows have them.
type Preview struct {
	Time       consent.Instant `json:"-"`
	Recipients int64           `json:"recipients"`
	Invalid    int64           `json:"invalid,omitempty"`     // rows that were no address
	Repeated   int64           `json:"repeated,omitempty"`    // rows with a recipient that had come before
	NeverAsked int64           `json:"never_asked,omitempty"` // recipients without a legal basis
	Denied     int64           `json:"denied,omitempty"`      // recipients that are denied for another reason
	OverNow    int64           `json:"over_now,omitempty"`    // recipients over a cap as it is
	OverAll    int64           `json:"over_all,omitempty"`    // recipients over a cap if all cleared sends go out
	Leavers    int64           `json:"leavers,omitempty"`     // recipients who left a channel of another department not long ago
	Kept       int64           `json:"kept,omitempty"`        // recipients kept as planned contacts

	Overlaps []sendtable.SendOverlap `json:"-"`
}

// previewOf returns what the last preview of a send counted, without whom it met; nil: there was none.
func previewOf(row *sendtable.Send) (*Preview, error) {
	if row.Previewed == 0 {
		return nil, nil //nolint:nilnil // There was none.
	}
	p := &Preview{Time: row.Previewed}
	if err := json.Unmarshal([]byte(row.Preview), p); err != nil {
		return nil, fmt.Errorf("the preview of a send: %w", err)
	}
	return p, nil
}

// Audience counts the recipients of a send. It may be given several parts at once.
type Audience struct {
	sends *Sends
	send  campaign.Send
	began consent.Instant
	since int64 // the position of the ledger then
	keep  bool
	cat   *catalog.Catalog

	mu      sync.Mutex
	persons map[[16]byte]struct{} // by a part of the digest, which is long enough
	all     [][32]byte            // the same persons
	counted Preview
	leavers map[string]int64 // by department
}

// OpenAudience begins a preview of a send. Errors: SEND_NOT_FOUND, SEND_STATE, OTHER_DEPARTMENT, NO_CATALOG, SCOPE_MISSING.
func (s *Sends) OpenAudience(ctx context.Context, id string, keep bool) (*Audience, error) {
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeSends)
	if err != nil {
		return nil, err
	}
	if err := who.Need(access.ScopeCheck); err != nil { // The counts say what checks would say.
		return nil, err
	}
	row, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := needOwner(&who, row); err != nil {
		return nil, err
	}
	if row.State.Ended() {
		return nil, notNow(id, fmt.Errorf("it is %s", row.State))
	}
	versions, err := s.reference.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return nil, err
	}
	now := max(s.Instant(), head.Recorded)
	cat := reference.InForce(versions, now).Parsed
	a := &Audience{
		sends: s, send: row.Plan(), began: now, since: head.Position, keep: keep, cat: cat, persons: map[[16]byte]struct{}{},
		leavers: map[string]int64{},
	}
	if keep {
		if err := a.beginKeeping(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// recipient is what is known of an address of an audience.
type recipient struct {
	valid, lawful, neverAsked bool
	person                    [32]byte
	typed                     string
	left                      []string // departments
}

// Add counts a part of an audience, of at most env.MaxBatch addresses. Errors: TOO_LARGE, UNKNOWN_CHANNEL, OTHER_DEPARTMENT.
func (a *Audience) Add(ctx context.Context, addresses []string) error {
	list := make([]recipient, len(addresses))
	since := a.began.Add(-leftWithin)
	var failed error
	request := consent.Request{Channel: a.send.Channel, Sender: a.send.SenderIdentity}
	_, err := a.sends.surveyor.Survey(ctx, request, addresses, func(i int, address address.Address, known *consent.Known, d *consent.Decision) {
		person, err := a.sends.contacts.PersonOf(address)
		if err != nil {
			failed = err
		}
		list[i] = recipient{
			valid: true, lawful: d.Verdict == consent.Allow, neverAsked: d.Reason == consent.CodeNoLegalBasis, person: person, typed: addresses[i],
		}
		leaving.Left(known, since, a.began, func(scope consent.Scope) { list[i].left = a.leave(list[i].left, scope) })
	})
	if err = cmp.Or(err, failed); err != nil {
		return err
	}
	fresh, err := a.fresh(list)
	if err != nil {
		return err
	}
	a.count(fresh)
	if !a.keep {
		return nil
	}
	return a.keepThose(ctx, fresh)
}

// leave adds the department of a scope to those that a person left, where that is another one than the send's.
func (a *Audience) leave(to []string, scope consent.Scope) []string {
	kind, id := scope.Split()
	department := id
	switch kind {
	case consent.ScopeChannel:
		channel, ok := a.cat.Channel(id)
		if !ok {
			return to
		}
		department = channel.Department
	case consent.ScopeSender:
		sender, ok := a.cat.SenderIdentity(id)
		if !ok {
			return to
		}
		department = sender.Department
	}
	if department == a.send.Department || slices.Contains(to, department) {
		return to
	}
	return append(to, department)
}

// fresh counts what is no address and what had come before, and returns the recipients that had not.
func (a *Audience) fresh(list []recipient) ([]recipient, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := list[:0]
	for _, one := range list {
		if !one.valid {
			a.counted.Invalid++
			continue
		}
		key := [16]byte(one.person[:16])
		if _, there := a.persons[key]; there {
			a.counted.Repeated++
			continue
		}
		if len(a.persons) == maxAudience {
			return nil, fault.Errorf(fault.TooLarge, "addresses", "a preview counts %d recipients at most; plan the mailing as several sends", maxAudience)
		}
		a.persons[key] = struct{}{}
		fresh = append(fresh, one)
	}
	return fresh, nil
}

// count adds recipients to what was counted.
func (a *Audience) count(list []recipient) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range list {
		one := &list[i]
		a.counted.Recipients++
		switch {
		case one.neverAsked:
			a.counted.NeverAsked++
		case !one.lawful:
			a.counted.Denied++
		}
		if len(one.left) > 0 {
			a.counted.Leavers++
		}
		for _, department := range one.left {
			a.leavers[department]++
		}
		a.all = append(a.all, one.person)
	}
}

// beginKeeping notes that the audience is the one that the send keeps from now on. An earlier preview that is still counting keeps nothing more, and is
// refused: of two at once, the later one wins, and no part of the other's audience is left with it.
func (a *Audience) beginKeeping(ctx context.Context) error {
	_, err := change(ctx, a.sends, a.send.ID, txn.Idempotency{}, func(w *txn.Tx, row *sendtable.Send) (struct{}, error) {
		if err := needOwner(&w.Caller, row); err != nil {
			return struct{}{}, err
		}
		if row.State.Ended() {
			return struct{}{}, notNow(row.ID, fmt.Errorf("it is %s", row.State))
		}
		row.Keeping = w.Recorded
		txn.PutRows(w, row.ID, []sendtable.Send{*row}, sendtable.ChangeSend(row)) // The plan is the same, and so is its etag.
		a.began, a.since, a.send = w.Recorded, w.Head.Position, row.Plan()
		return struct{}{}, nil
	}, access.ScopeSends)
	return err
}

// stillKeeping returns an error if another preview has begun that keeps its audience.
func (a *Audience) stillKeeping(ctx context.Context) error {
	row, err := a.sends.find(ctx, a.send.ID)
	if err == nil && row.Keeping != a.began {
		err = contacts.Superseded(row.ID)
	}
	return err
}

// keepThose keeps those recipients as planned contacts that may be written to.
func (a *Audience) keepThose(ctx context.Context, list []recipient) error {
	var persons []contacts.Recipient
	for i := range list {
		if list[i].lawful {
			persons = append(persons, contacts.Recipient{Person: list[i].person, Typed: list[i].typed})
		}
	}
	kept, err := a.sends.contacts.Keep(ctx, &contacts.Keeping{Send: &a.send, At: a.began, Position: a.since}, persons)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counted.Kept += int64(kept)
	return nil
}

// Previewed is a send whose audience was counted.
type Previewed struct {
	Send  Send
	Named []string // departments that are named for the first time
}

// Close stores what was counted with the send. A department that is named for the first time has the whole time for comments: of a cleared send the
// clearing is taken back. Errors: INVALID_REQUEST without a recipient, SEND_NOT_FOUND, SEND_STATE, OTHER_DEPARTMENT; ETAG_MISMATCH where the plan was
// changed meanwhile, or another preview began that keeps its audience.
func (a *Audience) Close(ctx context.Context) (Previewed, error) {
	if a.counted.Recipients == 0 {
		return Previewed{}, fault.Errorf(fault.InvalidRequest, "addresses", "the audience has no valid address; give at least one")
	}
	p := a.pressing()
	if err := p.readOthers(ctx); err != nil {
		return Previewed{}, err
	}
	pressed, err := p.count(ctx, a.all)
	if err != nil {
		return Previewed{}, err
	}
	a.counted.OverNow, a.counted.OverAll = pressed.overNow, pressed.overAll
	if a.keep {
		if err := a.stillKeeping(ctx); err != nil {
			return Previewed{}, err
		}
		if err := a.sends.contacts.ForgetPlanned(ctx, a.send.ID, a.began); err != nil {
			return Previewed{}, err
		}
	}
	rows := a.overlaps(pressed.met)
	return change(ctx, a.sends, a.send.ID, txn.Idempotency{}, func(w *txn.Tx, row *sendtable.Send) (Previewed, error) {
		return a.store(w, row, rows)
	}, access.ScopeSends)
}

// pressing returns what counts the audience against the caps: for when the send begins to go out, or now.
func (a *Audience) pressing() *pressing {
	p := &pressing{Env: a.sends.Env, reader: a.sends.contacts.NewReader(), send: a.send, at: max(int64(a.began), a.send.From), near: nearest}
	for _, one := range a.cat.Pressure {
		if !one.Observe {
			p.caps = append(p.caps, one)
			p.near = max(p.near, one.Per.AddTo(a.began.Time()).Sub(a.began.Time()))
		}
	}
	return p
}

// overlaps returns the sends and departments that the audience meets, by department and send.
func (a *Audience) overlaps(met map[string]*sendtable.SendOverlap) []sendtable.SendOverlap {
	rows := make([]sendtable.SendOverlap, 0, len(met)+len(a.leavers))
	for department, n := range a.leavers {
		rows = append(rows, sendtable.SendOverlap{Send: a.send.ID, Department: department, Leavers: n})
	}
	for _, o := range met {
		o.Send = a.send.ID
		rows = append(rows, *o)
	}
	slices.SortFunc(rows, func(x, y sendtable.SendOverlap) int {
		return cmp.Or(cmp.Compare(x.Department, y.Department), cmp.Compare(x.Other, y.Other))
	})
	return rows
}

func (a *Audience) store(w *txn.Tx, row *sendtable.Send, rows []sendtable.SendOverlap) (Previewed, error) {
	if err := needOwner(&w.Caller, row); err != nil {
		return Previewed{}, err
	}
	if row.State.Ended() {
		return Previewed{}, notNow(row.ID, fmt.Errorf("it is %s", row.State))
	}
	if now := row.Plan(); now.Window != a.send.Window || now.Channel != a.send.Channel || now.Priority != a.send.Priority {
		return Previewed{}, fault.Errorf(fault.EtagMismatch, "id", "the plan of the send %s was changed while its audience was counted; preview it again", row.ID)
	}
	if a.keep && row.Keeping != a.began {
		return Previewed{}, contacts.Superseded(row.ID)
	}
	before, err := txn.RowsOf(w, row.ID, sendtable.SendOverlaps)
	if err != nil {
		return Previewed{}, err
	}
	named := a.namedFirst(before, rows)
	if _, err := row.State.After(campaign.Return, ""); err == nil && len(named) > 0 {
		a.sends.ask(w, a.cat, row)
	}
	if err := tell(w, row, named); err != nil {
		return Previewed{}, err
	}
	text, err := json.Marshal(&a.counted)
	if err != nil {
		return Previewed{}, err
	}
	row.Previewed, row.Preview = w.Recorded, string(text)
	put(w, row)
	txn.PutRows(w, row.ID, rows, sendtable.PutSendOverlaps(row.ID, rows)...)
	shown, err := a.sends.show(row, w.Recorded)
	if err == nil {
		shown.Preview.Overlaps = rows
	}
	return Previewed{Send: shown, Named: named}, err
}

// namedFirst returns the other departments that are met and were not before.
func (a *Audience) namedFirst(before, now []sendtable.SendOverlap) []string {
	named := map[string]struct{}{}
	for _, o := range now {
		named[o.Department] = struct{}{}
	}
	delete(named, a.send.Department)
	for _, o := range before {
		delete(named, o.Department)
	}
	return slices.Sorted(maps.Keys(named))
}
