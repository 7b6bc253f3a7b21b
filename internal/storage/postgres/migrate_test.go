package postgres_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/schema"
	"github.com/assent-io/assent/internal/testkit/testdb"
	"github.com/assent-io/assent/migrations"
)

func migrator(t *testing.T, url string) *schema.Migrator {
	t.Helper()
	m, err := postgres.Migrator(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
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

// sql runs a statement on a connection of its own.
func sql(t *testing.T, url, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// tables returns how many tables the database has.
func tables(t *testing.T, url string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	var n int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// latest returns how many migrations there are: their numbers have no gaps.
func latest(t *testing.T) uint {
	t.Helper()
	files, err := fs.Glob(migrations.Postgres, "postgres/*.up.sql")
	if err != nil || len(files) < 5 {
		t.Fatalf("there are %d migrations; %v", len(files), err)
	}
	return uint(len(files))
}

func TestMigrator_UpDownUp(t *testing.T) {
	t.Parallel()
	latest := latest(t)
	url := testdb.Postgres(t)
	m := migrator(t, url)
	wantStatus(t, m, schema.Status{Latest: latest})
	if n := tables(t, url); n != 0 {
		t.Errorf("Status made %d tables", n)
	}
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
		if n := tables(t, url); n != 1 {
			t.Errorf("after Down there are %d tables, want that of the versions only", n)
		}
		if err := m.Down(t.Context(), int(latest)); err != nil {
			t.Errorf("Down of no version: %v", err)
		}
	}
	if err := m.Down(t.Context(), -1); err == nil {
		t.Error("Down took a negative number of steps")
	}
}

func TestMigrator_FromAVersionThatNotedNoUploads_NotesThoseWithoutAVersion(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	m := migrator(t, url)
	if err := errors.Join(m.Up(t.Context()), m.Down(t.Context(), int(latest(t))-12)); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range []string{
		`INSERT INTO external_list_chunks (sha256, number, bytes) VALUES (sha256('a'), 0, 'a'), (sha256('a'), 1, 'a'), (sha256('b'), 0, 'b')`,
		`INSERT INTO external_list_versions VALUES ('ecg', 1, sha256('b'), 1, 1, 0, 1, 1, 'test')`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	before := time.Now()
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	var isBroken bool
	var at int64
	err = conn.QueryRow(t.Context(), `SELECT count(*), bool_and(sha256 = sha256('a')), min(touched_time) FROM external_list_uploads`).Scan(&n, &isBroken, &at)
	if err != nil || n != 1 || !isBroken || time.UnixMicro(at).Before(before.Add(-time.Minute)) || time.UnixMicro(at).After(before.Add(time.Minute)) {
		t.Errorf("%d uploads are noted, only the broken one: %t, at %s: %v", n, isBroken, time.UnixMicro(at), err)
	}
}

func TestOpen_OlderSchema_SaysWhatToRun(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	_, err := postgres.Open(t.Context(), url, postgres.Options{})
	if !errors.Is(err, schema.ErrOlder) || !strings.Contains(err.Error(), "assent migrate up") {
		t.Errorf("Open returned the error %v, want one that says to run assent migrate up", err)
	}
	if n := tables(t, url); n != 0 {
		t.Errorf("the refused Open made %d tables", n)
	}
}

func TestOpen_SchemaFromTheFutureOrDirty_IsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, statement string
		want            error
	}{
		{"future", `UPDATE schema_migrations SET version = version + 1`, schema.ErrNewer},
		{"dirty", `UPDATE schema_migrations SET dirty = true`, schema.ErrDirty},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := testdb.Postgres(t)
			m := migrator(t, url)
			if err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			sql(t, url, c.statement)
			for _, migrate := range []bool{false, true} {
				if _, err := postgres.Open(t.Context(), url, postgres.Options{Migrate: migrate}); !errors.Is(err, c.want) {
					t.Errorf("Open with Migrate %v returned the error %v, want %v", migrate, err, c.want)
				}
			}
			if err := m.Up(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("Up returned the error %v, want %v", err, c.want)
			}
			if err := m.Down(t.Context(), 0); !errors.Is(err, c.want) {
				t.Errorf("Down returned the error %v, want %v", err, c.want)
			}
		})
	}
}

func TestMigrator_NoServer_ReturnsErrUnavailable(t *testing.T) {
	t.Parallel()
	m := migrator(t, "postgres://postgres@/x?host="+t.TempDir())
	if _, err := m.Status(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Status returned the error %v, want ErrUnavailable", err)
	}
	if err := m.Up(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Up returned the error %v, want ErrUnavailable", err)
	}
}

// Statistics keep samples of values that an erasure has deleted, and no purge renews them.
func TestMigrator_WhatIsSealed_HasNoStatistics(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	if err := migrator(t, url).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var sealed, sampled int
	err = conn.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE attstattarget <> 0) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relkind = 'r' AND (c.relname, a.attname) IN (('events', 'header'), ('events', 'evidence'), ('subjects', 'address'),
			('states', 'state'), ('requests', 'body_mac'), ('requests', 'answer'), ('claims', 'sealed'))`).Scan(&sealed, &sampled)
	if err != nil || sealed != 7 || sampled != 0 {
		t.Errorf("of %d columns %d are sampled, %v", sealed, sampled, err)
	}
}
