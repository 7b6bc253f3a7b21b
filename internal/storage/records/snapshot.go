package records

import (
	"context"
	"math"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// The statements of a [Snapshot] that a [Reader] has not.
const (
	// SelectRows reads rows after a position, at most a number of them.
	SelectRows = `SELECT ` + column.Events + ` FROM events WHERE position > $1 ORDER BY position LIMIT $2`

	// SelectStatesWithin and SelectHeadersWithin read a range of ids, for a page of subjects: to go through it once is faster than to look
	// for each of them.
	SelectStatesWithin = `
		SELECT ` + column.States + ` FROM states WHERE subject > $1 AND subject <= $2 ORDER BY subject`
	SelectHeadersWithin = `
		SELECT e.subject, e.header FROM events e WHERE e.subject > $1 AND e.subject <= $2 ORDER BY e.subject, e.position`
)

// Snapshot is a [storage.Snapshot] over a transaction that an adapter has begun.
type Snapshot struct {
	query Query
	head  storage.Head
}

// NewSnapshot returns the snapshot of a transaction that has read the head. The function runs statements in that transaction.
func NewSnapshot(head *storage.Head, query Query) *Snapshot { return &Snapshot{query, *head} }

// Head returns the head.
func (s *Snapshot) Head() storage.Head { return s.head }

// Rows returns a page of events.
func (s *Snapshot) Rows(ctx context.Context, after int64, limit int) ([]storage.Row, error) {
	_, rows, err := List(ctx, s.query, "read events", SelectRows, []any{after, max(limit, 0)}, column.ScanRow)
	return rows, err
}

// Catalogs returns the versions of the catalog.
func (s *Snapshot) Catalogs(ctx context.Context) ([]storage.Catalog, error) {
	_, rows, err := List(ctx, s.query, "read the catalog", SelectCatalogs, []any{int64(math.MinInt64)}, column.ScanCatalog)
	return rows, err
}

// Refs returns the references.
func (s *Snapshot) Refs(ctx context.Context) ([]storage.Ref, error) {
	_, rows, err := List(ctx, s.query, "read references", SelectRefs, []any{int32(math.MinInt32)}, column.ScanRef)
	return rows, err
}

// Subjects returns a page of subjects.
func (s *Snapshot) Subjects(ctx context.Context, after consent.SubjectID, limit int) ([]storage.SubjectHistory, error) {
	_, ids, err := List(ctx, s.query, "read subject ids", SelectSubjectIDs, []any{after[:], max(limit, 0)}, column.ScanSubjectID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	last := ids[len(ids)-1]
	within := []any{after[:], last[:]}
	_, states, err := List(ctx, s.query, "read states", SelectStatesWithin, within, column.ScanState)
	if err != nil {
		return nil, err
	}
	headers := make(map[consent.SubjectID][][]byte, len(ids))
	_, err = s.query(ctx, "read the events of subjects", SelectHeadersWithin, within, func(scan storage.Scan) error {
		id, header, err := column.ScanIDHeader(scan)
		headers[id] = append(headers[id], header)
		return err
	})
	if err != nil {
		return nil, err
	}
	return column.Histories(ids, states, headers), nil
}

// QueryTable runs a statement on a table that is not the ledger's.
func (s *Snapshot) QueryTable(ctx context.Context, statement storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	_, err := s.query(ctx, statement.Doing, statement.SQL, statement.Args, each)
	return s.head, err
}
