// Package standing says what is known about an address on one channel, for people to read, and with which addresses it is linked.
package standing

import "github.com/assent-io/assent/internal/consent"

// Standing is what is known about an address on one channel.
type Standing struct {
	Grants  []consent.Grant // that were not erased, the latest last
	Refused consent.Instant // the last refusal, even if a consent reopened the channel since; zero: none
	Pending consent.Instant // when the pending request ends; zero: none is pending
}

// Of returns what is known on the channel at t.
func Of(k *consent.Known, channel string, t consent.Instant) Standing {
	var s Standing
	erased := k.Folded.ErasedAt(k.Spelling)
	if last := k.LastRefusal(channel); last != nil {
		s.Refused = last.At
	}
	if k.Exact == nil {
		return s
	}
	for _, g := range k.Exact.Grants {
		if g.On(channel) && g.After(erased) {
			s.Grants = append(s.Grants, g)
		}
	}
	for _, p := range k.Exact.Pending {
		if p.Channel == channel && p.At > erased && !consent.EndedBy(p.Expires, t) {
			s.Pending = p.Expires
		}
	}
	return s
}

// LinksAt returns which links of a subject hold at an instant, of its events in the order in which they count, by the digest of the other
// folded form; and when the next link begins, 0 if none does.
func LinksAt(events []consent.Event, at consent.Instant) (linked map[[32]byte]bool, next consent.Instant) {
	linked = map[[32]byte]bool{}
	for i := range events {
		switch e := &events[i]; {
		case e.Occurred <= at:
			linked[e.Linked.Folded] = e.Kind == consent.KindLink
		case e.Kind == consent.KindLink:
			next = consent.Earliest(next, e.Occurred)
		}
	}
	return linked, next
}
