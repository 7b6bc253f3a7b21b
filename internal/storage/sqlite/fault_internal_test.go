package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/database"

	"github.com/assent-io/assent/internal/storage"
)

func openTest(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent.db")
	store, err := Open(t.Context(), path, Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := store.Initialise(t.Context(), storage.Head{}); err != nil {
		t.Fatal(err)
	}
	return store, path
}

// set runs a statement on the connection that writes.
func set(t *testing.T, s *Store, statement string) {
	t.Helper()
	c, err := s.acquire(t.Context(), s.writer)
	if err != nil {
		t.Fatal(err)
	}
	defer s.giveBack(s.writer, c)
	if _, err := c.exec(statement); err != nil {
		t.Fatal(err)
	}
}

// advance moves the head on by one and stores a catalog of the size given.
func advance(ctx context.Context, s *Store, size int) error {
	return s.Write(ctx, storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		head := tx.Loaded().Head
		head.Position++
		return &storage.Changes{
			Head:     head,
			Catalogs: []storage.Catalog{{Version: head.Position, Document: strings.Repeat("x", size)}},
		}, nil
	})
}

func wantPosition(t *testing.T, s *Store, want int64) {
	t.Helper()
	head, catalogs, err := s.Catalogs(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if head.Position != want || int64(len(catalogs)) != want {
		t.Errorf("the head stands at %d with %d catalogs, want %d of both", head.Position, len(catalogs), want)
	}
}

func TestWrite_NoRoomOnTheDisk_ErrUnavailableAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	set(t, s, "PRAGMA max_page_count = 100")
	if err := advance(t.Context(), s, 10<<20); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write returned the error %v, want ErrUnavailable", err)
	}
	wantPosition(t, s, 0)
	if err := advance(t.Context(), s, 10); err != nil {
		t.Errorf("a write that has room: %v", err)
	}
	wantPosition(t, s, 1)
}

// otherProgram opens the database as another program does, which waits for nothing.
func otherProgram(t *testing.T, path string) *conn {
	t.Helper()
	db, err := openDB("file:" + path + "?_busy_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	other := &conn{db: db}
	if err := other.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(other.close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return other
}

func TestWrite_AnotherProgramHoldsTheDatabase_ErrUnavailable(t *testing.T) {
	t.Parallel()
	s, path := openTest(t)
	set(t, s, "PRAGMA busy_timeout = 10")
	err := otherProgram(t, path).transaction("BEGIN IMMEDIATE", func() error {
		if err := advance(t.Context(), s, 10); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("Write returned the error %v, want ErrUnavailable", err)
		}
		wantPosition(t, s, 0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := advance(t.Context(), s, 10); err != nil {
		t.Errorf("Write: %v", err)
	}
	wantPosition(t, s, 1)
}

func TestWrite_HasTheLockBeforeItDecides(t *testing.T) {
	t.Parallel()
	s, path := openTest(t)
	other := otherProgram(t, path)
	err := s.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		err := other.transaction("BEGIN IMMEDIATE", func() error { return nil })
		if !errors.Is(classify("test", err), storage.ErrUnavailable) {
			t.Errorf("another program began to write: %v", err)
		}
		return nil, nil
	})
	if err != nil {
		t.Errorf("Write: %v", err)
	}
}

// A connection is replaced when its transaction cannot be rolled back, so that no write is in the transaction of another.
func TestTransaction_EndedBySQLite_TheConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	refused := errors.New("refused")
	err := s.locked(t.Context(), "test", func(c *conn) error {
		_, err := c.exec("ROLLBACK")
		return errors.Join(err, refused)
	})
	if !errors.Is(err, refused) {
		t.Errorf("got the error %v, want %v", err, refused)
	}
	if err := advance(t.Context(), s, 10); err != nil {
		t.Errorf("Write: %v", err)
	}
	wantPosition(t, s, 1)
}

func TestReaders_CannotWrite(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	err := s.read(t.Context(), "test", func(c *conn) error {
		_, err := c.exec("DELETE FROM ledger_head")
		return err
	})
	if err == nil {
		t.Error("a connection for reading changed the head")
	}
}

func TestConnections_AreDurable(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	c, err := s.acquire(t.Context(), s.writer)
	if err != nil {
		t.Fatal(err)
	}
	defer s.giveBack(s.writer, c)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "secure_delete": "1"} {
		var got string
		if err := c.sql.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

func openDriver(t *testing.T, f *file) database.Driver {
	t.Helper()
	d, err := f.driver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMigration_ThatFailsOrStopsHalfway_ChangesNothing(t *testing.T) {
	t.Parallel()
	f, err := lock(filepath.Join(t.TempDir(), "assent.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.unlock() //nolint:errcheck // The folder goes with the test.
	const statements = "CREATE TABLE a (x); CREATE TABLE b (x);"

	d := openDriver(t, f)
	if err := d.SetVersion(1, true); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(strings.NewReader(statements + "CREATE TABLE a (x);")); err == nil {
		t.Error("a migration that makes a table twice did not fail")
	}
	unchanged(t, f)
	if err := d.SetVersion(1, true); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(strings.NewReader(statements)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // as if the process had ended
		t.Fatal(err)
	}
	unchanged(t, f)

	d = openDriver(t, f)
	if err := errors.Join(d.SetVersion(1, true), d.Run(strings.NewReader(statements)), d.SetVersion(1, false), d.Close()); err != nil {
		t.Fatal(err)
	}
	if version, dirty, err := f.version(t.Context()); version != 1 || dirty || err != nil {
		t.Errorf("the version is %d, dirty %v, %v, want 1", version, dirty, err)
	}
}

func unchanged(t *testing.T, f *file) {
	t.Helper()
	db, err := openDB(f.dsn(true))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("there are %d tables, want none; %v", tables, err)
	}
}
