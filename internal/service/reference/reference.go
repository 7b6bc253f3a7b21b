package reference

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
)

// Reference is what a head refers to, cached: the names behind numbers, the versions of the catalog, and the rules made of them.
type Reference struct {
	Names    *Names
	Catalogs *Catalogs
	Rulebook Rulebook
}

// NewReference returns empty caches over a store.
func NewReference(store storage.Reader) *Reference {
	return &Reference{Names: newNameCache(store), Catalogs: newCatalogs(store)}
}

// Read caches what the head refers to.
func (r *Reference) Read(ctx context.Context, head *storage.Head) error {
	if _, err := r.Names.Of(ctx, head); err != nil || head.CatalogVersion == 0 {
		return err
	}
	_, err := r.Catalogs.UpTo(ctx, head)
	return err
}
