package record

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// addWarnings adds to the answer about a statement what its caller has to know besides: what was changed to be storable, what a grant
// lacks at an instant, and where a consent outlives a no.
func (w *transaction) addWarnings(to *txn.Recorded, cat *catalog.Catalog, r *txn.Validated, p *txn.Prepared, at consent.Instant) error {
	lacks, err := w.grantWarnings(cat, p, at)
	if err != nil {
		return err
	}
	to.Warnings = append(slices.Clone(p.Entry.Warnings), lacks...)
	to.StillAllowed, err = w.stillAllowed(cat, r, p)
	return err
}

// grantWarnings says on which marketing channels a grant allows nothing by itself at an instant, and why.
func (w *transaction) grantWarnings(cat *catalog.Catalog, p *txn.Prepared, at consent.Instant) ([]statement.Warning, error) {
	facts := &p.Entry.Facts
	if facts.Kind != consent.KindGrant {
		return nil, nil
	}
	var warnings []statement.Warning
	event := consent.Event{Occurred: p.Occurred, Facts: *facts}
	for _, id := range facts.Channels {
		rules, err := w.recorder.Rulebook.Rules(cat, consent.Request{Channel: id})
		if err != nil {
			return nil, err
		}
		if rules.Channel().Class != catalog.ClassMarketing {
			continue
		}
		d := rules.DecideGrant(p.Entry.Address, &event, at)
		if d.Verdict != consent.Allow {
			warnings = append(warnings, statement.Warning{
				Code: statement.WarningCode(d.Reason), Field: "channels",
				Message: "this grant alone does not allow messages on the channel " + id + ": " + d.Reason.Explanation(locale.English),
			})
		}
	}
	return warnings, nil
}

// stillAllowed returns the channels of a no on which a consent that began later still allows messages at the time of recording. A no
// that is stated as of now is later than every consent, so nothing is looked up for it.
func (w *transaction) stillAllowed(cat *catalog.Catalog, r *txn.Validated, p *txn.Prepared) ([]txn.StillAllowed, error) {
	if r.Exact == nil {
		return nil, nil
	}
	exact, err := w.Subject(r.Exact)
	if err != nil {
		return nil, err
	}
	state, err := w.State(exact)
	if err != nil || !state.HasGrantAfter(p.Occurred) {
		return nil, err
	}
	at, err := subjects.NewLocator(w.recorder.Keys, 1).Places(p.Entry.Address, false)
	if err != nil {
		return nil, err
	}
	known, err := w.Knowledge(&at)
	if err != nil {
		return nil, err
	}
	var still []txn.StillAllowed
	for _, request := range requestsOf(cat, &p.Entry.Facts) {
		rules, err := w.recorder.Rulebook.Rules(cat, request)
		if err != nil {
			return nil, err
		}
		if p.Entry.Facts.Kind == consent.KindSuppress && !rules.Covers(p.Entry.Facts.Scope) {
			continue
		}
		d := rules.Decide(p.Entry.Address, known, w.Recorded)
		if d.Reason == consent.CodeReferenceMissing { // A transactional message has one; nothing else is missing.
			d.Verdict, d.Reason = consent.Allow, consent.CodeAllowContract
		}
		if d.Verdict == consent.Allow {
			still = append(still, w.stillAllowedOn(cat, request.Channel, &d))
		}
	}
	return still, nil
}

// stillAllowedOn says that a channel is still allowed. By what, only a client that may check the channel learns. The position of the
// consent is named by the answer, so that an erasure forgets an answer that was remembered with it.
func (w *transaction) stillAllowedOn(cat *catalog.Catalog, channel string, d *consent.Decision) txn.StillAllowed {
	if w.Caller.NeedChannel(channel, cat) != nil {
		return txn.StillAllowed{Channel: channel}
	}
	if d.Position != 0 {
		w.Named = append(w.Named, d.Position)
	}
	return txn.StillAllowed{Channel: channel, Reason: d.Reason, Position: d.Position}
}

// requestsOf returns the checks that a no is meant to have denied: of its channels, or of all that its scope may cover.
func requestsOf(cat *catalog.Catalog, facts *consent.Facts) []consent.Request {
	sender := ""
	if kind, id := facts.Scope.Split(); kind == consent.ScopeSender {
		sender = id
	}
	var requests []consent.Request
	for i := range cat.Channels {
		ch := &cat.Channels[i]
		isMeant := facts.Kind == consent.KindSuppress || slices.Contains(facts.Channels, ch.ID)
		if isMeant && ch.Class != catalog.ClassLegalNotice && (sender == "" || slices.Contains(ch.SenderIdentities, sender)) {
			requests = append(requests, consent.Request{Channel: ch.ID, Sender: sender})
		}
	}
	return requests
}
