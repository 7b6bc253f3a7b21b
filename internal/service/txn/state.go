package txn

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
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
