package consent

import (
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
			if p := &s.Suppressions[i]; p.Reason == ReasonUnsubscribeUnclear && !EndedBy(p.Until, t) && r.coverage.Covers(p.Scope) {
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

// deferring is a DEFER until an instant.
func (r *Rules) deferring(t, until Instant, code Code) Decision {
	codes := [1]Code{code}
	return Decision{
		Verdict: Defer, Reason: code, Reasons: r.reasons.Of(codes[:]), About: code.about(), Sender: r.sender, Retry: until, Decided: t,
	}
}
