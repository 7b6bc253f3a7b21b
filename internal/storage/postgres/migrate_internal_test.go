package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/testkit/testdb"
)

// A migration that fails, or whose process ends halfway, leaves neither tables nor a dirty version behind.
func TestMigration_ThatStopsHalfway_LeavesNothingBehind(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(testdb.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	open := func() database.Driver {
		d, err := openDriver(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	unchanged := func(when string) {
		t.Helper()
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		var tables int
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables); err != nil || tables != 0 {
			t.Errorf("%s: %d tables, %v", when, tables, err)
		}
		if version, dirty, err := readVersion(t.Context(), config); version != 0 || dirty || err != nil {
			t.Errorf("%s: version %d, dirty %v, %v", when, version, dirty, err)
		}
	}

	d := open()
	if err := errors.Join(d.Lock(), d.SetVersion(1, true)); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(strings.NewReader("CREATE TABLE a (n int); CREATE TABLE a (n int)")); err == nil {
		t.Error("a table was made twice")
	}
	unchanged("after an error")
	if err := errors.Join(d.Unlock(), d.Close()); err != nil {
		t.Fatal(err)
	}

	d = open()
	if err := errors.Join(d.SetVersion(1, true), d.Run(strings.NewReader("CREATE TABLE a (n int); CREATE TABLE b (n int)")), d.Close()); err != nil {
		t.Fatal(err)
	}
	unchanged("after the end of the process")

	d = open()
	if err := errors.Join(d.SetVersion(1, true), d.Run(strings.NewReader("CREATE TABLE a (n int)")), d.SetVersion(1, false)); err != nil {
		t.Fatal(err)
	}
	if version, dirty, err := d.Version(); version != 1 || dirty || err != nil {
		t.Errorf("after a whole migration: version %d, dirty %v, %v", version, dirty, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
