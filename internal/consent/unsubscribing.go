package consent

import "github.com/assent-io/assent/internal/catalog"

// IsMarketing reports whether the channel of the rules is marketing.
func (r *Rules) IsMarketing() bool { return r.channel.Class == catalog.ClassMarketing }

// Refused reports whether a refusal of the address itself stands on the channel at t: no consent reopened it since. One of a linked address
// does not count: it holds for as long as the link does.
func (r *Rules) Refused(known *Known, t Instant) bool {
	last := known.Folded.LastRefusal(r.channel.ID, known.Spelling)
	if last == nil {
		return false
	}
	e := r.evaluate(known, t)
	if r.channel.Class != catalog.ClassMarketing {
		return !e.grantExists(func(g *Grant) bool { return g.asksAgainFor(r.channel.ID, last.At) })
	}
	return !e.reopened(last, r.channel)
}

// CameBackAfter reports whether the person said no to the channel after an instant, and came back since by a consent that began by t and counts
// then: what they say by the link of a message from before then may be about the time before. A no from before that instant does not count: a
// person who gave another consent since, and did not say no in between, only renewed theirs.
func (r *Rules) CameBackAfter(known *Known, since, t Instant) bool {
	e := r.evaluate(known, t)
	cameBack := func(no Instant, confirmed bool) bool {
		return no > since && e.grantExists(func(g *Grant) bool { return g.Begin() <= t && r.reopens(g, r.channel, no, t, confirmed) })
	}
	if last := known.LastRefusal(r.channel.ID); last != nil && cameBack(last.At, false) {
		return true
	}
	for _, b := range e.blocks {
		switch b.Reason {
		case ReasonObjection, ReasonComplaint, ReasonErased:
			if !b.domain && e.inScope(b) && cameBack(b.At, true) {
				return true
			}
		default:
		}
	}
	return false
}

// evaluate returns the evaluation of what is known at t.
func (r *Rules) evaluate(known *Known, t Instant) *evaluation {
	e := &evaluation{rules: r, known: known, at: t}
	e.blocks = e.gatherBlocks(nil)
	return e
}

// Own returns the suppressions in force at t with the reason and scope that were recorded for the very address: those that a lift for it ends.
func (k *Known) Own(reason Reason, scope Scope, t Instant) []Suppression {
	if k.Folded == nil {
		return nil
	}
	var list []Suppression
	for _, p := range k.Folded.Suppressions {
		if p.Reason == reason && p.Scope == scope && p.Spelling == k.Spelling && !EndedBy(p.Until, t) {
			list = append(list, p)
		}
	}
	return list
}

// Objected reports whether an objection of the address itself stands at t whose scope reaches the channel: no consent reopened that since.
func (r *Rules) Objected(known *Known, t Instant) bool {
	e := r.evaluate(known, t)
	stands := func(b block) bool { return !b.linked && e.inScope(b) && !e.endedByConsent(b, r.channel) }
	return e.has(ReasonObjection, stands)
}
