package service

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/ledger"
)

// raw is a database with write access to all of its tables, as an attacker may have.
type raw struct {
	t       testing.TB
	db      *sql.DB
	dialect *strings.Replacer
}

func openRaw(t testing.TB, url, path string) *raw {
	t.Helper()
	r := &raw{t: t, dialect: strings.NewReplacer()}
	driver, source := "pgx", url
	if url == "" {
		driver, source, r.dialect = "sqlite", path+"?_pragma=busy_timeout(10000)", strings.NewReplacer("$", "?")
	}
	var err error
	if r.db, err = sql.Open(driver, source); err != nil {
		t.Fatal(err)
	}
	r.db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// exec changes the database.
func (r *raw) exec(query string, args ...any) {
	r.t.Helper()
	result, err := r.db.ExecContext(r.t.Context(), r.dialect.Replace(query), args...)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		r.t.Fatalf("%s: changed %d rows, %v", query, n, err)
	}
}

// run runs a statement that changes no row.
func (r *raw) run(statement string) {
	r.t.Helper()
	if _, err := r.db.ExecContext(r.t.Context(), statement); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
}

// bytes reads one value.
func (r *raw) bytes(query string, args ...any) []byte {
	r.t.Helper()
	var b []byte
	if err := r.db.QueryRowContext(r.t.Context(), r.dialect.Replace(query), args...).Scan(&b); err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return b
}

// flip changes the last bit of a value of the event at the position.
func (r *raw) flip(column string, position int64) {
	r.t.Helper()
	b := r.bytes("SELECT "+column+" FROM events WHERE position = $1", position)
	b[len(b)-1] ^= 1
	r.exec("UPDATE events SET "+column+" = $1 WHERE position = $2", b, position)
}

// forge changes an event as it was never recorded, with its own hash and the columns that index it.
func (r *raw) forge(position int64, change func(e *consent.Event)) {
	r.t.Helper()
	event, err := codec.DecodeHeader(r.bytes("SELECT header FROM events WHERE position = $1", position))
	if err != nil {
		r.t.Fatal(err)
	}
	change(&event)
	header := codec.AppendHeader(nil, &event)
	leaf := ledger.LeafHash(header)
	r.exec("UPDATE events SET header = $1, leaf_hash = $2, actor = $3, recorded_time = $4 WHERE position = $5",
		header, leaf[:], event.Actor, int64(event.Recorded), position)
}

// rehash makes all hashes anew up to the position, and the head with them.
func (r *raw) rehash(size int64) {
	r.t.Helper()
	tree, err := ledger.ParseTree(0, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for position := range size {
		leaf := ledger.LeafHash(r.bytes("SELECT header FROM events WHERE position = $1", position+1))
		hashes := tree.Append(leaf)
		if hashes == nil {
			hashes = []byte{}
		}
		r.exec("UPDATE events SET leaf_hash = $1, tree_hashes = $2 WHERE position = $3", leaf[:], hashes, position+1)
	}
	r.exec("UPDATE ledger_head SET tree = $1, position = $2", tree.Pack(), size)
}
