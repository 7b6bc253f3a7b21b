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

// Decide answers what [consent.Rules.Decide] answers, for a message that is to be sent at t and that names no send. Of a marketing channel the
// operational limits (stage 9) may turn an ALLOW into a DEFER, and nothing into an ALLOW. They do not say what was lawful, so that answers about the
// past are given without them.
func Decide(rules *consent.Rules, a address.Address, known *consent.Known, t consent.Instant) consent.Decision {
	return decide(rules, a, known, t, rules.Clearing())
}

// DecideCleared is Decide for a message of a send that is cleared, whatever the person got already: it is for people who look at what else holds.
func DecideCleared(rules *consent.Rules, a address.Address, known *consent.Known, t consent.Instant) consent.Decision {
	return decide(rules, a, known, t, campaign.ClearingOff)
}

func decide(rules *consent.Rules, a address.Address, known *consent.Known, t consent.Instant, clearing campaign.Clearing) consent.Decision {
	d := rules.Decide(a, known, t)
	if d.Verdict != consent.Allow || !rules.IsMarketing() {
		return d
	}
	until, unclear := leaving.UnclearUntil(rules, known, t)
	if !unclear && rules.Calendar() == nil && clearing != campaign.ClearingRequired {
		return d
	}
	q := campaign.Question{Clearing: clearing}
	if unclear {
		q.Unclear = int64(until)
	}
	Judge(rules, &d, &q)
	return d
}

// Judge replaces an ALLOW on a marketing channel by what stage 9 says of it at the time that it was decided for, by a question whose fields but
// Calendar are set: an ALLOW that lasts until something begins to defer, or a DEFER until nothing does.
func Judge(rules *consent.Rules, d *consent.Decision, q *campaign.Question) {
	q.Calendar = rules.Calendar()
	j := q.At(int64(d.Decided))
	if j.Defers() {
		*d = deferring(rules, d.Decided, &j)
		return
	}
	d.ValidUntil = consent.Earliest(d.ValidUntil, consent.Instant(j.Next))
	if j.Observes() {
		d.Reasons = observed(rules, d.Reasons, &j)
	}
}

// observed returns the reasons of an ALLOW with what would defer.
func observed(rules *consent.Rules, reasons []consent.Code, j *campaign.Judgement) []consent.Code {
	var all findings
	for _, code := range reasons {
		all.Add(code)
	}
	all.Add(consent.CodeWouldDefer)
	if j.ObservedFreeze {
		all.Add(consent.CodeFreeze)
	}
	if j.ObservedQuiet {
		all.Add(consent.CodeQuietHours)
	}
	if j.ObservedCapped {
		all.Add(consent.CodePressure)
	}
	return rules.SharedReasons(all.Codes())
}

// deferring is a DEFER at t for all that defers.
func deferring(rules *consent.Rules, t consent.Instant, j *campaign.Judgement) consent.Decision {
	var found findings
	for _, one := range []struct {
		is   bool
		code consent.Code
	}{
		{j.Unclear, consent.CodeUnclear},
		{j.NotCleared, consent.CodeNotCleared},
		{j.Freeze, consent.CodeFreeze},
		{j.Quiet, consent.CodeQuietHours},
		{j.Pressure, consent.CodePressure},
	} {
		if one.is {
			found.Add(one.code)
		}
	}
	d := rules.Deny(t, found.Codes()...)
	d.Verdict, d.Retry = consent.Defer, min(consent.Instant(j.Free), consent.MaxInstant)
	return d
}
