package service

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/token"
)

// knowledge returns what is known about the address under the lock.
func (w *work) knowledge(p *places) (*consent.Known, error) {
	var k knowledge
	err := k.gather(p, w)
	return &k.Known, err
}

// seen implements sight.
func (w *work) seen(where *place, _ *consent.State) (seen, error) {
	s, err := w.subject(where)
	if err != nil {
		return seen{}, err
	}
	state, err := w.state(s)
	return seen{key: &s.Key, state: state, keyVersion: s.KeyVersion}, err
}

// RequestConsent asks for a double opt-in: it decides about the confirmation mail and, where it is allowed, records the request
// and the mail. A denial records nothing: what cannot be confirmed must not replace a request that can. Errors:
// UNKNOWN_CHANNEL, UNKNOWN_DECLARATION, BASIS_NOT_ACCEPTED and those of Record.
func (s *Service) RequestConsent(ctx context.Context, in OptIn) (OptInResult, error) {
	in.Statement.Kind, in.Statement.Occurred = consent.KindRequest, 0
	r, p, m, err := s.readyOptIn(ctx, in.Statement)
	result, err := idempotent(ctx, s, m, in.Idempotency, err, func(w *work) (OptInResult, bool, error) {
		return w.requestConsent(r, p, &in)
	})
	if err != nil {
		return OptInResult{}, err
	}
	s.decided(in.Statement.Channels[0], result.Verdict, result.Reason, 1)
	return result, nil
}

// readyOptIn makes ready a statement that is decided by everything known about its address.
func (s *Service) readyOptIn(ctx context.Context, st statement.Statement) (*stated, *places, *member, error) {
	m := &member{}
	r, err := s.vet().ready(ctx, st)
	if err != nil {
		return nil, nil, m, err
	}
	l := s.locator(1)
	p, err := l.places(r.entry.Address, true)
	m.load.Subjects = l.all()
	return r, &p, m, err
}

func (w *work) requestConsent(r *stated, p *places, in *OptIn) (OptInResult, bool, error) {
	none := OptInResult{}
	entry, err := w.entryOf(r)
	if err != nil {
		return none, false, err
	}
	cat, version, err := w.catalogVersion(w.recorded)
	if err != nil {
		return none, false, err
	}
	if err := w.may(cat, &r.statement, entry); err != nil {
		return none, false, err
	}
	if err := requestable(cat, entry); err != nil {
		return none, false, err
	}
	rules, err := w.service.rulebook.rules(cat, consent.Request{Channel: entry.Facts.Channels[0], Sender: in.Sender})
	if err != nil {
		return none, false, err
	}
	known, err := w.knowledge(p)
	if err != nil {
		return none, false, err
	}
	d := rules.DecideConfirmation(p.address, known, w.recorded)
	basis := Basis{Position: w.head.Position, CatalogVersion: version, ForSending: true}
	result := OptInResult{CheckResult: checkResult(d, basis, cat)}
	if now := rules.Decide(p.address, known, w.recorded); now.Reason == consent.CodeAllowConsent {
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
		return fault.Errorf(fault.UnknownDeclaration, "declaration", "name the declaration that the person was shown")
	}
	if err := declared(cat, entry); err != nil {
		return err
	}
	if ch, ok := cat.Channel(entry.Facts.Channels[0]); ok && !ch.Accepts(catalog.BasisConsent) {
		return fault.Errorf(fault.BasisNotAccepted, "channel", "the channel does not accept consent as a legal basis")
	}
	return nil
}

// recordRequest records the request and its mail, and makes the token.
func (w *work) recordRequest(r *stated, p *places, entry *statement.Entry, result *OptInResult) error {
	request, err := w.prepare(r, entry, consent.BatchID{})
	if err != nil {
		return err
	}
	mail := &statement.Entry{
		Form: consent.FormMail, Address: p.address,
		Facts: consent.Facts{Kind: consent.KindMail, Channels: entry.Facts.Channels, Tagged: p.address.Tagged()},
		// By it an erasure tells the mails of one spelling from those of others.
		Evidence: consent.Evidence{Address: p.address.Exact()},
	}
	sent := &prepared{occurred: w.recorded, entry: mail}
	if sent.subject, err = w.subject(&p.mail); err != nil {
		return err
	}
	if sent.key, err = w.service.eventKey(w.recorded, mail); err != nil {
		return err
	}
	for _, event := range []*prepared{request, sent} {
		position, err := w.record(event)
		if err != nil {
			return err
		}
		result.Positions = append(result.Positions, position)
	}
	result.Expires = entry.Facts.Expires
	result.Token, err = token.NewConfirmation(w.service.keys, token.Confirmation{
		Address: p.address.Exact(), Channel: entry.Facts.Channels[0], Declaration: entry.Facts.Declaration.String(),
		Request: result.Positions[0], Requested: int64(request.occurred),
	})
	return err
}

// ConfirmConsent confirms the request that the token names. Errors: INVALID_TOKEN, NOTHING_PENDING, REQUEST_ENDED.
func (s *Service) ConfirmConsent(ctx context.Context, in Confirmation) (Confirmed, error) {
	named, err := token.ReadConfirmation(s.keys, in.Token)
	if err != nil {
		return Confirmed{}, fault.Errorf(fault.InvalidToken, "token", "the token is not one of this service, or is incomplete")
	}
	in.Statement.Kind, in.Statement.Occurred = consent.KindConfirm, 0
	in.Statement.Address, in.Statement.Channels = named.Address, []string{named.Channel}
	r, p, m, err := s.readyOptIn(ctx, in.Statement)
	return idempotent(ctx, s, m, in.Idempotency, err, func(w *work) (Confirmed, bool, error) {
		confirmed, err := w.confirm(r, p, &named)
		return confirmed, true, err
	})
}

func (w *work) confirm(r *stated, p *places, named *token.Confirmation) (Confirmed, error) {
	entry, err := w.entryOf(r)
	if err != nil {
		return Confirmed{}, err
	}
	cat, err := w.catalog(w.recorded)
	if err != nil {
		return Confirmed{}, err
	}
	if err := w.may(cat, &r.statement, entry); err != nil {
		return Confirmed{}, err
	}
	known, err := w.knowledge(p)
	if err != nil {
		return Confirmed{}, err
	}
	rules, err := w.service.rulebook.rules(cat, consent.Request{Channel: named.Channel})
	if err != nil {
		return Confirmed{}, err
	}
	if rules.RequestEnded(known, consent.Instant(named.Requested), w.recorded) {
		return Confirmed{}, fault.Errorf(fault.RequestEnded, "token",
			"the person said no after the request; only a new request can be confirmed")
	}
	isPending, confirmation, err := w.requestNamed(p, known.Exact, named)
	if err != nil {
		return Confirmed{}, err
	}
	if confirmation != 0 {
		// People click twice, and link scanners click first: the token that confirmed gets its first answer again.
		w.named = append(w.named, confirmation)
		return Confirmed{Position: confirmation, Channel: named.Channel, Duplicate: true}, nil
	}
	if !isPending {
		return Confirmed{}, fault.Errorf(fault.NothingPending, "token", "the request has expired or was replaced by a newer one")
	}
	event, err := w.prepare(r, entry, consent.BatchID{})
	if err != nil {
		return Confirmed{}, err
	}
	position, err := w.record(event)
	return Confirmed{Position: position, Channel: named.Channel}, err
}

// requestNamed reports whether the request that a token names is pending; if it was confirmed, by which position.
func (w *work) requestNamed(p *places, state *consent.State, named *token.Confirmation) (isPending bool, confirmation int64, err error) {
	pending := func(position int64) bool {
		return slices.ContainsFunc(state.Pending, func(q consent.Pending) bool {
			return q.Channel == named.Channel && q.Position == position && q.Expires > w.recorded
		})
	}
	if pending(named.Request) {
		return true, 0, nil
	}
	exact, err := w.subject(&p.exact)
	if err != nil {
		return false, 0, err
	}
	events, err := w.eventsOf(exact)
	if err != nil {
		return false, 0, err
	}
	request, confirmation := consent.ConfirmationOf(events[exact], named.Request)
	return request != 0 && pending(request), confirmation, nil
}

// catalogVersion returns the catalog in force at t with its version.
func (w *work) catalogVersion(t consent.Instant) (*catalog.Catalog, int64, error) {
	versions, err := w.service.catalogs.upTo(w.ctx, &w.head)
	if err != nil {
		return nil, 0, err
	}
	c := effective(versions, t)
	return c.parsed, c.Version, nil
}
