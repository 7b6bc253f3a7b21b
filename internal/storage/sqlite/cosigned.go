package sqlite

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectCosignedOf = `SELECT ` + column.Cosigned + ` FROM checkpoints WHERE size = ?1`

	selectLatestCosigned = `SELECT ` + column.Cosigned + ` FROM checkpoints ORDER BY size DESC LIMIT 1`

	selectCosigned = `SELECT ` + column.Cosigned + ` FROM checkpoints WHERE size > ?1 ORDER BY size LIMIT ?2`

	replaceCosigned = `REPLACE INTO checkpoints (` + column.Cosigned + `) VALUES (?, ?)`
)

// MergeCosigned changes the cosigned checkpoint of a size.
func (s *Store) MergeCosigned(ctx context.Context, size int64, merge func(stored string) (string, error)) error {
	var mergeErr error // given back as it is
	err := s.locked(ctx, "store a cosigned checkpoint", func(c *conn) error {
		if _, err := c.head(); err != nil {
			return err
		}
		stored, err := all(ctx, c, selectCosignedOf, []any{size}, column.ScanCosigned)
		if err != nil {
			return err
		}
		before := ""
		if len(stored) > 0 {
			before = stored[0].Note
		}
		var note string
		if note, mergeErr = merge(before); mergeErr != nil {
			return mergeErr
		}
		if err := storage.CheckNote(note); err != nil {
			return err
		}
		_, err = c.exec(replaceCosigned, size, note)
		return err
	})
	if mergeErr != nil {
		return mergeErr
	}
	return err
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
