package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	beginRead  = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	commit     = `COMMIT`
	selectHead = `SELECT ` + column.Head + ` FROM ledger_head WHERE id = 1`

	// The keys are two arrays, of forms and of digests.
	fromSubjects = `
		FROM unnest($1::smallint[], $2::bytea[]) AS a (form, digest)
		JOIN subjects k ON k.form = a.form AND k.digest = a.digest`

	selectSubjects = `
		SELECT ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectHeadAndSubjects = `
		SELECT ` + column.Head + `, ` + column.NoSubjectState + ` FROM ledger_head WHERE id = 1
		UNION ALL
		SELECT ` + column.NoHead + `, ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectEventsOf = `
		SELECT k.form, k.digest, e.header` + fromSubjects + `
		LEFT JOIN events e ON e.subject = k.subject AND ($3::bigint = 0 OR e.occurred_time <= $3 OR e.kind = ` + column.KindVoid + `)
			AND ($4::bigint = 0 OR e.position <= $4)
		ORDER BY k.form, k.digest, e.position`

	// A binary search by the primary key: recorded times never decrease from one position to the next. The last event that was
	// recorded by the instant stands at low or after it, and not after high.
	selectPositionAt = `
		WITH RECURSIVE search (low, high) AS (
			SELECT 0::bigint, position FROM ledger_head WHERE id = 1
			UNION ALL
			SELECT CASE WHEN e.recorded_time <= $1 THEN e.position ELSE s.low END,
				CASE WHEN e.recorded_time <= $1 THEN s.high ELSE e.position - 1 END
			FROM search s JOIN events e ON e.position = (s.low + s.high + 1) / 2
			WHERE s.low < s.high
		)
		SELECT low FROM search WHERE low = high`

	selectRecordsOf = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.subject IN (SELECT k.subject` + fromSubjects + `) AND e.position > $3
		ORDER BY e.position LIMIT $4`

	selectLedger = `SELECT ` + column.Record + ` FROM events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`

	selectSubjectIDs = `
		(SELECT DISTINCT subject FROM events WHERE subject > $1 ORDER BY subject LIMIT $2)
		UNION
		(SELECT subject FROM states WHERE subject > $1 ORDER BY subject LIMIT $2)
		ORDER BY subject LIMIT $2`

	selectCatalogs = `SELECT ` + column.Catalogs + ` FROM catalogs WHERE version > $1 ORDER BY version`
	selectRefs     = `SELECT ` + column.Refs + ` FROM catalog_refs WHERE number > $1 ORDER BY number`
	selectClients  = `SELECT ` + column.Clients + ` FROM clients ORDER BY id COLLATE "C"`
)

// keyArrays returns the keys, each once, as statements take them.
func keyArrays(keys []storage.SubjectKey) (forms []int16, digests [][]byte) {
	keys = column.UniqueKeys(keys)
	forms, digests = make([]int16, len(keys)), make([][]byte, len(keys))
	for i := range keys {
		forms[i], digests[i] = int16(keys[i].Form), keys[i].Digest[:]
	}
	return forms, digests
}

// scanHead takes the head from a result, which is empty without one.
func scanHead(into *storage.Head) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return err
			}
			return storage.ErrNotInitialised
		}
		*into, err = column.ScanHead(rows.Scan)
		return err
	}
}

// scanAll calls add for the rows of a result.
func scanAll(add func(column.Scan) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := add(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// view runs a query and reads the head, on one snapshot and in one round trip.
func (s *Store) view(ctx context.Context, doing, query string, args []any, add func(column.Scan) error) (storage.Head, error) {
	ctx, release := s.enter(ctx)
	defer release()
	var head storage.Head
	batch := &pgx.Batch{}
	batch.Queue(beginRead)
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(query, args...).Query(scanAll(add))
	batch.Queue(commit)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return storage.Head{}, s.fail(ctx, doing, err)
	}
	return head, nil
}

// list reads rows of one kind and the head of the same snapshot.
func list[Row any](
	ctx context.Context, s *Store, doing, query string, args []any, scan func(column.Scan) (Row, error),
) (storage.Head, []Row, error) {
	var rows []Row
	head, err := s.view(ctx, doing, query, args, appendTo(&rows, scan))
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, rows, nil
}

// appendTo returns a function that scans a row and keeps it.
func appendTo[Row any](rows *[]Row, scan func(column.Scan) (Row, error)) func(column.Scan) error {
	return func(from column.Scan) error {
		row, err := scan(from)
		if err != nil {
			return err
		}
		*rows = append(*rows, row)
		return nil
	}
}

// Head returns the head.
func (s *Store) Head(ctx context.Context) (storage.Head, error) {
	ctx, release := s.enter(ctx)
	defer release()
	head, err := column.ScanHead(s.pool.QueryRow(ctx, selectHead).Scan)
	if err != nil {
		return storage.Head{}, s.fail(ctx, "read the head", err)
	}
	return head, nil
}

// States returns the subjects of the keys with their states.
func (s *Store) States(ctx context.Context, keys []storage.SubjectKey) (storage.Head, []storage.SubjectState, error) {
	ctx, release := s.enter(ctx)
	defer release()
	head, subjects, err := s.states(ctx, keys)
	if err != nil {
		return storage.Head{}, nil, s.fail(ctx, "read states", err)
	}
	return head, subjects, nil
}

func (s *Store) states(ctx context.Context, keys []storage.SubjectKey) (storage.Head, []storage.SubjectState, error) {
	var head storage.Head
	forms, digests := keyArrays(keys)
	rows, err := s.pool.Query(ctx, selectHeadAndSubjects, forms, digests)
	if err != nil {
		return head, nil, err
	}
	defer rows.Close()
	subjects, found := column.NewSubjectStates(true), false
	for rows.Next() {
		if rows.RawValues()[0] == nil { // no store id: not the head
			err = subjects.Add(rows.Scan)
		} else {
			found = true
			head, err = column.ScanHeadOnly(rows.Scan)
		}
		if err != nil {
			return head, nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return head, nil, err
	}
	if !found {
		return head, nil, storage.ErrNotInitialised
	}
	return head, subjects.All(), nil
}

// EventsOf returns the headers of the events of the subjects.
func (s *Store) EventsOf(
	ctx context.Context, keys []storage.SubjectKey, until consent.Instant, upTo int64,
) (storage.Head, map[storage.SubjectKey][][]byte, error) {
	events := map[storage.SubjectKey][][]byte{}
	forms, digests := keyArrays(keys)
	args := []any{forms, digests, int64(until), upTo}
	head, err := s.view(ctx, "read events", selectEventsOf, args, func(scan column.Scan) error {
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

// PositionAt returns the position of the last event that was recorded at or before the instant.
func (s *Store) PositionAt(ctx context.Context, recorded consent.Instant) (storage.Head, int64, error) {
	position := int64(-1)
	head, err := s.view(ctx, "read a position", selectPositionAt, []any{int64(recorded)}, func(scan column.Scan) error {
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

// Records returns records of the subjects.
func (s *Store) Records(
	ctx context.Context, keys []storage.SubjectKey, after int64, limit int,
) (storage.Head, []storage.Record, error) {
	forms, digests := keyArrays(keys)
	args := []any{forms, digests, after, max(limit, 0)}
	return list(ctx, s, "read records", selectRecordsOf, args, column.ScanRecord)
}

// Ledger returns records of all subjects.
func (s *Store) Ledger(ctx context.Context, after int64, limit int) (storage.Head, []storage.Record, error) {
	return list(ctx, s, "read the ledger", selectLedger, []any{after, max(limit, 0)}, column.ScanRecord)
}

// SubjectIDs returns ids of subjects.
func (s *Store) SubjectIDs(ctx context.Context, after consent.SubjectID, limit int) ([]consent.SubjectID, error) {
	_, ids, err := list(ctx, s, "read subject ids", selectSubjectIDs, []any{after[:], max(limit, 0)}, column.ScanSubjectID)
	return ids, err
}

// Catalogs returns versions of the catalog.
func (s *Store) Catalogs(ctx context.Context, after int64) (storage.Head, []storage.Catalog, error) {
	return list(ctx, s, "read the catalog", selectCatalogs, []any{after}, column.ScanCatalog)
}

// Refs returns references.
func (s *Store) Refs(ctx context.Context, after int32) (storage.Head, []storage.Ref, error) {
	return list(ctx, s, "read references", selectRefs, []any{after}, column.ScanRef)
}

// Clients returns all clients.
func (s *Store) Clients(ctx context.Context) (storage.Head, []storage.Client, error) {
	return list(ctx, s, "read clients", selectClients, nil, column.ScanClient)
}
