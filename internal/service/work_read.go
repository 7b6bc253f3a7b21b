package service

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// knowledge returns what is known about the address under the lock.
func (w *work) knowledge(p *places) (*consent.Known, error) {
	var k knowledge
	err := k.gather(p, w)
	return &k.Known, err
}

// seen implements sight.
func (w *work) seen(where *place, _ *consent.State) (seen, error) {
	s, err := w.subject(where)
	if err != nil {
		return seen{}, err
	}
	state, err := w.state(s)
	return seen{key: &s.Key, state: state, keyVersion: s.KeyVersion}, err
}

// catalogVersion returns the catalog in force at t with its version.
func (w *work) catalogVersion(t consent.Instant) (*catalog.Catalog, int64, error) {
	versions, err := w.engine.Catalogs.upTo(w.ctx, &w.head)
	if err != nil {
		return nil, 0, err
	}
	c := effective(versions, t)
	return c.parsed, c.Version, nil
}

// catalog returns the catalog in force at t.
func (w *work) catalog(t consent.Instant) (*catalog.Catalog, error) {
	cat, _, err := w.catalogVersion(t)
	return cat, err
}
