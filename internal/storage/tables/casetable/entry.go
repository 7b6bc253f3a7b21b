package casetable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Entry is one line of what happened in a case.
type Entry struct {
	Case   int64
	Number int // from 1
	Time   consent.Instant
	Author string // the client or the program that wrote it
	Kind   string
	Mail   []byte // keyed digest of the mail that it is, 16 bytes; nil: it is none
	Sealed []byte // what was said; empty: nothing, or it was taken away
}

const entryColumns = `case_id, number, entry_time, author, kind, mail, sealed`

// AddEntry adds an entry to a case.
func AddEntry(e *Entry) storage.Statement {
	return storage.Statement{
		Doing: "store an entry of a case", SQL: portable.InsertInto("case_entries", entryColumns),
		Args: []any{e.Case, e.Number, int64(e.Time), e.Author, e.Kind, column.OrNull(e.Mail), column.NotNull(e.Sealed)},
	}
}

// Entries returns the entries of a case in their order.
func Entries(ctx context.Context, from storage.TableReader, id int64) ([]Entry, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the entries of a case", SQL: `SELECT ` + entryColumns + ` FROM case_entries WHERE case_id = $1 ORDER BY number`,
		Args: []any{id},
	}, scanEntry)
	return rows, err
}

// EntriesOfMail returns the entries that are a mail, by case and number.
func EntriesOfMail(ctx context.Context, from storage.TableReader, mail [16]byte) ([]Entry, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the entries of a mail", SQL: `SELECT ` + entryColumns + ` FROM case_entries WHERE mail = $1 ORDER BY case_id, number`,
		Args: []any{mail[:]},
	}, scanEntry)
	return rows, err
}

func scanEntry(scan storage.Scan) (Entry, error) {
	var e Entry
	err := scan(&e.Case, &e.Number, (*int64)(&e.Time), &e.Author, &e.Kind, &e.Mail, &e.Sealed)
	if err != nil || e.Mail == nil {
		return e, err
	}
	var mail [16]byte
	return e, column.Fixed("case_entries.mail", mail[:], e.Mail)
}
