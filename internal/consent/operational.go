package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
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
	until, unclear := r.UnclearUntil(known, t)
	if r.calendar == nil && !unclear {
		return d
	}
	var found findings
	if unclear {
		found.Add(CodeUnclear)
	}
	if r.calendar != nil {
		until = r.addLimits(&d, max(until, t), &found)
	}
	if found.Len() == 0 {
		return d
	}
	return r.deferring(t, min(until, MaxInstant), found.Codes())
}

// addLimits adds what of the calendar defers at the time of an ALLOW, and returns the first moment from until on at which nothing does; zero: none is
// foreseen. Where nothing defers, it lets the ALLOW end when the next limit begins, and says what would defer if it were not only observed.
func (r *Rules) addLimits(d *Decision, until Instant, found *findings) Instant {
	now := r.calendar.At(int64(d.Decided))
	if now.Freeze {
		found.Add(CodeFreeze)
	}
	if now.Quiet {
		found.Add(CodeQuietHours)
	}
	if found.Len() > 0 {
		return Instant(r.calendar.FreeAfter(now, int64(until)))
	}
	d.ValidUntil = Earliest(d.ValidUntil, Instant(now.Next))
	if now.ObservedFreeze || now.ObservedQuiet {
		d.Reasons = r.observed(d.Reasons, now)
	}
	return 0
}

// observed returns the reasons of an ALLOW with what would defer.
func (r *Rules) observed(reasons []Code, now *campaign.Moment) []Code {
	var all findings
	for _, code := range reasons {
		all.Add(code)
	}
	all.Add(CodeWouldDefer)
	if now.ObservedFreeze {
		all.Add(CodeFreeze)
	}
	if now.ObservedQuiet {
		all.Add(CodeQuietHours)
	}
	return r.reasons.Of(all.Codes())
}

// UnclearUntil returns when the last UNSUBSCRIBE_UNCLEAR in force ends that reaches the channel, and whether there is one. One of another
// address of the person counts, too.
func (r *Rules) UnclearUntil(known *Known, t Instant) (until Instant, unclear bool) {
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

// deferring is a DEFER until an instant, for codes that it does not keep.
func (r *Rules) deferring(t, until Instant, codes []Code) Decision {
	d := r.Deny(t, codes...)
	d.Verdict, d.Retry = Defer, until
	return d
}
