package consent

import (
	"github.com/assent-io/assent/internal/address"
)

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
