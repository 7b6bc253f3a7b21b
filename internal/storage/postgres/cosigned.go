package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectCosignedOf = `SELECT ` + column.Cosigned + ` FROM checkpoints WHERE size = $1`

	selectLatestCosigned = `SELECT ` + column.Cosigned + ` FROM checkpoints ORDER BY size DESC LIMIT 1`

	selectCosigned = `SELECT ` + column.Cosigned + ` FROM checkpoints WHERE size > $1 ORDER BY size LIMIT $2`

	replaceCosigned = `
		INSERT INTO checkpoints (` + column.Cosigned + `) VALUES ($1, $2) ON CONFLICT (size) DO UPDATE SET note = excluded.note`
)

// MergeCosigned changes the cosigned checkpoint of a size. It holds the lock of the head meanwhile: a row that is not there yet
// cannot be locked.
func (s *Store) MergeCosigned(ctx context.Context, size int64, merge func(stored string) (string, error)) error {
	const doing = "store a cosigned checkpoint"
	ctx, release := s.enter(ctx)
	defer release()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release() // closes the connection if its transaction has not ended
	var head storage.Head
	var stored []storage.CosignedCheckpoint
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(lockHead).Query(scanHead(&head))
	batch.Queue(selectCosignedOf, size).Query(scanAll(appendTo(&stored, column.ScanCosigned)))
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	before := ""
	if len(stored) > 0 {
		before = stored[0].Note
	}
	note, err := merge(before)
	if err != nil {
		rollBack(ctx, conn)
		return err
	}
	if err := storage.CheckNote(note); err != nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	batch = &pgx.Batch{}
	batch.Queue(replaceCosigned, size, note)
	batch.Queue(commit)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	return nil
}

// LatestCosigned returns the cosigned checkpoint of the largest size.
func (s *Store) LatestCosigned(ctx context.Context) (storage.Head, storage.CosignedCheckpoint, error) {
	head, rows, err := list(ctx, s, "read the cosigned checkpoint", selectLatestCosigned, nil, column.ScanCosigned)
	if err != nil || len(rows) == 0 {
		return head, storage.CosignedCheckpoint{}, err
	}
	return head, rows[0], nil
}

// Cosigned returns a page of cosigned checkpoints.
func (v *snapshot) Cosigned(ctx context.Context, after int64, limit int) ([]storage.CosignedCheckpoint, error) {
	return pageOf(ctx, v, "read cosigned checkpoints", selectCosigned, []any{after, max(limit, 0)}, column.ScanCosigned)
}
