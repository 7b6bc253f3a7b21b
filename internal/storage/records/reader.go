// Package records reads what is the same in both databases of the ledger: statements that differ in nothing but how placeholders are
// written. The adapters of the storage port embed its readers, and keep the statements that lists of keys go into, which PostgreSQL takes
// as arrays and SQLite as JSON.
package records

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// Query runs a statement, with the placeholders $1, $2 and so on, calls each with its rows, and returns the head of the same snapshot.
type Query func(ctx context.Context, doing, sql string, args []any, each func(storage.Scan) error) (storage.Head, error)

// List reads rows of one kind.
func List[Row any](
	ctx context.Context, query Query, doing, sql string, args []any, scan func(storage.Scan) (Row, error),
) (storage.Head, []Row, error) {
	var rows []Row
	head, err := query(ctx, doing, sql, args, column.AppendTo(&rows, scan))
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, rows, nil
}

// EventsOf reads the key of a subject and a header of one of its events from each row. A header that is NULL says that a subject has none.
func EventsOf(
	ctx context.Context, query Query, sql string, args []any,
) (storage.Head, map[storage.SubjectKey][][]byte, error) {
	events := map[storage.SubjectKey][][]byte{}
	head, err := query(ctx, "read events", sql, args, func(scan storage.Scan) error {
		key, header, err := column.ScanKeyHeader(scan)
		if err != nil {
			return err
		}
		of := events[key]
		if header != nil {
			of = append(of, header)
		}
		events[key] = of
		return nil
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, events, nil
}

// SubjectsByID reads the columns of [column.SubjectAlone] from each row.
func SubjectsByID(ctx context.Context, query Query, sql string, args []any) (storage.Head, []storage.Subject, error) {
	subjects := column.NewSubjectStates(false)
	head, err := query(ctx, "read subjects by their ids", sql, args, subjects.Add)
	if err != nil {
		return storage.Head{}, nil, err
	}
	var found []storage.Subject
	for _, s := range subjects.All() {
		found = append(found, s.Subject)
	}
	return head, found, nil
}

// Hashes reads the columns of [column.Hashes] from each row.
func Hashes(ctx context.Context, query Query, sql string, args []any) (storage.Head, map[int64]ledger.NodeHashes, error) {
	hashes := map[int64]ledger.NodeHashes{}
	head, err := query(ctx, "read hashes", sql, args, func(scan storage.Scan) error {
		position, h, err := column.ScanHashes(scan)
		hashes[position] = h
		return err
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, hashes, nil
}

// Reader is the part of a [storage.Reader] that is the same in both databases. Each method reads a snapshot of its own.
type Reader struct{ query Query }

// NewReader returns a reader that reads by the function, each time on a snapshot of its own.
func NewReader(query Query) Reader { return Reader{query} }

// The statements of a [Reader].
const (
	// SelectHead reads the columns of [column.Head].
	SelectHead = `SELECT ` + column.Head + ` FROM ledger_head WHERE id = 1`
	// SelectLedger reads records after a position, at most a number of them.
	SelectLedger = `SELECT ` + column.Record + ` FROM events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`
	// SelectSubjectIDs reads ids greater than one, at most a number of them.
	SelectSubjectIDs = `
		SELECT subject FROM (SELECT DISTINCT subject FROM events WHERE subject > $1 ORDER BY subject LIMIT $2) e
		UNION
		SELECT subject FROM (SELECT subject FROM states WHERE subject > $1 ORDER BY subject LIMIT $2) s
		ORDER BY subject LIMIT $2`
	// SelectSubjectsIn reads subjects with ids greater than one, up to another, at most a number of them, and those that have the id of the last.
	SelectSubjectsIn = `
		SELECT ` + column.SubjectState + ` FROM subjects k LEFT JOIN states s ON s.subject = k.subject
		WHERE k.subject > $1 AND k.subject <= (
			SELECT subject FROM (SELECT subject FROM subjects WHERE subject > $1 AND subject <= $2 ORDER BY subject LIMIT $3) l
			ORDER BY subject DESC LIMIT 1)
		ORDER BY k.subject`
	// SelectCatalogs reads versions greater than one.
	SelectCatalogs = `SELECT ` + column.Catalogs + ` FROM catalogs WHERE version > $1 ORDER BY version`
	// SelectRefs reads references with a number greater than one.
	SelectRefs = `SELECT ` + column.Refs + ` FROM catalog_refs WHERE number > $1 ORDER BY number`
	// SelectOutlines reads outlines after a position, at most a number of them.
	SelectOutlines = `SELECT ` + column.Outline + ` FROM events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`
	// SelectErasures reads erasures that have evidence, after a position, at most a number of them. 9 is consent.KindErase, written out
	// so that the partial index of these events is found.
	SelectErasures = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.kind = 9 AND e.evidence IS NOT NULL AND e.position > $1 ORDER BY e.position LIMIT $2`
	// SelectBatch reads events of a batch after a position, at most a number of them.
	SelectBatch = `
		SELECT e.position, e.subject FROM events e WHERE e.batch = $1 AND e.position > $2 ORDER BY e.position LIMIT $3`

	// SelectPositionAt is a binary search by the primary key: recorded times never decrease from one position to the next. The last event
	// that was recorded by the instant $1 stands at low or after it, and not after high.
	SelectPositionAt = `
		WITH RECURSIVE search (low, high) AS (
			SELECT CAST(0 AS bigint), position FROM ledger_head WHERE id = 1
			UNION ALL
			SELECT CASE WHEN e.recorded_time <= $1 THEN e.position ELSE s.low END,
				CASE WHEN e.recorded_time <= $1 THEN s.high ELSE e.position - 1 END
			FROM search s JOIN events e ON e.position = (s.low + s.high + 1) / 2
			WHERE s.low < s.high
		)
		SELECT low FROM search WHERE low = high`
)

// PositionAt returns the position of the last event that was recorded at or before the instant.
func (r Reader) PositionAt(ctx context.Context, recorded consent.Instant) (storage.Head, int64, error) {
	position := int64(-1)
	head, err := r.query(ctx, "read a position", SelectPositionAt, []any{int64(recorded)}, func(scan storage.Scan) error {
		return scan(&position)
	})
	if err == nil && position < 0 {
		err = errors.New("the ledger lacks an event before its head")
	}
	if err != nil {
		return storage.Head{}, 0, err
	}
	return head, position, nil
}

// Ledger returns records of all subjects.
func (r Reader) Ledger(ctx context.Context, after int64, limit int) (storage.Head, []storage.Record, error) {
	return List(ctx, r.query, "read the ledger", SelectLedger, []any{after, max(limit, 0)}, column.ScanRecord)
}

// SubjectIDs returns ids of subjects.
func (r Reader) SubjectIDs(ctx context.Context, after consent.SubjectID, limit int) ([]consent.SubjectID, error) {
	_, ids, err := List(ctx, r.query, "read subject ids", SelectSubjectIDs, []any{after[:], max(limit, 0)}, column.ScanSubjectID)
	return ids, err
}

// SubjectsIn returns subjects of a range of ids.
func (r Reader) SubjectsIn(ctx context.Context, ids storage.IDRange, limit int) (storage.Head, []storage.SubjectState, error) {
	subjects := column.NewSubjectStates(false)
	subjects.Expect(limit)
	head, err := r.query(ctx, "read subjects", SelectSubjectsIn, []any{ids.After[:], ids.Through[:], max(limit, 0)}, subjects.Add)
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, subjects.All(), nil
}

// Catalogs returns versions of the catalog.
func (r Reader) Catalogs(ctx context.Context, after int64) (storage.Head, []storage.Catalog, error) {
	return List(ctx, r.query, "read the catalog", SelectCatalogs, []any{after}, column.ScanCatalog)
}

// Refs returns references.
func (r Reader) Refs(ctx context.Context, after int32) (storage.Head, []storage.Ref, error) {
	return List(ctx, r.query, "read references", SelectRefs, []any{after}, column.ScanRef)
}

// Outlines returns outlines of events by position.
func (r Reader) Outlines(ctx context.Context, after int64, limit int) ([]storage.Outline, error) {
	_, rows, err := List(ctx, r.query, "read outlines", SelectOutlines, []any{after, max(limit, 0)}, column.ScanOutline)
	return rows, err
}

// Erasures returns erasures that have evidence.
func (r Reader) Erasures(ctx context.Context, after int64, limit int) (storage.Head, []storage.Record, error) {
	return List(ctx, r.query, "read erasures", SelectErasures, []any{after, max(limit, 0)}, column.ScanRecord)
}

// Batch returns events of a batch.
func (r Reader) Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	_, rows, err := List(ctx, r.query, "read a batch", SelectBatch, []any{batch[:], after, max(limit, 0)}, column.ScanBatchEvent)
	return rows, err
}

// QueryTable runs a statement on a table that is not the ledger's.
func (r Reader) QueryTable(ctx context.Context, s storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	return r.query(ctx, s.Doing, s.SQL, s.Args, each)
}
