package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/schema"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// copied copies a file.
func copied(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ledger makes a database at the path with a head and events up to the position, and closes it.
func ledger(t *testing.T, path string, storeID byte, position int64) {
	t.Helper()
	store := open(t, path, sqlite.Options{Migrate: true})
	head := storage.Head{StoreID: [16]byte{storeID}, FoldVersion: 1}
	if err := store.Initialise(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	grow(t, store, head, position)
	closed(t, store)
}

// grow adds events up to the position, one a transaction.
func grow(t *testing.T, store *sqlite.Store, head storage.Head, position int64) {
	t.Helper()
	for head.Position < position {
		head.Position++
		if err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
			r := storage.Record{Header: make([]byte, 80)}
			r.Event.Position, r.Event.Key[0], r.Event.Key[1] = head.Position, byte(head.Position), byte(head.Position>>8)
			return &storage.Changes{Head: head, Records: []storage.Record{r}}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrite_FileDeletedOrReplacedWhileOpen_IsUnavailableAndSoIsTheHead(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"the file is deleted": os.Remove,
		"the file is moved":   func(path string) error { return os.Rename(path, path+".old") },
		"the log is deleted":  func(path string) error { return os.Remove(path + "-wal") },
		"the folder is moved": func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
		"the file is replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", []byte("another"), 0o600), os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "folder", "assent.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			ledger(t, path, 1, 1)
			store := open(t, path, sqlite.Options{})
			defer closed(t, store)
			head, err := store.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			write := func(context.Context, storage.Tx) (*storage.Changes, error) { return &storage.Changes{Head: head}, nil }
			if err := store.Write(t.Context(), storage.Load{}, write); !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("Write: got %v, want %v", err, storage.ErrUnavailable)
			}
			if _, err := store.Head(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("Head: got %v, want %v", err, storage.ErrUnavailable)
			}
		})
	}
}

func TestWrite_FileDeletedBetweenDecisionAndAnswer_IsCommitUnknown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	ledger(t, path, 1, 1)
	store := open(t, path, sqlite.Options{})
	defer closed(t, store)
	err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		return &storage.Changes{Head: tx.Loaded().Head}, os.Remove(path)
	})
	if !errors.Is(err, storage.ErrCommitUnknown) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, storage.ErrCommitUnknown)
	}
}

func TestOpen_HardLink_IsRefusedUnderEachName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	link := filepath.Join(filepath.Dir(path), "link.db")
	ledger(t, path, 1, 1)
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		if _, err := sqlite.Open(t.Context(), name, sqlite.Options{}); !errors.Is(err, sqlite.ErrLinked) {
			t.Errorf("%s: got %v, want %v", name, err, sqlite.ErrLinked)
		}
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	closed(t, open(t, path, sqlite.Options{})) // The refusal left no lock behind.
}

// crashed makes a database at the path that a process with events up to the position left behind: a log is beside it.
func crashed(t *testing.T, path string, storeID byte, position int64) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live.db")
	ledger(t, live, storeID, 1)
	store := open(t, live, sqlite.Options{})
	defer closed(t, store)
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	grow(t, store, head, position)
	copied(t, live, path)
	copied(t, live+"-wal", path+"-wal")
}

func TestOpen_LogOfACrashedProcess_IsTakenIn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	crashed(t, path, 1, 300)
	store := open(t, path, sqlite.Options{})
	defer closed(t, store)
	if head, err := store.Head(t.Context()); err != nil || head.Position != 300 {
		t.Errorf("the head is at %d (%v), want 300", head.Position, err)
	}
}

func TestOpen_RestoredFileBesideTheLogOfAnother_IsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	for name, restored := range map[string]struct {
		storeID  byte
		position int64
	}{
		"a newer one":      {1, 500},
		"another database": {2, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "assent.db")
			crashed(t, path, 1, 300)
			backup := filepath.Join(t.TempDir(), "backup.db")
			ledger(t, backup, restored.storeID, restored.position)
			copied(t, backup, path)
			refusesForeignLog(t, path)
		})
	}
}

// An older copy lacks what was copied from the log before the log began anew.
func TestOpen_OlderCopyBesideTheLog_IsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live.db")
	ledger(t, live, 1, 100)
	backup := filepath.Join(t.TempDir(), "backup.db")
	copied(t, live, backup)
	reopen := func() (*sqlite.Store, storage.Head) {
		store := open(t, live, sqlite.Options{})
		head, err := store.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return store, head
	}
	store, head := reopen()
	grow(t, store, head, 200)
	closed(t, store) // The log is copied into the file, and the next one begins.
	store, head = reopen()
	defer closed(t, store)
	grow(t, store, head, 250)
	path := filepath.Join(t.TempDir(), "assent.db")
	copied(t, backup, path)
	copied(t, live+"-wal", path+"-wal")
	refusesForeignLog(t, path)
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	restored := open(t, path, sqlite.Options{})
	defer closed(t, restored)
	if head, err := restored.Head(t.Context()); err != nil || head.Position != 100 {
		t.Errorf("without the log the head is at %d (%v), want 100", head.Position, err)
	}
}

// refusesForeignLog wants the database refused by everything that opens it, and neither file changed.
func refusesForeignLog(t *testing.T, path string) {
	t.Helper()
	before := []string{contents(t, path), contents(t, path+"-wal")}
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrate: true}); !errors.Is(err, sqlite.ErrForeignLog) {
		t.Errorf("Open: got %v, want %v", err, sqlite.ErrForeignLog)
	}
	m, err := sqlite.Migrator(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) (schema.Status, error){
		"status": m.Status,
		"up":     func(ctx context.Context) (schema.Status, error) { return schema.Status{}, m.Up(ctx) },
	} {
		if _, err := call(t.Context()); !errors.Is(err, sqlite.ErrForeignLog) {
			t.Errorf("%s: got %v, want %v", name, err, sqlite.ErrForeignLog)
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if after := []string{contents(t, path), contents(t, path+"-wal")}; !cmp.Equal(before, after) {
		t.Error("the files were changed")
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
