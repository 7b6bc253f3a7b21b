package testdb_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestMain(m *testing.M) {
	if os.Getenv("TESTDB_PLAY") != "" {
		os.Exit(m.Run()) // TestPlay is started for what is left of it afterwards.
	}
	testkit.VerifyNoLeaks(m)
}

// connect opens a connection that ends with the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// mustExec runs one statement.
func mustExec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestPostgres_CalledTwice_GivesDatabasesOfTheirOwn(t *testing.T) {
	first, second := connect(t, testdb.Postgres(t)), connect(t, testdb.Postgres(t))
	mustExec(t, first, "CREATE TABLE same (n int)")
	mustExec(t, second, "CREATE TABLE same (n int)")
	mustExec(t, first, "INSERT INTO same VALUES (1)")
	var rows int
	if err := second.QueryRow(t.Context(), "SELECT count(*) FROM same").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != 0 {
		t.Errorf("the second database has %d rows of the first", rows)
	}
}

// prepare makes an empty table and one with a row.
func prepare(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE prepared (n int); CREATE TABLE version AS SELECT 5 AS n")
	return errors.Join(err, conn.Close(ctx))
}

func TestPreparedPostgres_EachTest_GetsACopyOfItsOwn(t *testing.T) {
	for range 4 {
		t.Run("one of several", func(t *testing.T) {
			t.Parallel()
			conn := connect(t, testdb.PreparedPostgres(t, prepare))
			mustExec(t, conn, "INSERT INTO prepared VALUES (1)")
			var rows int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM prepared").Scan(&rows); err != nil || rows != 1 {
				t.Errorf("%d rows, %v", rows, err)
			}
		})
	}
}

func TestPreparedPostgres_WhateverATestLeaves_TheNextFindsItAsPrepared(t *testing.T) {
	for name, leave := range map[string]string{
		"a row":               "INSERT INTO prepared VALUES (1)",
		"many rows":           "INSERT INTO prepared SELECT generate_series(1, 100000)",
		"another version":     "UPDATE version SET n = 6",
		"a table":             "CREATE TABLE mine (n int)",
		"a column":            "ALTER TABLE prepared ADD COLUMN m int",
		"a table less":        "DROP TABLE prepared",
		"an index":            "CREATE INDEX ON prepared (n)",
		"a setting":           "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database()); END $$",
		"a limit":             "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 1', current_database()); END $$",
		"an open transaction": "BEGIN; LOCK TABLE prepared",
	} {
		t.Run("leave "+name, func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), testdb.PreparedPostgres(t, prepare))
			if err != nil {
				t.Fatal(err)
			}
			mustExec(t, conn, leave) // The connection stays open.
		})
		t.Run("after "+name, func(t *testing.T) {
			conn := connect(t, testdb.PreparedPostgres(t, prepare))
			var rows, version, relations int
			const look = `SELECT (SELECT count(*) FROM prepared), (SELECT n FROM version),
				(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)`
			if err := conn.QueryRow(t.Context(), look).Scan(&rows, &version, &relations); err != nil || rows != 0 || version != 5 || relations != 2 {
				t.Errorf("%d rows, version %d, %d relations, %v", rows, version, relations, err)
			}
			var memory string
			if err := conn.QueryRow(t.Context(), "SHOW work_mem").Scan(&memory); err != nil || memory != "4MB" {
				t.Errorf("work_mem is %s, %v", memory, err)
			}
			var limit int
			const limitOfConnections = "SELECT datconnlimit FROM pg_database WHERE datname = current_database()"
			if err := conn.QueryRow(t.Context(), limitOfConnections).Scan(&limit); err != nil || limit != -1 {
				t.Errorf("the limit of connections is %d, %v", limit, err)
			}
		})
	}
}

func TestPreparedPostgres_ConnectionsOfThePackageWereEnded_IsRecycledAllTheSame(t *testing.T) {
	for range 3 { // The second and the third find a database with a connection that is kept.
		t.Run("ends all connections", func(t *testing.T) {
			conn := connect(t, testdb.PreparedPostgres(t, prepare))
			mustExec(t, conn, "INSERT INTO prepared VALUES (1)")
			mustExec(t, conn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			var rows int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM prepared").Scan(&rows); err != nil || rows != 1 {
				t.Errorf("%d rows, %v", rows, err)
			}
		})
	}
}

func TestPostgres_ByParallelTests_Works(t *testing.T) {
	for range 4 {
		t.Run("one of several", func(t *testing.T) {
			t.Parallel()
			mustExec(t, connect(t, testdb.Postgres(t)), "CREATE TABLE mine (n int)")
		})
	}
}

func TestPostgres_AfterTheTest_DatabaseIsGone(t *testing.T) {
	var url string
	t.Run("uses a database and leaves a connection open", func(t *testing.T) {
		url = testdb.Postgres(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, conn, "CREATE TABLE left_over (n int)")
	})
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("the database is still there")
	}
}

func TestPostgresServer_StoppedAndStarted_KeepsWhatWasCommitted(t *testing.T) {
	server := testdb.NewPostgresServer(t)
	conn := connect(t, server.URL())
	mustExec(t, conn, "CREATE TABLE kept AS SELECT 7 AS n")

	server.Stop()
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the connection outlived the server")
	}
	if late, err := pgx.Connect(t.Context(), server.URL()); err == nil {
		_ = late.Close(t.Context())
		t.Error("the stopped server accepts a connection")
	}

	server.Start()
	var n int
	if err := connect(t, server.URL()).QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 7 {
		t.Errorf("n = %d, want 7", n)
	}
}

func TestPostgresServer_Setting_GoesOverTheDefault(t *testing.T) {
	server := testdb.NewPostgresServer(t, "fsync = on")
	var fsync string
	if err := connect(t, server.URL()).QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil {
		t.Fatal(err)
	}
	if fsync != "on" {
		t.Errorf("fsync = %s, want on", fsync)
	}
}
