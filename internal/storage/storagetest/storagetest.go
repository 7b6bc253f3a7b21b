// Package storagetest is the conformance suite of the storage port. Every sentence of the port's comments that says what a
// caller may rely on has a test here, named for it, and every adapter passes all of them. It imports testing and is for
// tests only.
package storagetest

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// Open opens a database, with a clock in place of the database's own unless now is nil. The tests close what it returns.
type Open func(t testing.TB, now func() time.Time) storage.Store

// Fresh makes a database with tables but no head, which only the test given uses and which ends with it. A database is
// opened again only after it was closed.
type Fresh func(t testing.TB) Open

// Test is one test of the suite.
type Test struct {
	Name string
	Run  func(t *testing.T, open Open)
}

// Run runs the suite and more tests, each on a database of its own.
func Run(t *testing.T, fresh Fresh, more []Test) {
	t.Helper()
	for _, topic := range [][]Test{
		more,
		initialiseTests(), writeTests(), textTests(), loadTests(), orderTests(), statesTests(), eventsTests(), listTests(), requestTests(),
		disclosureTests(), rightsTests(), retentionTests(), snapshotTests(), followTests(), cosignedTests(), tableTests(), undoTests(), sizeTests(), closeTests(), contextTests(),
	} {
		for _, test := range topic {
			t.Run(test.Name, func(t *testing.T) {
				t.Parallel()
				test.Run(t, fresh(t))
			})
		}
	}
}

// Opened opens a store that is closed at the end of the test.
func Opened(t testing.TB, open Open) storage.Store {
	t.Helper()
	return openedAt(t, open, nil)
}

func openedAt(t testing.TB, open Open, now func() time.Time) storage.Store {
	t.Helper()
	store := open(t, now)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

// Initialised opens a store with a head.
func Initialised(t testing.TB, open Open) storage.Store {
	t.Helper()
	store := Opened(t, open)
	initialise(t, store)
	return store
}

func initialise(t testing.TB, store storage.Store) {
	t.Helper()
	if err := store.Initialise(t.Context(), head(0)); err != nil {
		t.Fatalf("Initialise: %v", err)
	}
}
