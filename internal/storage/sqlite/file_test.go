package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

func closed(t *testing.T, store storage.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func TestOpen_DatabaseInUse_IsRefusedAndTheLockFileNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	first := open(t, path, sqlite.Options{Migrate: true})
	for _, other := range []string{path, link} {
		_, err := sqlite.Open(t.Context(), other, sqlite.Options{})
		if !errors.Is(err, sqlite.ErrInUse) || !strings.Contains(err.Error(), "assent.db.lock") {
			t.Errorf("Open of %s returned the error %v, want one that names the lock file", other, err)
		}
		if _, err := sqlite.Migrator(other); !errors.Is(err, sqlite.ErrInUse) {
			t.Errorf("Migrator of %s returned the error %v, want ErrInUse", other, err)
		}
	}
	closed(t, first)
	closed(t, open(t, link, sqlite.Options{}))
}

func TestOpen_RefusedDatabase_IsNotLockedAfterwards(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrate: true})
		if err == nil || errors.Is(err, sqlite.ErrInUse) || errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("Open of a file that is no database returned the error %v", err)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
}

func TestOpen_NewDatabase_OnlyTheOwnerMayReadIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := open(t, filepath.Join(dir, "assent.db"), sqlite.Options{Migrate: true})
	defer closed(t, store)
	if err := store.Initialise(t.Context(), storage.Head{}); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		names[entry.Name()] = true
		info, err := entry.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"assent.db", "assent.db-wal", "assent.db.lock"} {
		if !names[name] {
			t.Errorf("there is no file %s", name)
		}
	}
}

func TestOpen_NoFileWithoutMigrate_IsNotMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := sqlite.Open(t.Context(), filepath.Join(dir, "assent.db"), sqlite.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open returned the error %v, want that of a file that does not exist", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 0 {
		t.Errorf("the refused Open made %v", entries)
	}
}

func TestOpen_PathWithCharactersOfURLs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?mode=memory&x#y%41.db")
	store := open(t, path, sqlite.Options{Migrate: true})
	closed(t, store)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
