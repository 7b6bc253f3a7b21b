package tables

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// CosignedCheckpoint is a checkpoint that witnesses signed, as a signed note.
type CosignedCheckpoint struct {
	Size int64
	Note string
}

const cosignedColumns = `size, note`

// LatestCosigned returns the cosigned checkpoint of the largest size; its note is empty if there is none.
func LatestCosigned(ctx context.Context, from storage.TableReader) (storage.Head, CosignedCheckpoint, error) {
	head, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the cosigned checkpoint", SQL: `SELECT ` + cosignedColumns + ` FROM checkpoints ORDER BY size DESC LIMIT 1`,
	}, scanCosigned)
	if err != nil || len(rows) == 0 {
		return head, CosignedCheckpoint{}, err
	}
	return head, rows[0], nil
}

// Cosigned returns the cosigned checkpoints of sizes greater than after, which may be negative, by size, at most limit of them.
func Cosigned(ctx context.Context, from storage.TableReader, after int64, limit int) ([]CosignedCheckpoint, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read cosigned checkpoints", SQL: `SELECT ` + cosignedColumns + ` FROM checkpoints WHERE size > $1 ORDER BY size LIMIT $2`,
		Args: []any{after, max(limit, 0)},
	}, scanCosigned)
	return rows, err
}

// MergeCosigned calls merge once with the note of the cosigned checkpoint that is stored of the size, empty if there is none, and stores
// what it returns, under the lock of the head: so concurrent calls, also of other processes, are done one after the other, and none loses
// what another added. If merge returns an error, nothing is stored and MergeCosigned returns that error.
func MergeCosigned(ctx context.Context, to storage.Writer, size int64, merge func(stored string) (string, error)) error {
	return to.Write(ctx, storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		head, rows, err := portable.List(ctx, tx, storage.Statement{
			Doing: "read a cosigned checkpoint", SQL: `SELECT ` + cosignedColumns + ` FROM checkpoints WHERE size = $1`, Args: []any{size},
		}, scanCosigned)
		if err != nil {
			return nil, err
		}
		stored := ""
		if len(rows) > 0 {
			stored = rows[0].Note
		}
		note, err := merge(stored)
		if err != nil {
			return nil, err
		}
		return &storage.Changes{Head: head, Tables: []storage.Statement{{
			Doing: "store a cosigned checkpoint", SQL: portable.ReplaceIn("checkpoints", "size", cosignedColumns), Args: []any{size, note},
		}}}, nil
	})
}

func scanCosigned(scan storage.Scan) (CosignedCheckpoint, error) {
	var c CosignedCheckpoint
	err := scan(&c.Size, &c.Note)
	return c, err
}
