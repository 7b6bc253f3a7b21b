package reference

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Catalogs caches the versions of the catalog, which never change: parsed once, kept for ever.
type Catalogs struct {
	store    storage.Reader
	mu       sync.RWMutex
	versions []CatalogVersion // by version - 1
}

// CatalogVersion is a version of the catalog as it is stored, and parsed.
type CatalogVersion struct {
	storage.Catalog
	Parsed *catalog.Catalog
	Sum    [32]byte // of the versions up to this one
}

// SumCatalog returns the sum of a version that follows those of a sum.
func SumCatalog(sum [32]byte, c *storage.Catalog) [32]byte {
	b := binary.BigEndian.AppendUint64(sum[:], uint64(c.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Effective))
	return sha256.Sum256(append(b, c.SHA256[:]...))
}

func newCatalogs(store storage.Reader) *Catalogs { return &Catalogs{store: store} }

// UpTo returns the versions that the head counts; fault.NoCatalog if there is none yet. Where those that are cached are of another history
// they are read anew.
func (c *Catalogs) UpTo(ctx context.Context, head *storage.Head) ([]CatalogVersion, error) {
	if head.CatalogVersion == 0 {
		return nil, fault.Errorf(fault.NoCatalog, "", "there is no catalog yet; apply one first")
	}
	known := c.All()
	if isCurrent(known, head) {
		return known[:head.CatalogVersion:head.CatalogVersion], nil
	}
	for _, known := range [][]CatalogVersion{known, nil} {
		read, err := c.read(ctx, known)
		if err != nil {
			return nil, err
		}
		if isCurrent(read, head) {
			return read[:head.CatalogVersion:head.CatalogVersion], nil
		}
		if len(known) == 0 && int64(len(read)) < head.CatalogVersion {
			return nil, fmt.Errorf("catalog version %d is missing from the database", head.CatalogVersion)
		}
	}
	return nil, env.OtherHistory()
}

func isCurrent(known []CatalogVersion, head *storage.Head) bool {
	return int64(len(known)) >= head.CatalogVersion &&
		(head.CatalogsSum == [32]byte{} || known[head.CatalogVersion-1].Sum == head.CatalogsSum)
}

// All returns the versions that are cached.
func (c *Catalogs) All() []CatalogVersion {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.versions
}

// read reads the versions after those that are known, and caches all of them.
func (c *Catalogs) read(ctx context.Context, known []CatalogVersion) ([]CatalogVersion, error) {
	_, stored, err := c.store.Catalogs(ctx, int64(len(known)))
	if err != nil {
		return nil, env.StoreFault(err)
	}
	known = slices.Clone(known)
	for _, s := range stored {
		parsed, _, err := catalog.ParseStored(fmt.Sprintf("catalog version %d", s.Version), []byte(s.Document))
		if err != nil {
			return nil, fmt.Errorf("the stored catalog version %d does not parse: %w", s.Version, err)
		}
		if s.Version != int64(len(known))+1 {
			return nil, fmt.Errorf("catalog version %d is missing from the database", len(known)+1)
		}
		var sum [32]byte
		if len(known) > 0 {
			sum = known[len(known)-1].Sum
		}
		known = append(known, CatalogVersion{Catalog: s, Parsed: parsed, Sum: SumCatalog(sum, &s)})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.versions = known
	return known, nil
}

// InForce returns the version in force at t: the latest one with an effective time that has come. The first is in force
// for all time before.
func InForce(versions []CatalogVersion, t consent.Instant) *CatalogVersion {
	for i := len(versions) - 1; i > 0; i-- {
		if versions[i].Effective <= t {
			return &versions[i]
		}
	}
	return &versions[0]
}
