package rights

import (
	"math"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage/tables"
)

// MayErase refuses what stands against an erasure of an address by the caller: a legal hold, and for a client of one department what
// another controller recorded or was told.
func (w *Tx) MayErase(at *subjects.Places) error {
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
	// Whatever the time of the erasure: else the caller could try out since when another controller knows the address.
	return w.ownController(who, math.MaxInt64, &w.Caller.Client)
}

// ownController refuses an erasure by a client of one department where what another controller than that department's recorded, or was
// told, would go up to the instant, or the evidence of it. An erasure reaches everything of the address, whatever controller it was said to.
func (w *Tx) ownController(who *person, until consent.Instant, client *access.Client) error {
	if client.AllDepartments {
		return nil
	}
	own, err := w.controllersOf(client, w.Recorded)
	if err != nil {
		return err
	}
	foreign, err := w.reachesOther(who, until, own)
	if err != nil || !foreign {
		return err
	}
	return fault.Errorf(fault.OtherController, "address", "the erasure would delete what another controller than that of the department %s "+
		"recorded of this address; nothing was erased: ask an officer of all departments", client.Department)
}

// controllersOf returns the controller of a client's department, by the catalogs in force at the instant and now: a department may come to
// another controller. A client of all departments has none.
func (w *Tx) controllersOf(client *access.Client, at consent.Instant) ([]string, error) {
	if client.AllDepartments {
		return nil, nil
	}
	then, now, err := w.catalogsOf(at)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, cat := range []*catalog.Catalog{then, now} {
		if department, ok := cat.Department(client.Department); ok {
			all = append(all, department.Controller)
		}
	}
	return slices.Compact(all), nil
}

// catalogsOf returns the catalog in force at an instant, and that of now.
func (w *Tx) catalogsOf(at consent.Instant) (then, now *catalog.Catalog, err error) {
	if then, err = w.Catalog(at); err != nil {
		return nil, nil, err
	}
	now, err = w.Catalog(w.Recorded)
	return then, now, err
}

// reachesOther reports whether an erasure of the person at the instant takes anything of a controller that is not among the own ones.
func (w *Tx) reachesOther(who *person, until consent.Instant, own []string) (bool, error) {
	found, err := w.personEvents(who)
	if err != nil {
		return false, err
	}
	for i := range found.own {
		e := &found.own[i]
		if e.Begin() > until {
			continue
		}
		if foreign, err := w.isOfOther(e, own); err != nil || foreign {
			return foreign, err
		}
	}
	for i := range found.folded {
		e := &found.folded[i]
		if e.Occurred > until {
			continue
		}
		foreign, err := w.isOfOther(e, own)
		if err != nil {
			return false, err
		}
		if !foreign {
			continue
		}
		evidence, err := w.OpenEvidence(e)
		if err != nil || evidence != withoutPersonalData(evidence) {
			return true, err
		}
	}
	return false, nil
}

// isOfOther reports whether an event is of another controller than the own ones: one of its channels or its scope is of another, when it
// occurred or now, or a client of another recorded it.
func (w *Tx) isOfOther(e *consent.Event, own []string) (bool, error) {
	of, err := w.controllersOfEvent(e)
	if err != nil {
		return false, err
	}
	client, err := w.clientOf(e.Actor)
	if err != nil {
		return false, err
	}
	actor, err := w.controllersOf(&client, e.Occurred)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(slices.Concat(of, actor), func(id string) bool { return !slices.Contains(own, id) }), nil
}

// controllersOfEvent returns the controllers that an event was said to, by the catalogs of when it occurred and of now. A channel, sender
// or department that neither has is one of a controller without a name.
func (w *Tx) controllersOfEvent(e *consent.Event) ([]string, error) {
	then, now, err := w.catalogsOf(e.Occurred)
	if err != nil {
		return nil, err
	}
	scopes := make([]consent.Scope, 0, len(e.Channels)+1)
	for _, id := range e.Channels {
		scopes = append(scopes, consent.Scope(consent.ScopeChannel+":"+id))
	}
	if e.Kind == consent.KindSuppress || e.Kind == consent.KindLift {
		scopes = append(scopes, e.Scope)
	}
	var all []string
	for _, scope := range scopes {
		var named []string
		bound := false
		for _, cat := range []*catalog.Catalog{then, now} {
			id, within := controllerOf(cat, scope)
			if bound = bound || within; within && id != "" {
				named = append(named, id)
			}
		}
		if bound && len(named) == 0 {
			named = []string{""}
		}
		all = append(all, named...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// controllerOf returns the controller that a scope lies within, empty where the catalog lacks what the scope names; false if it reaches
// beyond controllers.
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
