// Package operational is stage 9 of a decision: what defers a marketing message that may be sent by law. Like package consent it is a pure
// function on plain values. The rules are those of docs/decision-rules.md.
package operational

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/found"
	"github.com/assent-io/assent/internal/consent/leaving"
)

// findings are the codes that the stage has found.
type findings = found.List[consent.Code]

// Decide answers what [consent.Rules.Decide] answers, for a message that is to be sent at t. Of a marketing channel the operational limits
// (stage 9) may turn an ALLOW into a DEFER, and nothing into an ALLOW. They do not say what was lawful, so that answers about the past are
// given without them.
func Decide(rules *consent.Rules, a address.Address, known *consent.Known, t consent.Instant) consent.Decision {
	d := rules.Decide(a, known, t)
	if d.Verdict != consent.Allow || !rules.IsMarketing() {
		return d
	}
	until, unclear := leaving.UnclearUntil(rules, known, t)
	calendar := rules.Calendar()
	if calendar == nil && !unclear {
		return d
	}
	var found findings
	if unclear {
		found.Add(consent.CodeUnclear)
	}
	if calendar != nil {
		until = addLimits(rules, &d, max(until, t), &found)
	}
	if found.Len() == 0 {
		return d
	}
	return deferring(rules, t, min(until, consent.MaxInstant), found.Codes())
}

// addLimits adds what of the calendar defers at the time of an ALLOW, and returns the first moment from until on at which nothing does; zero: none is
// foreseen. Where nothing defers, it lets the ALLOW end when the next limit begins, and says what would defer if it were not only observed.
func addLimits(rules *consent.Rules, d *consent.Decision, until consent.Instant, found *findings) consent.Instant {
	calendar := rules.Calendar()
	now := calendar.At(int64(d.Decided))
	if now.Freeze {
		found.Add(consent.CodeFreeze)
	}
	if now.Quiet {
		found.Add(consent.CodeQuietHours)
	}
	if found.Len() > 0 {
		return consent.Instant(calendar.FreeAfter(now, int64(until)))
	}
	d.ValidUntil = consent.Earliest(d.ValidUntil, consent.Instant(now.Next))
	if now.ObservedFreeze || now.ObservedQuiet {
		d.Reasons = observed(rules, d.Reasons, now)
	}
	return 0
}

// observed returns the reasons of an ALLOW with what would defer.
func observed(rules *consent.Rules, reasons []consent.Code, now *campaign.Moment) []consent.Code {
	var all findings
	for _, code := range reasons {
		all.Add(code)
	}
	all.Add(consent.CodeWouldDefer)
	if now.ObservedFreeze {
		all.Add(consent.CodeFreeze)
	}
	if now.ObservedQuiet {
		all.Add(consent.CodeQuietHours)
	}
	return rules.SharedReasons(all.Codes())
}

// deferring is a DEFER until an instant, for codes that it does not keep.
func deferring(rules *consent.Rules, t, until consent.Instant, codes []consent.Code) consent.Decision {
	d := rules.Deny(t, codes...)
	d.Verdict, d.Retry = consent.Defer, until
	return d
}
