package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func importTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "AddImport_OfAnIdentityThatIsThere_AddsNothingUntilItIsUndone", Run: testAddImport},
		{Name: "Imports_NewestFirstInPagesOfADepartment", Run: testImportPages},
		{Name: "BeginUpload_TakesTheUploadFromAnotherUntilTheImportIsComplete", Run: testUploads},
		{Name: "Imports_AreUndoneAsTheirBatchIs", Run: testUndoImport},
		{Name: "ImportStates_CountsThem", Run: testImportStates},
	}
}

func imported(n byte) tables.Import {
	return tables.Import{
		ID: consent.BatchID{n}, Identity: [16]byte{100, n}, Client: "crm", Department: "sales", Sealed: []byte{n}, Size: int64(n),
		Created: instant(int64(n)), State: tables.ImportWaiting, Report: "{}",
	}
}

func importIn(t *testing.T, store storage.Store, id byte) tables.Import {
	t.Helper()
	rows, err := tables.ImportOf(t.Context(), store, consent.BatchID{id})
	storagetest.NoError(t, "ImportOf", err)
	if len(rows) != 1 {
		t.Fatalf("%d imports of one id", len(rows))
	}
	return rows[0]
}

func testAddImport(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second := imported(1), imported(2)
	second.Identity = first.Identity
	writeTables(t, store, tables.AddImport(&first))
	writeTables(t, store, tables.AddImport(&second))
	rows, err := tables.ImportOfFile(t.Context(), store, first.Identity)
	storagetest.NoError(t, "ImportOfFile", err)
	storagetest.Same(t, "the import of the file", rows, []tables.Import{first})
	for _, position := range []int64{0, 7} {
		undo := tables.Undo{Batch: first.ID, Position: position, Started: instant(9), StartedBy: "officer"}
		writeTables(t, store, tables.PutUndo(&undo))
		rows, err = tables.ImportOfFile(t.Context(), store, first.Identity)
		storagetest.NoError(t, "ImportOfFile", err)
		storagetest.Same(t, "that of the file once it is undone", rows, []tables.Import(nil))
	}
	writeTables(t, store, tables.AddImport(&second))
	storagetest.Same(t, "the second import", importIn(t, store, 2), second)
	none, err := tables.ImportOf(t.Context(), store, consent.BatchID{7})
	storagetest.NoError(t, "ImportOf", err)
	storagetest.Same(t, "an import that is not there", none, []tables.Import(nil))
}

func testImportPages(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, other := imported(1), imported(2), imported(3), imported(4)
	third.Created = second.Created
	other.Department = ""
	for _, one := range []tables.Import{first, second, third, other} {
		writeTables(t, store, tables.AddImport(&one))
	}
	page := func(department string, before tables.Import, limit int, want ...tables.Import) {
		t.Helper()
		rows, err := tables.Imports(t.Context(), store, department, &before, limit)
		storagetest.NoError(t, "Imports", err)
		storagetest.Same(t, "the imports", rows, want)
	}
	page("sales", tables.Import{}, 2, third, second)
	page("sales", second, 2, first)
	page("", tables.Import{}, 10, other, third, second, first)
	page("sales", tables.Import{}, -1)
	page("desk", tables.Import{}, 10)
}

func testUploads(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	one := imported(1)
	writeTables(t, store, tables.AddImport(&one), tables.BeginUpload(one.ID, [16]byte{1}, instant(5)), tables.BeginUpload(one.ID, [16]byte{2}, instant(6)))
	want := one
	want.State, want.Upload, want.Updated = tables.ImportRunning, [16]byte{2}, instant(6)
	storagetest.Same(t, "the second upload goes on", importIn(t, store, 1), want)
	writeTables(t, store, tables.NoteUpload(one.ID, [16]byte{1}, instant(7), "lost"), tables.EndUpload(one.ID, [16]byte{1}, instant(8), "lost", true))
	storagetest.Same(t, "the first one changes nothing", importIn(t, store, 1), want)
	writeTables(t, store, tables.NoteUpload(one.ID, [16]byte{2}, instant(7), `{"a":1}`))
	want.Updated, want.Report = instant(7), `{"a":1}`
	storagetest.Same(t, "what was noted", importIn(t, store, 1), want)
	writeTables(t, store, tables.EndUpload(one.ID, [16]byte{2}, instant(8), `{"a":2}`, false))
	want.Updated, want.Report, want.State = instant(8), `{"a":2}`, tables.ImportWaiting
	storagetest.Same(t, "a cut upload", importIn(t, store, 1), want)
	writeTables(t, store, tables.BeginUpload(one.ID, [16]byte{3}, instant(9)), tables.EndUpload(one.ID, [16]byte{3}, instant(10), `{"a":3}`, true))
	want.Updated, want.Report, want.State, want.Upload, want.Completed = instant(10), `{"a":3}`, tables.ImportComplete, [16]byte{3}, instant(10)
	storagetest.Same(t, "a complete one", importIn(t, store, 1), want)
	writeTables(t, store, tables.BeginUpload(one.ID, [16]byte{4}, instant(11)))
	storagetest.Same(t, "a complete one is not begun again", importIn(t, store, 1), want)
}

func testUndoImport(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	one := imported(1)
	undo := tables.Undo{Batch: one.ID, Number: 1, Started: instant(6), StartedBy: "officer"}
	writeTables(t, store, tables.AddImport(&one), tables.PutUndo(&undo))
	want := one
	want.State, want.UndoneBy, want.Undone = tables.ImportUndoing, "officer", instant(6)
	storagetest.Same(t, "an import that is being undone", importIn(t, store, 1), want)
	undo.Position = 8
	writeTables(t, store, tables.PutUndo(&undo))
	want.State = tables.ImportUndone
	storagetest.Same(t, "an import that was undone", importIn(t, store, 1), want)
}

func testImportStates(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	for n := range byte(3) {
		one := imported(n + 1)
		writeTables(t, store, tables.AddImport(&one))
	}
	writeTables(t, store, tables.BeginUpload(consent.BatchID{1}, [16]byte{1}, instant(5)),
		tables.PutUndo(&tables.Undo{Batch: consent.BatchID{2}, Position: 5}))
	states, err := tables.ImportStates(t.Context(), store)
	storagetest.NoError(t, "ImportStates", err)
	storagetest.Same(t, "the states", states, map[string]int64{tables.ImportWaiting: 1, tables.ImportRunning: 1, tables.ImportUndone: 1})
}
