package sqlite_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage/schema"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/migrations"
)

func migrator(t *testing.T, path string) *schema.Migrator {
	t.Helper()
	m, err := sqlite.Migrator(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantStatus(t *testing.T, m *schema.Migrator, want schema.Status) {
	t.Helper()
	got, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("Status() = %+v, want %+v", got, want)
	}
}

// database opens the file as other programs do.
func database(t *testing.T, path string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "file", Path: path}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// latest returns how many migrations there are: their numbers have no gaps.
func latest(t *testing.T) uint {
	t.Helper()
	files, err := fs.Glob(migrations.SQLite, "sqlite/*.up.sql")
	if err != nil || len(files) < 5 {
		t.Fatalf("there are %d migrations; %v", len(files), err)
	}
	return uint(len(files))
}

func TestMigrator_UpDownUp(t *testing.T) {
	t.Parallel()
	latest := latest(t)
	path := filepath.Join(t.TempDir(), "assent.db")
	m := migrator(t, path)
	wantStatus(t, m, schema.Status{Latest: latest})
	for range 2 {
		if err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, m, schema.Status{Version: latest, Latest: latest})
		if err := m.Up(t.Context()); err != nil {
			t.Errorf("Up of the latest version: %v", err)
		}
		if err := m.Down(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, m, schema.Status{Latest: latest})
		var tables string
		err := database(t, path).QueryRowContext(t.Context(),
			`SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'`).Scan(&tables)
		if err != nil || tables != "schema_migrations" {
			t.Errorf("after Down there are the tables %s, want that of the versions only; %v", tables, err)
		}
		if err := m.Down(t.Context(), int(latest)); err != nil {
			t.Errorf("Down of no version: %v", err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	closed(t, open(t, path, sqlite.Options{Migrate: true}))
}

func TestMigrator_FromAVersionThatNotedNoUploads_NotesThoseWithoutAVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	m := migrator(t, path)
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	err := errors.Join(m.Up(t.Context()), m.Down(t.Context(), int(latest(t))-13))
	if err != nil {
		t.Fatal(err)
	}
	db := database(t, path)
	for _, statement := range []string{
		`INSERT INTO external_list_chunks (sha256, number, bytes) VALUES (zeroblob(32), 0, x'01'), (zeroblob(32), 1, x'02')`,
		`INSERT INTO external_list_chunks (sha256, number, bytes) VALUES (CAST('of a version; it has 32 bytes  .' AS BLOB), 0, x'01')`,
		`INSERT INTO external_list_versions SELECT 'ecg', 1, sha256, 1, 1, 0, 1, 1, 'test' FROM external_list_chunks WHERE sha256 > zeroblob(32)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	before := time.Now().Truncate(time.Second)
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n, of int
	var at int64
	err = db.QueryRowContext(t.Context(), `SELECT count(*), sum(sha256 = zeroblob(32)), min(touched_time) FROM external_list_uploads`).Scan(&n, &of, &at)
	if err != nil || n != 1 || of != 1 || time.UnixMicro(at).Before(before) || time.UnixMicro(at).After(time.Now()) {
		t.Errorf("%d uploads are noted, %d of the broken one, at %s: %v", n, of, time.UnixMicro(at), err)
	}
}

func TestOpen_OlderSchema_SaysWhatToRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if !errors.Is(err, schema.ErrOlder) || !strings.Contains(err.Error(), "assent migrate up") {
		t.Errorf("Open returned the error %v, want one that says to run assent migrate up", err)
	}
}

func TestOpen_SchemaFromTheFutureOrDirty_IsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, statement string
		want            error
	}{
		{"future", `UPDATE schema_migrations SET version = version + 1`, schema.ErrNewer},
		{"dirty", `UPDATE schema_migrations SET dirty = 1`, schema.ErrDirty},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "assent.db")
			closed(t, open(t, path, sqlite.Options{Migrate: true}))
			if _, err := database(t, path).ExecContext(t.Context(), c.statement); err != nil {
				t.Fatal(err)
			}
			for _, migrate := range []bool{false, true} {
				if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrate: migrate}); !errors.Is(err, c.want) {
					t.Errorf("Open with Migrate %v returned the error %v, want %v", migrate, err, c.want)
				}
			}
			m := migrator(t, path)
			if err := m.Down(t.Context(), 0); !errors.Is(err, c.want) {
				t.Errorf("Down returned the error %v, want %v", err, c.want)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
