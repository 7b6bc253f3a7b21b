package feed

import (
	"math"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Held is a rule as a consumer holds it: what it needs of the rule to evaluate it.
type Held struct {
	Kind    Kind
	Stops   Stops
	EndedBy EndedBy

	EndsRefusal, EndsHonoured, EndsObjection, Imported bool

	Channel string
	Reason  consent.Code // as shown to consumers: of a grant the code of its ALLOW, of others why they block
	Scope   consent.Scope

	// Order says which of two rules of one person is later: the one with the larger number. Zero is none: that of a domain's rule, for a
	// consumer that gets no times.
	Order       uint64
	From, Until consent.Instant
}

// Hold returns the rule as a consumer holds it that orders it by the number.
func Hold(r *Rule, order uint64) Held {
	return Held{
		Kind: r.Kind, Stops: r.Stops(), EndedBy: r.EndedBy(), EndsRefusal: r.EndsRefusal, EndsHonoured: r.EndsHonoured,
		EndsObjection: r.EndsObjection, Imported: r.Imported, Channel: r.Channel, Reason: r.Shown(), Scope: r.Scope,
		Order: order, From: r.From, Until: r.Until,
	}
}

// Cards are what a consumer holds of one address.
type Cards struct {
	Exact, Folded []Held
	Domains       [][]Held // in the order of address.Address.Domains: of its domain, then of those above
}

// Answer is what a consumer concludes.
type Answer struct {
	Allowed bool
	// Blocked says that a refusal or suppression stops the messages of the channel: what a block list of the channel contains. Where neither
	// is true, no grant allows the messages, or the address is one of a role.
	Blocked bool
	// Reason is the code that a check would give, as far as it can be seen from rules: of a marketing channel that is not blocked and on which
	// no grant holds it is NO_LEGAL_BASIS, whatever grants that do not hold there were; a block's is as shown to consumers.
	Reason consent.Code
	// By is the rule that decided; nil if none did.
	By *Held
}

// Evaluate says whether messages on the channel may be sent to an address at t, under the default sender identity of the channel and, on a
// channel that is not marketing, with a right reference: the same as consent.Rules.Decide. Role is address.Address.Role. The cards must be of
// one position of the ledger, and t not before the last event up to there. Where the hard bounce of a domain has no order, no grant counts, even
// after the bounce has ended: the answer may be a denial in place of an ALLOW.
func (ch *Channel) Evaluate(cards *Cards, role bool, t consent.Instant) Answer {
	e := evaluation{ch: ch, cards: cards, at: t}
	e.grants()
	e.scan(cards.Exact, own)
	e.scan(cards.Folded, own)
	for level, domain := range cards.Domains {
		if level == 0 {
			e.scan(domain, ofDomain)
		} else {
			e.scan(domain, ofDomainAbove)
		}
	}
	return e.answer(role)
}

// evaluation is one address judged at one time. The numbers are orders; zero: there is none.
type evaluation struct {
	ch    *Channel
	cards *Cards
	at    consent.Instant

	// The last grants that end a refusal, an objection and a hard bounce.
	opened, confirmed, reopened uint64

	stopped    *Held // a suppression stops messages of the channel whatever their class, but for legal notices
	suppressed *Held // a suppression stops marketing on the channel
	listed     *Held // a listing stops marketing on other bases than consent
	refusal    *Held // the last
	lastNo     uint64
	bounced    uint64 // the last hard bounce, even if it was ended
}

// grants finds what the grants end.
func (e *evaluation) grants() {
	for i := range e.cards.Exact {
		switch h := &e.cards.Exact[i]; {
		case h.From > e.at:
		case h.Kind == KindReopening:
			e.reopened = max(e.reopened, h.Order)
		case h.Kind == KindGrant && h.Channel == e.ch.Channel:
			if h.EndsRefusal {
				e.opened = max(e.opened, h.Order)
			}
			if h.EndsObjection {
				e.confirmed = max(e.confirmed, h.Order)
			}
		}
	}
}

// place is whose card a rule is on.
type place uint8

const (
	own place = iota
	ofDomain
	ofDomainAbove
)

// scan finds what blocks on a card.
func (e *evaluation) scan(card []Held, of place) {
	for i := range card {
		h := &card[i]
		if h.Kind == KindRefusal && h.Channel == e.ch.Channel {
			e.refused(h)
		}
		if h.Kind != KindSuppression {
			continue
		}
		if h.Reason == consent.CodeHardBounce {
			e.bounced = max(e.bounced, h.Order)
			if h.Order == 0 {
				e.bounced = math.MaxUint64 // Of no grant it is known that it is later.
			}
		}
		if e.applies(h, of) {
			e.block(h)
		}
	}
}

// applies reports whether a suppression is in force, and its scope covers the channel.
func (e *evaluation) applies(h *Held, of place) bool {
	return h.From <= e.at && !consent.EndedBy(h.Until, e.at) && (of != ofDomainAbove || h.Reason != consent.CodeExternalList) && e.ch.Covers(h.Scope) &&
		h.Stops.class(e.ch.Class)
}

// refused takes the last refusal. At one instant a refusal gives the reason, and not a withdrawal.
func (e *evaluation) refused(h *Held) {
	if last := e.refusal; last == nil || h.Order > last.Order || h.Order == last.Order && last.Reason == consent.CodeWithdrawn {
		e.refusal = h
	}
	e.lastNo = max(e.lastNo, h.Order)
}

// block takes a suppression that applies.
func (e *evaluation) block(h *Held) {
	if h.EndedBy == EndedByConfirmedConsent {
		e.lastNo = max(e.lastNo, h.Order)
	}
	switch {
	case e.isEnded(h):
	case h.Stops == StopsCustomerMarketing:
		if e.listed == nil || h.Reason == consent.CodeExternalList {
			e.listed = h
		}
	case h.Stops == StopsMarketing:
		e.suppressed = h
	default:
		e.stopped = h
	}
}

// isEnded reports whether a grant ended a suppression.
func (e *evaluation) isEnded(h *Held) bool {
	switch h.EndedBy {
	case EndedByConfirmedConsent, EndedByClarification:
		return e.confirmed > h.Order
	case EndedByAnyConfirmedConsent:
		return e.reopened > h.Order
	case EndedByConsent, EndedByNothing:
	}
	return false
}

func (e *evaluation) answer(role bool) Answer {
	a := e.blocked()
	switch {
	case e.ch.Closed != "":
		a.Allowed, a.Reason, a.By = false, e.ch.Closed, nil
	case e.stopped != nil:
	case e.ch.Class == catalog.ClassMarketing && role:
		a.Reason, a.By = consent.CodeRoleAddress, nil
	case a.Blocked:
	case e.ch.Class == catalog.ClassTransactional:
		a.Allowed, a.Reason = true, consent.CodeAllowContract
	case e.ch.Class == catalog.ClassLegalNotice:
		a.Allowed, a.Reason = true, consent.CodeAllowLegal
	default:
		a.Reason, a.By, a.Allowed = e.basis()
	}
	return a
}

// blocked says what stops the messages, if anything does.
func (e *evaluation) blocked() Answer {
	by := e.stopped
	if by == nil {
		by = e.suppressed
	}
	if by == nil && e.ch.Refusable && e.refusal != nil && e.opened <= e.refusal.Order {
		by = e.refusal
	}
	if by == nil {
		return Answer{}
	}
	return Answer{Blocked: true, Reason: by.Reason, By: by}
}

// basis finds the grant that allows a message on a marketing channel that nothing blocks.
func (e *evaluation) basis() (reason consent.Code, by *Held, allowed bool) {
	var given, other *Held // the latest that hold
	for i := range e.cards.Exact {
		h := &e.cards.Exact[i]
		if h.Kind != KindGrant || h.Channel != e.ch.Channel || h.Reason == "" || h.From > e.at || consent.EndedBy(h.Until, e.at) ||
			h.Order <= e.bounced {
			continue
		}
		if h.Reason != consent.CodeAllowConsent {
			other = later(other, h)
		} else if h.Order > e.lastNo && (e.lastNo == 0 || !h.Imported) {
			given = later(given, h)
		}
	}
	switch {
	case given != nil:
		return given.Reason, given, true
	case other == nil:
		return consent.CodeNoLegalBasis, nil, false
	case e.lastNo != 0:
		return consent.CodeRefusedBefore, nil, false
	}
	for i := range e.ch.Honours {
		if by = e.honouredNo(&e.ch.Honours[i]); by != nil {
			return consent.CodeHonouredRefusal, by, false
		}
	}
	if e.listed != nil {
		return e.listed.Reason, e.listed, false
	}
	return other.Reason, other, true
}

func later(a, b *Held) *Held {
	if a == nil || b.Order > a.Order {
		return b
	}
	return a
}

// honouredNo returns a no of the address to the honoured channel that stands: no consent reopened that channel since. Nil: there is none.
func (e *evaluation) honouredNo(channel *consent.Coverage) *Held {
	var opened, confirmed uint64
	for i := range e.cards.Exact {
		h := &e.cards.Exact[i]
		if h.Kind != KindGrant || h.Channel != channel.Channel || h.From > e.at {
			continue
		}
		if h.EndsHonoured {
			opened = max(opened, h.Order)
		}
		if h.EndsObjection {
			confirmed = max(confirmed, h.Order)
		}
	}
	for _, card := range [...][]Held{e.cards.Exact, e.cards.Folded} {
		for i := range card {
			h := &card[i]
			switch {
			case h.Kind == KindRefusal && h.Channel == channel.Channel && opened <= h.Order,
				h.Kind == KindSuppression && isHonoured(h.Reason) && !consent.EndedBy(h.Until, e.at) && channel.Covers(h.Scope) && confirmed <= h.Order:
				return h
			}
		}
	}
	return nil
}
