package record

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/optin"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/token"
)

// RequestConsent asks for a double opt-in: it decides about the confirmation mail and, where it is allowed, records the request
// and the mail. A denial records nothing: what cannot be confirmed must not replace a request that can. Errors:
// UNKNOWN_CHANNEL, UNKNOWN_DECLARATION, BASIS_NOT_ACCEPTED and those of Record.
func (s *Recorder) RequestConsent(ctx context.Context, in OptIn) (OptInResult, error) {
	in.Statement.Kind, in.Statement.Occurred = consent.KindRequest, 0
	r, p, m, err := s.readyOptIn(ctx, in.Statement)
	result, err := txn.Idempotent(ctx, s.engine, m, in.Idempotency, err, func(tx *txn.Tx) (OptInResult, bool, error) {
		w := s.in(tx)
		return w.requestConsent(r, p, &in)
	})
	if err != nil {
		return OptInResult{}, err
	}
	if result.Verdict != consent.Allow && p != nil { // Nothing was recorded.
		caller := access.CallerOf(ctx)
		if err := s.disclosures.CountAbout(ctx, &caller, []disclosure.About{{Places: *p, Channel: in.Statement.Channels[0]}}); err != nil {
			return OptInResult{}, err
		}
	}
	s.decided(in.Statement.Channels[0], &result.Decision, 1)
	return result, nil
}

// readyOptIn makes ready a statement that is decided by everything known about its address.
func (s *Recorder) readyOptIn(ctx context.Context, st statement.Statement) (*txn.Validated, *subjects.Places, *txn.Write, error) {
	m := &txn.Write{}
	r, err := s.newValidator().validate(ctx, st)
	if err != nil {
		return nil, nil, m, err
	}
	l := subjects.NewLocator(s.Keys, 1)
	p, err := l.Places(r.Entry.Address, true)
	m.Load.Subjects = l.AllKeys()
	return r, &p, m, err
}

func (w *transaction) requestConsent(r *txn.Validated, p *subjects.Places, in *OptIn) (OptInResult, bool, error) {
	none := OptInResult{}
	entry, err := w.EntryOf(r)
	if err != nil {
		return none, false, err
	}
	cat, version, err := w.CatalogVersion(w.Recorded)
	if err != nil {
		return none, false, err
	}
	if err := w.checkMayRecord(cat, &r.Statement, entry); err != nil {
		return none, false, err
	}
	if err := requestable(cat, entry); err != nil {
		return none, false, err
	}
	rules, err := w.recorder.Rulebook.Rules(cat, consent.Request{Channel: entry.Facts.Channels[0], Sender: in.Sender})
	if err != nil {
		return none, false, err
	}
	known, err := w.Knowledge(p)
	if err != nil {
		return none, false, err
	}
	d := optin.DecideMail(rules, p.Address, known, w.Recorded)
	basis := check.Snapshot{Position: w.Head.Position, CatalogVersion: version, ForSending: true}
	result := OptInResult{Result: check.NewResult(d, basis, cat)}
	if now := rules.Decide(p.Address, known, w.Recorded); now.Reason == consent.CodeAllowConsent {
		result.Warnings = []statement.Warning{{
			Code: statement.WarningAlreadyAllowed, Field: "channel",
			Message: "messages on the channel are allowed already, by a consent",
		}}
	}
	if d.Verdict != consent.Allow {
		return result, false, nil
	}
	if err := w.recordRequest(r, p, entry, &result); err != nil {
		return none, false, err
	}
	return result, true, nil
}

// requestable refuses a request that no confirmation could turn into a consent that counts.
func requestable(cat *catalog.Catalog, entry *statement.Entry) error {
	if entry.Facts.Declaration.IsZero() {
		return fault.Errorf(fault.UnknownDeclaration, "declaration", "give the declaration that the person was shown")
	}
	if err := declaredVersion(cat, entry); err != nil {
		return err
	}
	if ch, ok := cat.Channel(entry.Facts.Channels[0]); ok && !ch.Accepts(catalog.BasisConsent) {
		return fault.Errorf(fault.BasisNotAccepted, "channel", "the channel does not accept consent as a legal basis")
	}
	return nil
}

// recordRequest records the request and its mail, and makes the token.
func (w *transaction) recordRequest(r *txn.Validated, p *subjects.Places, entry *statement.Entry, result *OptInResult) error {
	request, err := w.Prepare(r, entry, consent.BatchID{})
	if err != nil {
		return err
	}
	mail := &statement.Entry{
		Form: consent.FormMail, Address: p.Address,
		Facts: consent.Facts{Kind: consent.KindMail, Channels: entry.Facts.Channels, Tagged: p.Address.Tagged()},
		// An erasure uses it to find the mails of one spelling.
		Evidence: consent.Evidence{Address: p.Address.Exact()},
	}
	sent := &txn.Prepared{Occurred: w.Recorded, Entry: mail}
	if sent.Subject, err = w.Subject(&p.Mail); err != nil {
		return err
	}
	if sent.Key, err = w.recorder.EventKey(w.Recorded, mail, ""); err != nil {
		return err
	}
	for _, event := range []*txn.Prepared{request, sent} {
		position, err := w.Record(event)
		if err != nil {
			return err
		}
		result.Positions = append(result.Positions, position)
	}
	result.Expires = entry.Facts.Expires
	result.Token, err = token.NewConfirmation(w.recorder.Keys, token.Confirmation{
		Address: p.Address.Exact(), Channel: entry.Facts.Channels[0], Declaration: entry.Facts.Declaration.String(),
		Request: result.Positions[0], Requested: int64(request.Occurred),
	})
	return err
}

// ConfirmConsent confirms the request that the token names. Errors: INVALID_TOKEN, NOTHING_PENDING, REQUEST_ENDED.
func (s *Recorder) ConfirmConsent(ctx context.Context, in Confirmation) (Confirmed, error) {
	named, err := token.ReadConfirmation(s.Keys, in.Token)
	if err != nil {
		return Confirmed{}, fault.Errorf(fault.InvalidToken, "token", "the token was not made by this service, or is incomplete")
	}
	in.Statement.Kind, in.Statement.Occurred = consent.KindConfirm, 0
	in.Statement.Address, in.Statement.Channels = named.Address, []string{named.Channel}
	r, p, m, err := s.readyOptIn(ctx, in.Statement)
	confirmed, err := txn.Idempotent(ctx, s.engine, m, in.Idempotency, err, func(tx *txn.Tx) (Confirmed, bool, error) {
		w := s.in(tx)
		confirmed, err := w.confirm(r, p, &named)
		return confirmed, true, err
	})
	return confirmed, s.countAnswer(ctx, r, confirmed.Duplicate, err)
}

func (w *transaction) confirm(r *txn.Validated, p *subjects.Places, named *token.Confirmation) (Confirmed, error) {
	entry, err := w.EntryOf(r)
	if err != nil {
		return Confirmed{}, err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return Confirmed{}, err
	}
	if err := w.checkMayRecord(cat, &r.Statement, entry); err != nil {
		return Confirmed{}, err
	}
	known, err := w.Knowledge(p)
	if err != nil {
		return Confirmed{}, err
	}
	rules, err := w.recorder.Rulebook.Rules(cat, consent.Request{Channel: named.Channel})
	if err != nil {
		return Confirmed{}, err
	}
	if optin.RequestEnded(rules, p.Address, known, consent.Instant(named.Requested), w.Recorded) {
		return Confirmed{}, fault.Errorf(fault.RequestEnded, "token",
			"the person refused after the request; only a new request can be confirmed")
	}
	isPending, confirmation, err := w.requestNamed(p, known.Exact, named)
	if err != nil {
		return Confirmed{}, err
	}
	if confirmation != 0 {
		// People click twice, and link scanners click first: the token that confirmed gets its first answer again.
		w.Named = append(w.Named, confirmation)
		return Confirmed{Position: confirmation, Channel: named.Channel, Duplicate: true}, nil
	}
	if !isPending {
		return Confirmed{}, fault.Errorf(fault.NothingPending, "token", "the request has expired or was replaced by a newer one")
	}
	event, err := w.Prepare(r, entry, consent.BatchID{})
	if err != nil {
		return Confirmed{}, err
	}
	position, err := w.Record(event)
	return Confirmed{Position: position, Channel: named.Channel}, err
}

// requestNamed reports whether the request that a token names is pending; if it was confirmed, by which position.
func (w *transaction) requestNamed(p *subjects.Places, state *consent.State, named *token.Confirmation) (isPending bool, confirmation int64, err error) {
	pending := func(position int64) bool {
		return slices.ContainsFunc(state.Pending, func(q consent.Pending) bool {
			return q.Channel == named.Channel && q.Position == position && q.Expires > w.Recorded
		})
	}
	if pending(named.Request) {
		return true, 0, nil
	}
	exact, err := w.Subject(&p.Exact)
	if err != nil {
		return false, 0, err
	}
	events, err := w.EventsOf(exact)
	if err != nil {
		return false, 0, err
	}
	request, confirmation := consent.ConfirmationOf(events[exact], named.Request)
	return request != 0 && pending(request), confirmation, nil
}

// OptIn is a double opt-in to ask for.
type OptIn struct {
	Statement statement.Statement // of kind request
	Sender    string
	txn.Idempotency
}

// OptInResult is the decision about the confirmation mail.
type OptInResult struct {
	check.Result
	Token     string // empty if no mail may be sent
	Expires   consent.Instant
	Positions []int64
	Warnings  []statement.Warning
}

// Confirmation is a double opt-in to confirm.
type Confirmation struct {
	Token     string
	Statement statement.Statement // evidence only
	txn.Idempotency
}

// Confirmed is what a confirmation gave.
type Confirmed struct {
	Position  int64
	Channel   string
	Duplicate bool // the same token had confirmed before, at that position
}
