package storage

import "context"

// Scan reads the columns of a row into the destinations, as the Scan methods of both drivers do.
type Scan func(dest ...any) error

// Statement is a statement on one of the tables that are not the ledger's. Package tables makes all of them. Its SQL is what PostgreSQL and
// SQLite have in common, with the placeholders $1, $2 and so on. Its arguments are of the types int, int64, *int64, bool, string and []byte;
// a nil *int64 and a nil []byte are NULL.
type Statement struct {
	Doing string // what it does, for errors: "read clients"
	SQL   string
	Args  []any
}

// TableReader reads the tables of package tables.
type TableReader interface {
	// QueryTable runs a statement that reads, calls each with its rows in their order, and returns the head as of the same snapshot; inside
	// a write that is the locked head. If each returns an error, QueryTable returns an error that wraps it.
	QueryTable(ctx context.Context, statement Statement, each func(Scan) error) (Head, error)
}
