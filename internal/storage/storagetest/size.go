package storagetest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func sizeTests() []Test { return []Test{{"Size_GrowsWithWhatIsStored", testSize}} }

func testSize(t *testing.T, open Open) {
	store := Initialised(t, open)
	before, err := store.Size(t.Context())
	NoError(t, "Size", err)
	const stored = 1 << 20
	Write(t, store, &storage.Changes{States: []storage.State{{Subject: id(1), Position: 1, Packed: make([]byte, stored)}}, Head: head(0)})
	after, err := store.Size(t.Context())
	NoError(t, "Size", err)
	if before <= 0 || after < before+stored/64 { // PostgreSQL packs it: a megabyte of zeros takes less.
		t.Errorf("Size is %d before and %d after a megabyte was stored", before, after)
	}
}
