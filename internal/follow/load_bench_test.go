package follow_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// BenchmarkLoad reads all states into a table, and in the same run what the database needs for the same rows at best: one COPY of the
// join of PostgreSQL, one SELECT of SQLite. The two take turns. Run it with -bench 'Load/.*/subjects=2097152' -benchtime 5x.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1 << 17, 1 << 21} { // powers of two, of which a tree has one hash
		b.Run(fmt.Sprintf("sqlite/subjects=%d", n), func(b *testing.B) {
			store, plain := populateSQLite(b, n)
			benchmarkLoad(b, store, n, plain)
		})
		b.Run(fmt.Sprintf("postgres/subjects=%d", n), func(b *testing.B) {
			store, plain := populatePostgres(b, n)
			benchmarkLoad(b, store, n, plain)
		})
	}
}

func benchmarkLoad(b *testing.B, store storage.Store, n int, plain func() error) {
	b.Helper()
	var loading, reading time.Duration
	var entry float64
	rounds := 0
	for b.Loop() {
		began := time.Now()
		if err := plain(); err != nil {
			b.Fatal(err)
		}
		reading += time.Since(began)
		began = time.Now()
		entry = load(b, index.New(store, index.Options{}), n)
		loading += time.Since(began)
		rounds++
	}
	b.ReportMetric(float64(rounds*n)/loading.Seconds(), "rows/s")
	b.ReportMetric(float64(rounds*n)/reading.Seconds(), "plain-rows/s")
	b.ReportMetric(loading.Seconds()/reading.Seconds(), "times-plain")
	b.ReportMetric(entry, "B/entry")
}

// load loads everything and returns how many bytes an entry takes.
func load(b *testing.B, x *index.Index, n int) float64 {
	b.Helper()
	if err := x.LoadPages(b.Context()); err != nil {
		b.Fatal(err)
	}
	stats := x.Stats()
	if stats.Recipients != int64(n) {
		b.Fatalf("loaded %d states, want %d", stats.Recipients, n)
	}
	return float64(stats.Bytes) / float64(n)
}

const (
	plainJoin = `SELECT k.form, k.digest, s.state FROM subjects k LEFT JOIN states s ON s.subject = k.subject WHERE k.form < 4`
	statesOf  = `INSERT INTO states (subject, position, state) SELECT subject, 1, `
)

func initialise(b *testing.B, store storage.Store) {
	b.Helper()
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := store.Initialise(b.Context(), storage.Head{KeysCheck: make([]byte, 32), DigestKeys: []uint32{1}}); err != nil {
		b.Fatal(err)
	}
}

func populatePostgres(b *testing.B, n int) (storage.Store, func() error) {
	b.Helper()
	url := testdb.Postgres(b)
	store, err := postgres.Open(b.Context(), url, postgres.Options{Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	initialise(b, store)
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.WithoutCancel(b.Context())) })
	for _, statement := range []string{
		fmt.Sprintf(`UPDATE ledger_head SET position = %d, tree = decode(repeat('00', 32), 'hex')`, n),
		fmt.Sprintf(`INSERT INTO subjects (form, digest, subject, key_version, fold_version, address)
			SELECT 1, sha256(int8send(i)), decode(md5(i::text), 'hex'), 1, 1, sha256(int8send(-i)) || sha256(int8send(i)) FROM generate_series(1::bigint, %d) i`, n),
		statesOf + `substring(sha256(digest) for 22) FROM subjects`,
		`VACUUM (ANALYZE) subjects`, `VACUUM (ANALYZE) states`,
	} {
		if _, err := conn.Exec(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	return store, func() error {
		_, err := conn.PgConn().CopyTo(b.Context(), io.Discard, `COPY (`+plainJoin+`) TO STDOUT (FORMAT binary)`)
		return err
	}
}

func populateSQLite(b *testing.B, n int) (storage.Store, func() error) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "assent.db")
	store, err := sqlite.Open(b.Context(), path, sqlite.Options{Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	initialise(b, store)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		`PRAGMA cache_size = -1000000`, `PRAGMA synchronous = OFF`,
		fmt.Sprintf(`UPDATE ledger_head SET position = %d, tree = zeroblob(32)`, n),
		fmt.Sprintf(`WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)
			INSERT INTO subjects (form, digest, subject, key_version, fold_version, address)
			SELECT 1, randomblob(32), randomblob(16), 1, 1, randomblob(64) FROM c`, n),
		statesOf + `randomblob(22) FROM subjects`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	return store, func() error { return readPlain(b.Context(), db) }
}

func readPlain(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, plainJoin)
	if err != nil {
		return err
	}
	defer rows.Close()
	var form int
	var digest, state sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&form, &digest, &state); err != nil {
			return err
		}
	}
	return rows.Err()
}
