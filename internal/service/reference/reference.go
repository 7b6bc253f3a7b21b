package reference

import (
	"github.com/assent-io/assent/internal/storage"
)

// Reference is what a head refers to, cached: the names behind numbers, the versions of the catalog, and the rules made of them.
type Reference struct {
	Names    *Names
	Catalogs *Catalogs
	Lists    *Lists
	Rulebook Rulebook
}

// NewReference returns empty caches over a store.
func NewReference(store storage.Reader) *Reference {
	return &Reference{Names: newNameCache(store), Catalogs: newCatalogs(store), Lists: newLists(store)}
}
