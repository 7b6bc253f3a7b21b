package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectHashes = `SELECT ` + column.Hashes + ` FROM events e WHERE e.position = ANY ($1::bigint[])`

	selectRows = `SELECT ` + column.Events + ` FROM events WHERE position > $1 ORDER BY position LIMIT $2`

	// A page of subjects is a range of ids: to go through it once is faster than to look for each of them.
	selectStatesWithin = `
		SELECT ` + column.States + ` FROM states WHERE subject > $1 AND subject <= $2 ORDER BY subject`
	selectHeadersWithin = `
		SELECT e.subject, e.header FROM events e WHERE e.subject > $1 AND e.subject <= $2 ORDER BY e.subject, e.position`
)

// Hashes returns the hashes that are stored with events.
func (s *Store) Hashes(ctx context.Context, positions []int64) (storage.Head, map[int64]ledger.NodeHashes, error) {
	hashes := map[int64]ledger.NodeHashes{}
	args := []any{column.UniquePositions(positions)}
	head, err := s.view(ctx, "read hashes", selectHashes, args, func(scan column.Scan) error {
		position, h, err := column.ScanHashes(scan)
		hashes[position] = h
		return err
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, hashes, nil
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
	head, err := column.ScanHead(conn.QueryRow(ctx, selectHead).Scan)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	view := &snapshot{store: s, conn: conn, head: head}
	defer func() { view.conn = nil }()
	return read(ctx, view)
}

// snapshot is a transaction that only reads.
type snapshot struct {
	store *Store
	conn  *pgxpool.Conn // nil after the reading
	head  storage.Head
}

// Head returns the head.
func (v *snapshot) Head() storage.Head { return v.head }

// Rows returns a page of events.
func (v *snapshot) Rows(ctx context.Context, after int64, limit int) ([]storage.Row, error) {
	return pageOf(ctx, v, "read events", selectRows, []any{after, max(limit, 0)}, column.ScanRow)
}

// Catalogs returns the versions of the catalog.
func (v *snapshot) Catalogs(ctx context.Context) ([]storage.Catalog, error) {
	return pageOf(ctx, v, "read the catalog", selectCatalogs, []any{int64(-1 << 63)}, column.ScanCatalog)
}

// Refs returns the references.
func (v *snapshot) Refs(ctx context.Context) ([]storage.Ref, error) {
	return pageOf(ctx, v, "read references", selectRefs, []any{int32(-1 << 31)}, column.ScanRef)
}

// Subjects returns a page of subjects.
func (v *snapshot) Subjects(ctx context.Context, after consent.SubjectID, limit int) ([]storage.SubjectHistory, error) {
	ids, err := pageOf(ctx, v, "read subject ids", selectSubjectIDs, []any{after[:], max(limit, 0)}, column.ScanSubjectID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	last := ids[len(ids)-1]
	within := []any{after[:], last[:]}
	states, err := pageOf(ctx, v, "read states", selectStatesWithin, within, column.ScanState)
	if err != nil {
		return nil, err
	}
	headers := make(map[consent.SubjectID][][]byte, len(ids))
	_, err = pageOf(ctx, v, "read the events of subjects", selectHeadersWithin, within, func(scan column.Scan) (struct{}, error) {
		id, header, err := column.ScanIDHeader(scan)
		headers[id] = append(headers[id], header)
		return struct{}{}, err
	})
	if err != nil {
		return nil, err
	}
	return column.Histories(ids, states, headers), nil
}

// pageOf reads rows of one kind. The caller's context may have been made before the store began to close.
func pageOf[Row any](
	ctx context.Context, v *snapshot, doing, query string, args []any, scan func(column.Scan) (Row, error),
) ([]Row, error) {
	if v.conn == nil {
		return nil, errors.New(doing + ": the snapshot has ended")
	}
	ctx, release := v.store.enter(ctx)
	defer release()
	rows, err := v.conn.Query(ctx, query, args...)
	if err != nil {
		return nil, v.store.fail(ctx, doing, err)
	}
	defer rows.Close()
	var page []Row
	if err := scanAll(appendTo(&page, scan))(rows); err != nil {
		return nil, v.store.fail(ctx, doing, err)
	}
	return page, nil
}
