package cards

import (
	"sync"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/reference"
)

// maxWorths is how many versions of the catalog grants are valued by without doing it anew.
const maxWorths = 4

// Worths caches what grants are worth under versions of the catalog. The zero value is empty.
type Worths struct {
	mu    sync.Mutex
	known map[*catalog.Catalog]*feed.Worths
}

// Under returns what grants are worth under a version of the catalog.
func (w *Worths) Under(c *reference.CatalogVersion) (*feed.Worths, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.known[c.Parsed]; known != nil {
		return known, nil
	}
	made, err := feed.NewWorths(c.Parsed)
	if err != nil {
		return nil, err
	}
	if w.known == nil || len(w.known) >= maxWorths {
		w.known = map[*catalog.Catalog]*feed.Worths{}
	}
	w.known[c.Parsed] = made
	return made, nil
}
