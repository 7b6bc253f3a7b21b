package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func undoTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Undos_AreFoundByBatchAndWhilePending", Run: testUndos},
		{Name: "Undos_AtMostOneIsPending", Run: testUndosPending},
	}
}

func undoOf(batch byte, number, position int64) tables.Undo {
	return tables.Undo{
		Batch: consent.BatchID{batch}, Number: number, Position: position, Scanned: 7, Events: 5, Subjects: 4, Kept: 1, Started: instant(3),
		StartedBy: "officer",
	}
}

func testUndos(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	all := []tables.Undo{undoOf(1, 2, 30), undoOf(2, 1, 20), undoOf(3, 0, 25), undoOf(4, 3, 0)}
	writeTables(t, store, storagetest.Each(tables.PutUndo, all...)...)
	for i := range all {
		got, err := tables.UndoOf(t.Context(), store, all[i].Batch)
		storagetest.NoError(t, "UndoOf", err)
		storagetest.Same(t, "an undo", got, all[i:i+1])
	}
	none, err := tables.UndoOf(t.Context(), store, consent.BatchID{9})
	storagetest.NoError(t, "UndoOf", err)
	storagetest.Same(t, "the undo of a batch without one", len(none), 0)
	pending, err := tables.PendingUndo(t.Context(), store)
	storagetest.NoError(t, "PendingUndo", err)
	storagetest.Same(t, "the pending undo", pending, all[3:])
	undos, err := tables.CompleteUndos(t.Context(), store)
	storagetest.NoError(t, "CompleteUndos", err)
	storagetest.Same(t, "the positions", undos, consent.Undos{20, 30})
	complete := undoOf(4, 3, 40)
	writeTables(t, store, tables.PutUndo(&complete))
	undos, err = tables.CompleteUndos(t.Context(), store)
	storagetest.NoError(t, "CompleteUndos", err)
	storagetest.Same(t, "the positions", undos, consent.Undos{20, 30, 40})
	for position, want := range map[int64]int64{0: 0, 19: 0, 20: 1, 29: 1, 30: 2, 39: 2, 40: 3, 99: 3} {
		if got := undos.At(position); got != want {
			t.Errorf("at %d: %d, want %d", position, got, want)
		}
	}
}

func testUndosPending(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second := undoOf(1, 1, 0), undoOf(2, 2, 0)
	writeTables(t, store, tables.PutUndo(&first))
	if err := store.WriteTables(t.Context(), tables.PutUndo(&second)); err == nil {
		t.Error("two undos are pending")
	}
	again := undoOf(2, 1, 9)
	if err := store.WriteTables(t.Context(), tables.PutUndo(&again)); err == nil {
		t.Error("two undos have the same number")
	}
}
