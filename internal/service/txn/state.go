package txn

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Knowledge returns what is known about the address under the lock.
func (w *Tx) Knowledge(p *subjects.Places) (*consent.Known, error) {
	var k subjects.Knowledge
	err := k.Gather(p, w)
	return &k.Known, err
}

// Find implements subjects.Source.
func (w *Tx) Find(where *subjects.Place, _ *consent.State) (subjects.Found, error) {
	s, err := w.Subject(where)
	if err != nil {
		return subjects.Found{}, err
	}
	state, err := w.State(s)
	return subjects.Found{Key: &s.Key, State: state, KeyVersion: s.KeyVersion}, err
}

// Listings implements subjects.Source. The lists are those that were in force when the head was locked.
func (w *Tx) Listings(to []consent.Listing, a address.Address) ([]consent.Listing, error) {
	lists, err := w.engine.Lists.At(w.ctx, &w.loaded.Head, w.loaded.Head.Position, w.Recorded)
	return lists.Append(to, a), err
}

// PutActivation records that a version of an external list comes into force. It returns its position.
func (w *Tx) PutActivation(event *consent.Event) int64 {
	w.Append(event, nil)
	header := w.records[len(w.records)-1].Header
	w.Head.ListsSum = reference.SumActivation(w.Head.ListsSum, header)
	w.WriteTable(tables.AddListActivation(&tables.ListActivation{
		Position: event.Position, List: event.List, Version: event.ListVersion, Header: header,
	}))
	return event.Position
}

// CatalogVersion returns the catalog in force at t with its version.
func (w *Tx) CatalogVersion(t consent.Instant) (*catalog.Catalog, int64, error) {
	versions, err := w.CatalogVersions()
	if err != nil {
		return nil, 0, err
	}
	c := reference.InForce(versions, t)
	return c.Parsed, c.Version, nil
}

// Catalog returns the catalog in force at t.
func (w *Tx) Catalog(t consent.Instant) (*catalog.Catalog, error) {
	cat, _, err := w.CatalogVersion(t)
	return cat, err
}
