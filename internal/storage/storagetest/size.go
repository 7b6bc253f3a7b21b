package storagetest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func sizeTests() []test { return []test{{"Size_GrowsWithWhatIsStored", testSize}} }

func testSize(t *testing.T, open Open) {
	store := initialised(t, open)
	before, err := store.Size(t.Context())
	noError(t, "Size", err)
	const stored = 1 << 20
	write(t, store, &storage.Changes{States: []storage.State{{Subject: id(1), Position: 1, Packed: make([]byte, stored)}}, Head: head(0)})
	after, err := store.Size(t.Context())
	noError(t, "Size", err)
	if before <= 0 || after < before+stored/64 { // PostgreSQL packs it: a megabyte of zeros takes less.
		t.Errorf("Size is %d before and %d after a megabyte was stored", before, after)
	}
}
