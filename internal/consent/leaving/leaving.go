// Package leaving says what holds on a channel of a person who left it, came back, or may want to leave: the questions of the pages and
// mails that answer them.
package leaving

import (
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/consent"
)

// Refused reports whether a refusal of the address itself stands on the channel at t: no consent reopened it since. One of a linked address
// does not count: it holds for as long as the link does.
func Refused(rules *consent.Rules, known *consent.Known, t consent.Instant) bool {
	channel := rules.Channel().ID
	last := known.Folded.LastRefusal(channel, known.Spelling)
	if last == nil {
		return false
	}
	return !known.GrantExists(func(g *consent.Grant) bool {
		if rules.IsMarketing() {
			return rules.Reopens(g, last.At, t, false)
		}
		return g.AsksAgainFor(channel, last.At)
	})
}

// CameBackAfter reports whether the person said no to the channel after an instant, and came back since by a consent that began by t and counts
// then: what they say by the link of a message from before then may be about the time before. A no from before that instant does not count: a
// person who gave another consent since, and did not say no in between, only renewed theirs.
func CameBackAfter(rules *consent.Rules, known *consent.Known, since, t consent.Instant) bool {
	cameBack := func(no consent.Instant, confirmed bool) bool {
		return no > since && known.GrantExists(func(g *consent.Grant) bool { return g.Begin() <= t && rules.Reopens(g, no, t, confirmed) })
	}
	if last := known.LastRefusal(rules.Channel().ID); last != nil && cameBack(last.At, false) {
		return true
	}
	return suppressed(known, t, func(p *consent.Suppression) bool {
		switch p.Reason {
		case consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased:
			return rules.Covers(p.Scope) && cameBack(p.At, true)
		default:
			return false
		}
	})
}

// Objected reports whether an objection of the address itself, or of its domain, stands at t whose scope reaches the channel: no consent
// reopened it since, which one of a domain never is.
func Objected(rules *consent.Rules, known *consent.Known, t consent.Instant) bool {
	objects := func(p *consent.Suppression) bool { return p.Reason == consent.ReasonObjection && rules.Covers(p.Scope) }
	stands := func(p *consent.Suppression) bool { return objects(p) && !confirmedSince(rules, known, p.At, t) }
	return inForce(known.Folded, t, stands) ||
		slices.ContainsFunc(known.Domains, func(s *consent.State) bool { return inForce(s, t, objects) })
}

// UnclearUntil returns when the last UNSUBSCRIBE_UNCLEAR in force ends that reaches the channel, and whether there is one. One of another
// address of the person counts, too.
func UnclearUntil(rules *consent.Rules, known *consent.Known, t consent.Instant) (until consent.Instant, unclear bool) {
	suppressed(known, t, func(p *consent.Suppression) bool {
		if p.Reason == consent.ReasonUnsubscribeUnclear && rules.Covers(p.Scope) && !confirmedSince(rules, known, p.At, t) {
			until, unclear = max(until, cmp.Or(p.Until, consent.MaxInstant)), true
		}
		return false
	})
	return until, unclear
}

// IsUnclear reports whether an UNSUBSCRIBE_UNCLEAR of the very address defers at t what is to be sent on the channel.
func IsUnclear(rules *consent.Rules, known *consent.Known, t consent.Instant) bool {
	scope := consent.Scope(consent.ScopeChannel + ":" + rules.Channel().ID)
	return slices.ContainsFunc(known.Own(consent.ReasonUnsubscribeUnclear, scope, t), func(p consent.Suppression) bool {
		return !confirmedSince(rules, known, p.At, t)
	})
}

// confirmedSince reports whether the person has said since an instant what they want, by a confirmed consent for the channel.
func confirmedSince(rules *consent.Rules, known *consent.Known, since, t consent.Instant) bool {
	return known.GrantExists(func(g *consent.Grant) bool { return rules.Reopens(g, since, t, true) })
}

// suppressed reports whether a suppression in force at t passes the test, of the address or of another one of the person.
func suppressed(known *consent.Known, t consent.Instant, test func(p *consent.Suppression) bool) bool {
	return inForce(known.Folded, t, test) ||
		slices.ContainsFunc(known.Linked, func(l consent.LinkedState) bool { return inForce(l.State, t, test) })
}

// inForce reports whether a suppression of a state that is in force at t passes the test; nil is a state without any.
func inForce(s *consent.State, t consent.Instant, test func(p *consent.Suppression) bool) bool {
	if s == nil {
		return false
	}
	for i := range s.Suppressions {
		if p := &s.Suppressions[i]; !consent.EndedBy(p.Until, t) && test(p) {
			return true
		}
	}
	return false
}
