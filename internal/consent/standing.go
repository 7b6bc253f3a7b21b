package consent

import (
	"github.com/assent-io/assent/internal/address"
)

// Standing is what is known about an address on one channel, for people to read.
type Standing struct {
	Grants  []Grant // that were not erased, the latest last
	Refused Instant // the last refusal, even if a consent reopened the channel since; zero: none
	Pending Instant // when the pending request ends; zero: none is pending
}

// Standing returns what is known on the channel at t.
func (k *Known) Standing(channel string, t Instant) Standing {
	var s Standing
	erased := k.Folded.ErasedAt(k.Spelling)
	if last := k.lastRefusal(channel); last != nil {
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
		if p.Channel == channel && p.At > erased && !EndedBy(p.Expires, t) {
			s.Pending = p.Expires
		}
	}
	return s
}

// InForce is a suppression in force, and what else than the exact address it is of. It is lifted for what it is of.
type InForce struct {
	Suppression
	Domain                string // set where it is of a domain
	Linked, OtherSpelling bool   // it is of another address of the same person, or of another spelling of this one
}

// InForce returns the suppressions in force for the address at t, whatever their scope, those that a consent has ended included.
func (k *Known) InForce(a address.Address, t Instant) []InForce {
	e := evaluation{known: k, at: t}
	e.blocks = e.gatherBlocks(nil)
	list := make([]InForce, 0, len(e.blocks))
	for _, b := range e.blocks {
		item := InForce{Suppression: *b.Suppression, Linked: b.linked, OtherSpelling: !b.domain && !b.linked && b.Spelling != k.Spelling}
		if b.domain {
			item.Domain = a.Domains()[b.level]
		}
		list = append(list, item)
	}
	return list
}
