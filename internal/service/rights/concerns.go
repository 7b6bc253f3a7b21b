package rights

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// concerns returns the scopes that the events of a person name, before an erasure takes them: those of the exact form, of the mailbox, for a
// block of one spelling is told of all, and of the domains, for a block list has the addresses that a domain blocks. Nil: any reader of the
// feed may have been told of the address, because what blocks a linked one was told of it, or because the database lacks events.
func (w *Tx) concerns(who *person, spelling consent.Spelling) ([]consent.Scope, error) {
	if who.lacking {
		return nil, nil
	}
	places, err := subjects.NewLocator(w.rights.Keys, 1).Places(who.address, false)
	if err != nil {
		return nil, err
	}
	var list []*txn.Subject
	for _, at := range append([]subjects.Place{who.exact, who.folded}, places.Domains...) {
		s, err := w.Subject(&at)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	all, err := w.EventsOf(list...)
	if err != nil {
		return nil, err
	}
	exact, folded := list[0], list[1]
	scopes := []consent.Scope{}
	var last int64 // the last event of the person or the mailbox that is no erasure
	for _, s := range list {
		for i := range all[s] {
			e := &all[s][i]
			if e.Kind == consent.KindLink {
				return nil, nil
			}
			if e.Scope != "" {
				scopes = append(scopes, e.Scope)
			}
			for _, channel := range e.Channels {
				scopes = append(scopes, consent.Scope(consent.ScopeChannel+":"+channel))
			}
			if s.Key.Form != consent.FormDomain && e.Kind != consent.KindErase {
				last = max(last, e.Position)
			}
		}
	}
	for i := range all[folded] {
		// An erasure blocks the mailbox on all marketing channels. It is told in clear while it was not carried out, where the person came back
		// after it, and where it took another spelling.
		e := &all[folded][i]
		waits := w.OwnRecord(e.Position) == nil && exact.Erased < e.Occurred
		if e.Kind == consent.KindErase && (waits || last > e.Position || e.Spelling != spelling) {
			scopes = append(scopes, consent.ScopeAll)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}
