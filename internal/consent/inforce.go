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
