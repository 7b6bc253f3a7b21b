package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// writeBeside names, in the environment, the database; this test binary changes its head, as a process of its own.
const writeBeside = "ASSENT_TEST_WRITE_BESIDE"

// changeHead changes the head over a connection of its own, beside the store and its lock.
func changeHead(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `UPDATE ledger_head SET clients_version = clients_version + 1`)
	if closed := db.Close(); err == nil {
		err = closed
	}
	return err
}

func TestFollow_WhoeverCommits_IsSeenByTheNextCall(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	store := open(t, path, sqlite.Options{Migrate: true})
	defer closed(t, store)
	if err := store.Initialise(t.Context(), storage.Head{}); err != nil {
		t.Fatal(err)
	}
	version := int64(0)
	want := func(after string) {
		t.Helper()
		for range 3 { // the first of them reads, the others need not
			head, _, err := store.Follow(t.Context(), storage.Mark{}, 10)
			if err != nil {
				t.Fatal(err)
			}
			if head.ClientsVersion != version {
				t.Errorf("after a commit %s the head has the version %d, want %d", after, head.ClientsVersion, version)
			}
		}
	}
	want("of the head")
	for range 3 {
		if err := changeHead(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		version++
		want("over another connection")

		process := exec.CommandContext(t.Context(), os.Args[0])
		process.Env = append(os.Environ(), writeBeside+"="+path)
		if out, err := process.CombinedOutput(); err != nil {
			t.Fatalf("the other process: %v\n%s", err, out)
		}
		version++
		want("of another process")

		err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
			head := tx.Loaded().Head
			head.ClientsVersion++
			return &storage.Changes{Head: head}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		version++
		want("of the store")
	}
	if err := store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("and a purge")
}

func TestWrite_RevisionsThatAreNotKept_AreDeleted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	store := open(t, path, sqlite.Options{Migrate: true})
	defer closed(t, store)
	if err := store.Initialise(t.Context(), storage.Head{}); err != nil {
		t.Fatal(err)
	}
	for _, revision := range []int64{1, 2, storage.RevisionsKept + 1} {
		err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
			head := tx.Loaded().Head
			head.Revision = revision
			return &storage.Changes{Head: head, Reread: []storage.SubjectKey{key(1), key(2)}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var least, n int64
	err := database(t, path).QueryRowContext(t.Context(), `SELECT min(revision), count(*) FROM revisions`).Scan(&least, &n)
	if err != nil || least != 2 || n != 4 {
		t.Errorf("%d rows from revision %d on are left, want 4 from 2 on; %v", n, least, err)
	}
}

func BenchmarkFollow_NothingChanged(b *testing.B) {
	store := open(b, filepath.Join(b.TempDir(), "assent.db"), sqlite.Options{Migrate: true})
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Initialise(b.Context(), storage.Head{KeysCheck: make([]byte, 32), Tree: make([]byte, 640), DigestKeys: []uint32{1}}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := store.Follow(b.Context(), storage.Mark{}, 1000); err != nil {
			b.Fatal(err)
		}
	}
}
