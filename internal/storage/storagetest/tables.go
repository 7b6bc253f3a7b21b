package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func tableTests() []Test {
	return []Test{
		{"QueryTable_InAWrite_ReadsUnderTheLockedHead_UntilItIsDecided", testQueryTableInWrite},
		{"QueryTable_EachFails_ReturnsThatError", testQueryTableFails},
		{"WriteTables_StoresAllOrNothing_AndNotTheHead", testWriteTables},
		{"WriteTables_TextThatIsNone_IsErrTextAndStoresNothing", testWriteTablesText},
		{"WorkerRuns_ByName_TellStartSuccessAndFailure", testWorkerRuns},
	}
}

// tableCalls are the calls of the port for tables, each by one that uses it.
func tableCalls() []call {
	return []call{
		{"QueryTable", func(ctx context.Context, s storage.Store) error { _, _, err := tables.Clients(ctx, s); return err }},
		{"LatestCosigned", func(ctx context.Context, s storage.Store) error {
			_, _, err := tables.LatestCosigned(ctx, s)
			return err
		}},
		{"MergeCosigned", func(ctx context.Context, s storage.Store) error {
			return tables.MergeCosigned(ctx, s, 1, func(string) (string, error) { return "", errors.New("merge was called") })
		}},
		{"WriteTables", func(ctx context.Context, s storage.Store) error {
			return s.WriteTables(ctx, tables.NoteWorkerStart("retention", begin))
		}},
	}
}

func testQueryTableInWrite(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	var after storage.Tx
	err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		after = tx
		h, clients, err := tables.Clients(ctx, tx)
		Same(t, "the head", h, head(3))
		Same(t, "the clients", Each(tables.PutClient, clients...), everything().Tables)
		return nil, err
	})
	NoError(t, "Write", err)
	if _, _, err := tables.Clients(t.Context(), after); err == nil {
		t.Error("a write that was decided can still be read from")
	}
}

func testQueryTableFails(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	want := errors.New("enough")
	calls := 0
	_, err := store.QueryTable(t.Context(), storage.Statement{Doing: "read ids", SQL: "SELECT id FROM clients"}, func(storage.Scan) error {
		calls++
		return want
	})
	if !errors.Is(err, want) || calls != 1 {
		t.Errorf("got %v after %d calls, want %v after 1", err, calls, want)
	}
	appendAll(t, store, 4)
}

func testWriteTables(t *testing.T, open Open) {
	store := Initialised(t, open)
	NoError(t, "WriteTables", store.WriteTables(t.Context(), Each(tables.AddClaim, claim(1), claim(2))...))
	NoError(t, "WriteTables of none", store.WriteTables(t.Context()))
	err := store.WriteTables(t.Context(), Each(tables.AddClaim, claim(3), claim(1), claim(4))...)
	if err == nil || errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown) {
		t.Errorf("a claim with an existing id: %v, want an error that is final", err)
	}
	got, err := tables.Claims(t.Context(), store, [16]byte{}, 10)
	NoError(t, "Claims", err)
	Same(t, "the claims", got, []tables.Claim{claim(1), claim(2)})
	h, err := store.Head(t.Context())
	NoError(t, "Head", err)
	Same(t, "the head", h, head(0))
}

func testWriteTablesText(t *testing.T, open Open) {
	store := Initialised(t, open)
	err := store.WriteTables(t.Context(), tables.AddClaim(&tables.Claim{ID: [16]byte{1}}), tables.NoteWorkerStart("a\x00b", begin))
	if !errors.Is(err, storage.ErrText) {
		t.Errorf("got %v, want %v", err, storage.ErrText)
	}
	got, err := tables.Claims(t.Context(), store, [16]byte{}, 10)
	NoError(t, "Claims", err)
	Same(t, "the claims", got, []tables.Claim(nil))
}

func testWorkerRuns(t *testing.T, open Open) {
	store := Initialised(t, open)
	note := func(statement storage.Statement) {
		t.Helper()
		NoError(t, "WriteTables", store.WriteTables(t.Context(), statement))
	}
	runs := func(want ...tables.WorkerRun) {
		t.Helper()
		got, err := tables.WorkerRuns(t.Context(), store)
		NoError(t, "WorkerRuns", err)
		Same(t, "the runs", got, want)
	}
	runs()
	note(tables.NoteWorkerSuccess("retention", begin)) // Its start was not noted.
	runs()
	note(tables.NoteWorkerStart("retention", begin))
	note(tables.NoteWorkerStart("Requests", begin+1))
	runs(tables.WorkerRun{Worker: "Requests", Started: begin + 1}, tables.WorkerRun{Worker: "retention", Started: begin})
	note(tables.NoteWorkerSuccess("retention", begin+2))
	note(tables.NoteWorkerFailure("Requests", "STORE_UNAVAILABLE"))
	note(tables.NoteWorkerStart("retention", begin+3))
	note(tables.NoteWorkerStart("Requests", begin+4))
	failed := tables.WorkerRun{Worker: "Requests", Started: begin + 4, Failure: "STORE_UNAVAILABLE"}
	runs(failed, tables.WorkerRun{Worker: "retention", Started: begin + 3, Succeeded: begin + 2})
	note(tables.NoteWorkerFailure("retention", "NO_CATALOG"))
	note(tables.NoteWorkerSuccess("Requests", begin+5))
	runs(
		tables.WorkerRun{Worker: "Requests", Started: begin + 4, Succeeded: begin + 5},
		tables.WorkerRun{Worker: "retention", Started: begin + 3, Succeeded: begin + 2, Failure: "NO_CATALOG"},
	)
}
