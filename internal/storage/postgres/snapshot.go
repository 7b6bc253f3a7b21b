package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const selectHashes = `SELECT ` + column.Hashes + ` FROM events e WHERE e.position = ANY ($1::bigint[])`

const selectSubjectsByID = `SELECT ` + column.SubjectAlone + ` FROM subjects k WHERE k.subject = ANY ($1::bytea[])`

// SubjectsByID returns the subjects with the ids.
func (s *Store) SubjectsByID(ctx context.Context, ids []consent.SubjectID) (storage.Head, []storage.Subject, error) {
	return records.SubjectsByID(ctx, s.view, selectSubjectsByID, []any{idArray(ids)})
}

// Hashes returns the hashes that are stored with events.
func (s *Store) Hashes(ctx context.Context, positions []int64) (storage.Head, map[int64]ledger.NodeHashes, error) {
	return records.Hashes(ctx, s.view, selectHashes, []any{column.UniquePositions(positions)})
}

// Snapshot reads the whole store in one transaction. Writes go on beside it; what they make obsolete is vacuumed only after it.
func (s *Store) Snapshot(ctx context.Context, read func(context.Context, storage.Snapshot) error) error {
	const doing = "read a snapshot"
	ctx, release := s.enter(ctx)
	defer release()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release() // closes the connection if its transaction has not ended
	defer rollBack(ctx, conn)
	if _, err := conn.Exec(ctx, beginRead); err != nil {
		return s.fail(ctx, doing, err)
	}
	head, err := scanPrimary(conn.QueryRow(ctx, selectHead).Scan, column.ScanHead)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	view := &snapshot{store: s, conn: conn}
	defer func() { view.conn = nil }()
	return read(ctx, records.NewSnapshot(&head, view.query))
}

// snapshot is a transaction that only reads.
type snapshot struct {
	store *Store
	conn  *pgxpool.Conn // nil after the reading
}

// query runs a statement in the transaction. The caller's context may have been made before the store began to close.
func (v *snapshot) query(
	ctx context.Context, doing, sql string, args []any, each func(storage.Scan) error,
) (head storage.Head, err error) {
	if v.conn == nil {
		return head, errors.New(doing + ": the snapshot has ended")
	}
	ctx, release := v.store.enter(ctx)
	defer release()
	rows, err := v.conn.Query(ctx, sql, args...)
	if err != nil {
		return head, v.store.fail(ctx, doing, err)
	}
	defer rows.Close()
	return head, v.store.fail(ctx, doing, scanAll(each)(rows))
}
