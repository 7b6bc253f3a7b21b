package rights

import (
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// MayErase refuses what stands against an erasure of an address at the instant, by the caller: a legal hold, and for a client of one
// department what another controller recorded and would lose.
func (w *Tx) MayErase(at *subjects.Places, until consent.Instant) error {
	folded, err := w.Subject(&at.Folded)
	if err != nil {
		return err
	}
	if err := w.NotHeld(folded, at.Address.Exact()); err != nil {
		return err
	}
	who, err := w.rights.personAt(at)
	if err != nil {
		return err
	}
	return w.ownController(who, until, &w.Caller.Client)
}

// ownController refuses an erasure by a client of one department where a grant, request, confirmation or refusal of another controller
// than that department's would go, or the evidence of it. An erasure reaches everything of the address, whatever controller it was
// said to.
func (w *Tx) ownController(who *person, until consent.Instant, client *access.Client) error {
	if client.AllDepartments {
		return nil
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	own := ""
	if department, ok := cat.Department(client.Department); ok {
		own = department.Controller
	}
	foreign, err := w.reachesOther(who, until, cat, own)
	if err != nil || !foreign {
		return err
	}
	return fault.Errorf(fault.OtherController, "address", "the erasure would delete what another controller than that of the department %s "+
		"recorded of this address; nothing was erased: ask an officer of all departments", client.Department)
}

// reachesOther reports whether an erasure of the person at the instant takes anything of a controller that is not the own one.
func (w *Tx) reachesOther(who *person, until consent.Instant, cat *catalog.Catalog, own string) (bool, error) {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return false, err
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return false, err
	}
	all, err := w.EventsOf(exact, folded)
	if err != nil {
		return false, err
	}
	for i := range all[exact] {
		if e := &all[exact][i]; e.Begin() <= until && ofOther(e, cat, own) {
			return true, nil
		}
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return false, err
	}
	for i := range all[folded] {
		e := &all[folded][i]
		if e.Spelling != spelling || e.Occurred > until || !ofOther(e, cat, own) {
			continue
		}
		evidence, err := w.OpenEvidence(e)
		if err != nil || evidence != withoutPersonalData(evidence) {
			return true, err
		}
	}
	return false, nil
}

// ofOther reports whether an event was said to another controller than the own one: one of its channels, or its scope, is of another.
// A channel that the catalog lacks counts as another's.
func ofOther(e *consent.Event, cat *catalog.Catalog, own string) bool {
	if e.Kind == consent.KindSuppress {
		controller, ok := controllerOf(cat, e.Scope)
		return ok && controller != own
	}
	return slices.ContainsFunc(e.Channels, func(id string) bool {
		channel, ok := cat.Channel(id)
		return !ok || own == "" || channel.Controller != own
	})
}

// controllerOf returns the controller that a scope lies within; false if it reaches beyond controllers.
func controllerOf(cat *catalog.Catalog, scope consent.Scope) (string, bool) {
	kind, id := scope.Split()
	switch kind {
	case consent.ScopeController:
		return id, true
	case consent.ScopeChannel:
		channel, ok := cat.Channel(id)
		if !ok {
			return "", true
		}
		return channel.Controller, true
	case consent.ScopeSender:
		sender, ok := cat.SenderIdentity(id)
		if !ok {
			return "", true
		}
		id = sender.Department
	case consent.ScopeDepartment:
	default:
		return "", false
	}
	if department, ok := cat.Department(id); ok {
		return department.Controller, true
	}
	return "", true
}

// clientOf returns the client that recorded an event; one of all departments where the event was the service's own.
func (w *Tx) clientOf(actor string) (access.Client, error) {
	clients, err := w.StoredClients()
	if err != nil {
		return access.Client{}, err
	}
	at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == actor })
	if at < 0 {
		return access.Client{ID: actor, AllDepartments: true}, nil
	}
	return access.NewClientOf(&clients[at]), nil
}

// learnt returns the clients and the controllers that learnt something of a person and have to be told of the erasure (GDPR Art. 19),
// as far as the counts of disclosures and the events still say it. It is called before they go.
func (w *Tx) learnt(who *person) (*txn.Learnt, error) {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return nil, err
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return nil, err
	}
	counts, err := w.Disclosures(exact, folded)
	if err != nil {
		return nil, err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	clients, controllers := map[string]access.Client{}, map[string]bool{}
	for i := range counts {
		d := &counts[i]
		if _, known := clients[d.Client]; !known {
			if clients[d.Client], err = w.clientOf(d.Client); err != nil {
				return nil, err
			}
		}
		if department, ok := cat.Department(clients[d.Client].Department); ok {
			controllers[department.Controller] = true
		}
		if channel, ok := cat.Channel(d.Channel); ok {
			controllers[channel.Controller] = true
		}
	}
	if err := w.saidTo(who, exact, folded, cat, controllers); err != nil {
		return nil, err
	}
	return named(cat, clients, controllers), nil
}

// saidTo adds the controllers that the events of a person were said to.
func (w *Tx) saidTo(who *person, exact, folded *txn.Subject, cat *catalog.Catalog, controllers map[string]bool) error {
	all, err := w.EventsOf(exact, folded)
	if err != nil {
		return err
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(all[folded], func(e consent.Event) bool { return e.Spelling != spelling })
	for _, e := range slices.Concat(all[exact], own) {
		for _, id := range e.Channels {
			if channel, ok := cat.Channel(id); ok {
				controllers[channel.Controller] = true
			}
		}
	}
	return nil
}

// named adds what the catalog says of clients and controllers, and puts them in order.
func named(cat *catalog.Catalog, clients map[string]access.Client, controllers map[string]bool) *txn.Learnt {
	all := &txn.Learnt{}
	for _, id := range slices.Sorted(maps.Keys(clients)) {
		c := txn.LearntClient{ID: id, Department: clients[id].Department}
		if r, ok := cat.Recipient(id); ok {
			c.Name, c.Role, c.Country, c.PostalAddress = r.Name, string(r.Role), r.Country, r.PostalAddress
		}
		all.Clients = append(all.Clients, c)
	}
	for _, id := range slices.Sorted(maps.Keys(controllers)) {
		c := txn.LearntController{ID: id}
		if found, ok := cat.Controller(id); ok {
			c.Name, c.PrivacyContact = found.Name, found.PrivacyContact
		}
		all.Controllers = append(all.Controllers, c)
	}
	return all
}
