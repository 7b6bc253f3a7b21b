package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
)

// DecideToSend answers what [Rules.Decide] answers, for a message that is to be sent at t. Of a marketing channel the operational limits
// (stage 9) may turn an ALLOW into a DEFER, and nothing into an ALLOW. They do not say what was lawful, so that answers about the past are
// given without them.
func (r *Rules) DecideToSend(a address.Address, known *Known, t Instant) Decision {
	d := r.Decide(a, known, t)
	if d.Verdict != Allow || r.channel.Class != catalog.ClassMarketing {
		return d
	}
	if until, unclear := r.unclearUntil(known, t); unclear {
		return r.deferring(t, until, CodeUnclear)
	}
	return d
}

// unclearUntil returns when the last UNSUBSCRIBE_UNCLEAR in force ends that reaches the channel, and whether there is one. One of another
// address of the person counts, too.
func (r *Rules) unclearUntil(known *Known, t Instant) (until Instant, unclear bool) {
	look := func(s *State) {
		for i := range s.Suppressions {
			if p := &s.Suppressions[i]; p.Reason == ReasonUnsubscribeUnclear && !EndedBy(p.Until, t) && r.coverage.Covers(p.Scope) && !r.saidSince(known, p.At, t) {
				until, unclear = max(until, p.Until), true
			}
		}
	}
	if known.Folded != nil {
		look(known.Folded)
	}
	for i := range known.Linked {
		look(known.Linked[i].State)
	}
	return until, unclear
}

// saidSince reports whether the person has said since an instant what they want, by a confirmed consent for the channel.
func (r *Rules) saidSince(known *Known, since, t Instant) bool {
	e := evaluation{rules: r, known: known, at: t, erased: known.Folded.ErasedAt(known.Spelling)}
	return e.grantExists(func(g *Grant) bool { return r.reopens(g, r.channel, since, t, true) })
}

// IsUnclear reports whether an UNSUBSCRIBE_UNCLEAR of the very address defers at t what is to be sent on the channel.
func (r *Rules) IsUnclear(known *Known, t Instant) bool {
	return slices.ContainsFunc(known.Own(ReasonUnsubscribeUnclear, Scope(ScopeChannel+":"+r.channel.ID), t), func(p Suppression) bool {
		return !r.saidSince(known, p.At, t)
	})
}

// deferring is a DEFER until an instant.
func (r *Rules) deferring(t, until Instant, code Code) Decision {
	codes := [1]Code{code}
	return Decision{
		Verdict: Defer, Reason: code, Reasons: r.reasons.Of(codes[:]), About: code.about(), Sender: r.sender, Retry: until, Decided: t,
	}
}
