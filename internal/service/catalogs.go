package service

import (
	"context"
	"fmt"
	"sync"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// catalogs caches the versions of the catalog, which never change: parsed once, kept for ever.
type catalogs struct {
	store    storage.Reader
	mu       sync.RWMutex
	versions []catalogVersion // by version - 1
}

type catalogVersion struct {
	storage.Catalog
	parsed *catalog.Catalog
}

func newCatalogs(store storage.Reader) *catalogs { return &catalogs{store: store} }

// upTo returns the versions up to the one given; FaultNoCatalog if there is none yet.
func (c *catalogs) upTo(ctx context.Context, version int64) ([]catalogVersion, error) {
	if version == 0 {
		return nil, consent.Faultf(consent.FaultNoCatalog, "", "no catalog was applied yet; apply one first")
	}
	c.mu.RLock()
	versions := c.versions
	c.mu.RUnlock()
	if int64(len(versions)) >= version {
		return versions[:version], nil
	}
	_, stored, err := c.store.Catalogs(ctx, int64(len(versions)))
	if err != nil {
		return nil, fault(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range stored {
		if s.Version <= int64(len(c.versions)) {
			continue // Somebody else read it meanwhile.
		}
		parsed, _, err := catalog.Parse(fmt.Sprintf("catalog version %d", s.Version), []byte(s.Document))
		if err != nil {
			return nil, fmt.Errorf("the stored catalog version %d does not parse: %w", s.Version, err)
		}
		if s.Version != int64(len(c.versions))+1 {
			return nil, fmt.Errorf("the database lacks catalog version %d", len(c.versions)+1)
		}
		c.versions = append(c.versions, catalogVersion{Catalog: s, parsed: parsed})
	}
	if int64(len(c.versions)) < version {
		return nil, fmt.Errorf("the database lacks catalog version %d", version)
	}
	return c.versions[:version:version], nil
}

// effective returns the version in force at t: the latest whose effective time has come. The first is in force for all time before.
func effective(versions []catalogVersion, t consent.Instant) *catalogVersion {
	for i := len(versions) - 1; i > 0; i-- {
		if versions[i].Effective <= t {
			return &versions[i]
		}
	}
	return &versions[0]
}
