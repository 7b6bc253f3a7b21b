package sqlite

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const selectHashes = `
		SELECT ` + column.Hashes + ` FROM json_each(?1) a CROSS JOIN events e ON e.position = a.value`

const selectSubjectsByID = `
		SELECT ` + column.SubjectAlone + ` FROM json_each(?1) a CROSS JOIN subjects k ON k.subject = unhex(a.value)`

// SubjectsByID returns the subjects with the ids.
func (s *Store) SubjectsByID(ctx context.Context, ids []consent.SubjectID) (storage.Head, []storage.Subject, error) {
	return records.SubjectsByID(ctx, s.query, selectSubjectsByID, []any{jsonSubjects(column.UniqueIDs(ids))})
}

// Hashes returns the hashes that are stored with events.
func (s *Store) Hashes(ctx context.Context, positions []int64) (storage.Head, map[int64]ledger.NodeHashes, error) {
	return records.Hashes(ctx, s.query, selectHashes, []any{jsonPositions(column.UniquePositions(positions))})
}

// Snapshot reads the whole store in one transaction. Writes go on beside it; the log of the file grows meanwhile.
func (s *Store) Snapshot(ctx context.Context, read func(context.Context, storage.Snapshot) error) error {
	var readErr error // given back as it is
	_, err := s.view(ctx, "read a snapshot", func(c *conn) error {
		head, err := c.head()
		if err != nil {
			return err
		}
		view := &snapshot{store: s, conn: c}
		readErr = read(ctx, records.NewSnapshot(&head, view.query))
		view.conn = nil
		return readErr
	})
	if readErr != nil {
		return readErr
	}
	return err
}

// snapshot is a transaction that only reads.
type snapshot struct {
	store *Store
	conn  *conn // nil after the reading
}

// query runs a statement in the transaction, unless the store is closing: a snapshot may be read for long.
func (v *snapshot) query(
	ctx context.Context, doing, sql string, args []any, each func(storage.Scan) error,
) (head storage.Head, err error) {
	if v.conn == nil {
		return head, errors.New(doing + ": the snapshot has ended")
	}
	select {
	case <-v.store.closing:
		return head, classify(doing, storage.ErrClosed)
	default:
	}
	if err := context.Cause(ctx); err != nil {
		return head, classify(doing, err)
	}
	return head, classify(doing, v.conn.query(sql, args, whileWanted(ctx, each)))
}
