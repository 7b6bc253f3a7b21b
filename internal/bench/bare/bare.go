// Package bare does to a database what a server does, with bare statements and nothing around them: what recording is measured
// against. It reads and writes the tables past the port, so it is for databases that were made for measuring only.
package bare

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/config"
)

// DB is a connection to the database of a server.
type DB interface {
	// TouchHead moves the recorded time of the head row on by a microsecond, and commits that durably.
	TouchHead(ctx context.Context) error
	// Position returns the position of the last event.
	Position(ctx context.Context) (int64, error)
	// Rows reads the events after one position up to another, with the subjects of these events and their states.
	Rows(ctx context.Context, after, upTo int64) (Rows, error)
	// Prepare makes the tables that Insert adds rows to, empty.
	Prepare(ctx context.Context) error
	// Insert adds rows to tables like those of the ledger, one statement for each table and one durable commit. A subject that is there is
	// left as it is.
	Insert(ctx context.Context, rows Rows) error
	// ReadStates reads the key and the state of every recipient in one statement, as fast as it can be, and returns how many there are.
	ReadStates(ctx context.Context) (int64, error)
	// MadeBy reports whether every event was recorded in the batch, or by a client with an id that begins so, or by a person by a link after
	// the first of these, or is a catalog.
	MadeBy(ctx context.Context, batch [16]byte, clients string) (bool, error)
	// Close drops those tables and closes the connection.
	Close(ctx context.Context) error
}

// Open connects to the database that the settings name. Its tables must be there.
func Open(ctx context.Context, cfg config.Server) (DB, error) {
	if path, ok := cfg.SQLitePath(); ok {
		return openSQLite(ctx, path)
	}
	return openPostgres(ctx, cfg.DatabaseURL.Reveal())
}

// allStates is what an index is loaded with: of every subject but those of confirmation mails.
const allStates = "SELECT k.form, k.digest, s.state FROM subjects k JOIN states s ON s.subject = k.subject WHERE k.form <> 4"

// Rows are rows of the tables, in the order of [tables].
type Rows [3][][]any

// Events is how many events there are among the rows.
func (r Rows) Events() int { return len(r[0]) }

// table is a table of the ledger.
type table struct {
	name    string
	copied  string // what the table of the same columns and indexes is called
	columns string
	casts   []string // of arrays of the columns, in PostgreSQL
	where   string   // rows of the events after $1 up to $2
}

const aboutThem = "subject IN (SELECT subject FROM events WHERE position > $1 AND position <= $2)"

func tables() [3]table {
	return [3]table{
		{
			name: "events", copied: "assent_bench_events", where: "position > $1 AND position <= $2",
			columns: "position, subject, event_key, kind, recorded_time, occurred_time, actor, batch, header, evidence, leaf_hash, tree_hashes",
			casts: []string{
				"bigint", "bytea", "bytea", "smallint", "bigint", "bigint", "text", "bytea", "bytea", "bytea", "bytea", "bytea",
			},
		},
		{
			name: "subjects", copied: "assent_bench_subjects", where: aboutThem,
			columns: "form, digest, subject, key_version, fold_version, address, erased_time",
			casts:   []string{"smallint", "bytea", "bytea", "bigint", "integer", "bytea", "bigint"},
		},
		{
			name: "states", copied: "assent_bench_states", where: aboutThem,
			columns: "subject, position, state", casts: []string{"bytea", "bigint", "bytea"},
		},
	}
}

const (
	// An update that changes nothing SQLite does not write.
	touchHead = "UPDATE ledger_head SET recorded_time = recorded_time + 1 WHERE id = 1"
	readHead  = "SELECT position FROM ledger_head WHERE id = 1"
	// What persons say by links names no client. It is of those whom the bench wrote to, unless it is from before anything of the bench: no
	// other database lets the bench begin.
	foreignOne = `
		SELECT count(*) FROM (
			SELECT 1 FROM events
			WHERE (batch IS NULL OR batch <> $1) AND actor NOT LIKE $2 AND position NOT IN (SELECT position FROM catalogs)
				AND (actor <> 'recipient' OR position < COALESCE((SELECT min(position) FROM events WHERE batch = $1 OR actor LIKE $2), position + 1))
			LIMIT 1) AS a`
)

func closeAfter(err error, end func() error) error { return errors.Join(err, end()) }
