package sqlite

import (
	"context"
	"errors"
	"strconv"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectHashes = `
		SELECT ` + column.Hashes + ` FROM json_each(?1) a CROSS JOIN events e ON e.position = a.value`

	selectRows = `SELECT ` + column.Events + ` FROM events WHERE position > ?1 ORDER BY position LIMIT ?2`

	// A page of subjects is a range of ids: to go through it once is faster than to look for each of them.
	selectStatesWithin = `
		SELECT ` + column.States + ` FROM states WHERE subject > ?1 AND subject <= ?2 ORDER BY subject`
	selectHeadersWithin = `
		SELECT e.subject, e.header FROM events e WHERE e.subject > ?1 AND e.subject <= ?2 ORDER BY e.subject, e.position`
)

// Hashes returns the hashes that are stored with events.
func (s *Store) Hashes(ctx context.Context, positions []int64) (storage.Head, map[int64]ledger.NodeHashes, error) {
	hashes := map[int64]ledger.NodeHashes{}
	list := []byte{'['}
	for i, position := range column.UniquePositions(positions) {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, position, 10)
	}
	head, err := s.view(ctx, "read hashes", func(c *conn) error {
		return c.query(selectHashes, []any{string(append(list, ']'))}, func(scan column.Scan) error {
			position, h, err := column.ScanHashes(scan)
			hashes[position] = h
			return err
		})
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, hashes, nil
}

// Snapshot reads the whole store in one transaction. Writes go on beside it; the log of the file grows meanwhile.
func (s *Store) Snapshot(ctx context.Context, read func(context.Context, storage.Snapshot) error) error {
	var readErr error // given back as it is
	_, err := s.view(ctx, "read a snapshot", func(c *conn) error {
		head, err := c.head()
		if err != nil {
			return err
		}
		view := &snapshot{store: s, conn: c, head: head}
		readErr = read(ctx, view)
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
	return pageOf(ctx, v, "read references", selectRefs, []any{int64(-1 << 63)}, column.ScanRef)
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

// pageOf reads rows of one kind, unless the store is closing: a snapshot may be read for long.
func pageOf[Row any](
	ctx context.Context, v *snapshot, doing, query string, args []any, scan func(column.Scan) (Row, error),
) ([]Row, error) {
	if v.conn == nil {
		return nil, errors.New(doing + ": the snapshot has ended")
	}
	select {
	case <-v.store.closing:
		return nil, classify(doing, storage.ErrClosed)
	default:
	}
	if err := context.Cause(ctx); err != nil {
		return nil, classify(doing, err)
	}
	rows, err := all(ctx, v.conn, query, args, scan)
	if err != nil {
		return nil, classify(doing, err)
	}
	return rows, nil
}
