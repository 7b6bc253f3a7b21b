package rights

import (
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// personEvents are the events of a person.
type personEvents struct {
	own    []consent.Event // of the exact address, with confirmation mails to it: an erasure detaches them
	folded []consent.Event // of the folded form, those of this spelling: an erasure leaves their headers
	// beside is set where the folded form has events of another spelling that may be of another person.
	beside bool
}

// personEvents returns the events of a person, those of this transaction included.
func (w *Tx) personEvents(who *person) (personEvents, error) {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return personEvents{}, err
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return personEvents{}, err
	}
	mail, err := w.Subject(&who.mail)
	if err != nil {
		return personEvents{}, err
	}
	all, err := w.EventsOf(exact, folded, mail)
	if err != nil {
		return personEvents{}, err
	}
	found := personEvents{own: all[exact]}
	for i := range all[mail] {
		own, err := w.isMailTo(&all[mail][i], who)
		if err != nil {
			return personEvents{}, err
		}
		if own {
			found.own = append(found.own, all[mail][i])
		}
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return personEvents{}, err
	}
	for i := range all[folded] {
		switch e := &all[folded][i]; {
		case e.Spelling == spelling:
			found.folded = append(found.folded, *e)
		case subjects.MayBeOfAnother(e, spelling, who.sharesMailbox):
			found.beside = true
		}
	}
	return found, nil
}

// isMailTo reports whether an event of a mailbox is of a confirmation mail to the exact address of the person.
func (w *Tx) isMailTo(e *consent.Event, who *person) (bool, error) {
	evidence, err := w.OpenEvidence(e)
	if err != nil || evidence.Address == "" {
		return false, err
	}
	return who.isOwn(w.rights.Keys, evidence.Address)
}

// learnt returns the clients and the controllers that learnt something of a person and may have to be told of the erasure (GDPR Art. 19),
// as far as the counts of disclosures and the events still say it. It is called before they go. The caller is left out, and so is the only
// controller of a catalog, for it is no recipient. A caller of one department is told the clients that ListDisclosures names to it.
func (w *Tx) learnt(who *person) (*txn.Learnt, error) {
	found, err := w.personEvents(who)
	if err != nil {
		return nil, err
	}
	counts, err := w.countsOf(who, found.beside)
	if err != nil {
		return nil, err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	to := recipients{tx: w, cat: cat, clients: map[string]access.Client{}, controllers: map[string]bool{}}
	for i := range counts {
		if err := to.addCount(&counts[i]); err != nil {
			return nil, err
		}
	}
	for _, e := range slices.Concat(found.own, found.folded) {
		if err := to.addEvent(&e); err != nil {
			return nil, err
		}
	}
	return to.list(), nil
}

// countsOf returns what is counted for the person. What is counted for the folded form is left out where it may be of another person.
func (w *Tx) countsOf(who *person, exactOnly bool) ([]storage.Disclosure, error) {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return nil, err
	}
	if exactOnly {
		return w.Disclosures(exact)
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return nil, err
	}
	return w.Disclosures(exact, folded)
}

// recipients gathers the clients and controllers that learnt something of a person.
type recipients struct {
	tx          *Tx
	cat         *catalog.Catalog
	clients     map[string]access.Client
	controllers map[string]bool
}

func (r *recipients) addCount(d *storage.Disclosure) error {
	client, err := r.tx.clientOf(d.Client)
	if err != nil {
		return err
	}
	channel, known := r.cat.Channel(d.Channel)
	caller := &r.tx.Caller
	if !caller.AllDepartments && client.Department != caller.Department && (!known || channel.Department != caller.Department) {
		return nil
	}
	r.addClient(client)
	if known {
		r.controllers[channel.Controller] = true
	}
	return nil
}

// addEvent adds the client that recorded an event, for it knows the address, and the controllers that the event was said to.
func (r *recipients) addEvent(e *consent.Event) error {
	client, err := r.tx.clientOf(e.Actor)
	if err != nil {
		return err
	}
	caller := &r.tx.Caller
	if !client.Created.IsZero() && (caller.AllDepartments || client.Department == caller.Department) {
		r.addClient(client)
	}
	of, err := r.tx.controllersOfEvent(e)
	for _, id := range of {
		r.controllers[id] = true
	}
	return err
}

func (r *recipients) addClient(client access.Client) {
	r.clients[client.ID] = client
	if department, ok := r.cat.Department(client.Department); ok {
		r.controllers[department.Controller] = true
	}
}

// list returns who is to be told, in order, with what the catalog says of them.
func (r *recipients) list() *txn.Learnt {
	delete(r.clients, r.tx.Caller.ID)
	delete(r.controllers, "") // of what the catalog does not have any more
	if !r.tx.Caller.AllDepartments || len(r.cat.Controllers) == 1 {
		clear(r.controllers)
	}
	all := &txn.Learnt{}
	for _, id := range slices.Sorted(maps.Keys(r.clients)) {
		c := txn.LearntClient{ID: id, Department: r.clients[id].Department}
		if named, ok := r.cat.Recipient(id); ok {
			c.Name, c.Role, c.Country, c.PostalAddress = named.Name, string(named.Role), named.Country, named.PostalAddress
		}
		all.Clients = append(all.Clients, c)
	}
	for _, id := range slices.Sorted(maps.Keys(r.controllers)) {
		c := txn.LearntController{ID: id}
		if found, ok := r.cat.Controller(id); ok {
			c.Name, c.PrivacyContact = found.Name, found.PrivacyContact
		}
		all.Controllers = append(all.Controllers, c)
	}
	return all
}
