package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Undo leaves a batch out of every answer. From its row on no event is recorded with the batch any more.
type Undo struct {
	Batch     consent.BatchID
	Number    int64 // of a large one: 1, 2, 3 … as in the ledger; 0: it was done in one transaction
	Position  int64 // of its last event; 0: it is pending, as at most one is
	Scanned   int64 // up to which position of the ledger the events of the batch have their voids
	Events    int64 // left out so far
	Subjects  int64 // of these events
	Kept      int64 // subjects that keep what the batch recorded, because a consent without evidence would count again
	Started   consent.Instant
	StartedBy string // the client
}

const undoColumns = `batch, number, position, scanned, events, subjects, kept, started_time, started_by`

// UndoOf returns the undo of a batch, if there is one.
func UndoOf(ctx context.Context, from storage.TableReader, batch consent.BatchID) ([]Undo, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read an undo", SQL: `SELECT ` + undoColumns + ` FROM undos WHERE batch = $1`, Args: []any{batch[:]},
	}, scanUndo)
	return rows, err
}

// PendingUndo returns the undo that is pending, if there is one.
func PendingUndo(ctx context.Context, from storage.TableReader) ([]Undo, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the pending undo", SQL: `SELECT ` + undoColumns + ` FROM undos WHERE position = 0`,
	}, scanUndo)
	return rows, err
}

// CompleteUndos returns the positions at which the large undos took effect.
func CompleteUndos(ctx context.Context, from storage.TableReader) (consent.Undos, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the positions of undos", SQL: `SELECT position FROM undos WHERE number > 0 AND position > 0 ORDER BY number`,
	}, func(scan storage.Scan) (position int64, err error) { return position, scan(&position) })
	return rows, err
}

// PutUndo stores an undo, in the place of the one of its batch.
func PutUndo(u *Undo) storage.Statement {
	return storage.Statement{Doing: "store an undo", SQL: portable.ReplaceIn("undos", "batch", undoColumns), Args: []any{
		u.Batch[:], u.Number, u.Position, u.Scanned, u.Events, u.Subjects, u.Kept, int64(u.Started), u.StartedBy,
	}}
}

func scanUndo(scan storage.Scan) (Undo, error) {
	var u Undo
	var batch []byte
	err := scan(&batch, &u.Number, &u.Position, &u.Scanned, &u.Events, &u.Subjects, &u.Kept, (*int64)(&u.Started), &u.StartedBy)
	if err != nil {
		return Undo{}, err
	}
	return u, column.Fixed("undos.batch", u.Batch[:], batch)
}
