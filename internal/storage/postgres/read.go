package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	beginRead = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	commit    = `COMMIT`

	// primaryHead are the columns of the head after whether it is a standby's, whose answers may be old. A pooler can lead a connection to
	// another server after it was opened, so each read asks for itself.
	primaryHead = `pg_is_in_recovery(), ` + column.Head
	selectHead  = `SELECT ` + primaryHead + ` FROM ledger_head WHERE id = 1`

	// The keys are two arrays, of forms and of digests.
	fromSubjects = `
		FROM unnest($1::smallint[], $2::bytea[]) AS a (form, digest)
		JOIN subjects k ON k.form = a.form AND k.digest = a.digest`

	selectSubjects = `
		SELECT ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectHeadAndSubjects = `
		SELECT ` + primaryHead + `, ` + column.NoSubjectState + ` FROM ledger_head WHERE id = 1
		UNION ALL
		SELECT NULL, ` + column.NoHead + `, ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectEventsOf = `
		SELECT k.form, k.digest, e.header` + fromSubjects + `
		LEFT JOIN events e ON e.subject = k.subject AND ($3::bigint = 0 OR e.occurred_time <= $3 OR e.kind = ` + column.KindVoid + `)
			AND ($4::bigint = 0 OR e.position <= $4)
		ORDER BY k.form, k.digest, e.position`

	selectRecordsOf = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.subject IN (SELECT k.subject` + fromSubjects + `) AND e.position > $3
		ORDER BY e.position LIMIT $4`
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

// scanPrimary reads the columns of [primaryHead], those of the head by the function. It returns an error for those of a standby.
func scanPrimary(scan column.Scan, head func(column.Scan) (storage.Head, error)) (storage.Head, error) {
	var standby bool
	h, err := head(func(dest ...any) error { return scan(append([]any{&standby}, dest...)...) })
	if err == nil && standby {
		err = errStandby()
	}
	return h, err
}

func errStandby() error {
	return fmt.Errorf("%w: it is a standby, and its answers may be old; the URL has to lead to the primary", storage.ErrUnavailable)
}

// scanHead takes the head from a result of [selectHead], which is empty without one.
func scanHead(into *storage.Head) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return err
			}
			return storage.ErrNotInitialised
		}
		*into, err = scanPrimary(rows.Scan, column.ScanHead)
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
func (s *Store) view(
	ctx context.Context, doing, query string, args []any, add func(column.Scan) error,
) (storage.Head, error) {
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

// Head returns the head.
func (s *Store) Head(ctx context.Context) (storage.Head, error) {
	ctx, release := s.enter(ctx)
	defer release()
	head, err := scanPrimary(s.pool.QueryRow(ctx, selectHead).Scan, column.ScanHead)
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
	dest := []any{nil} // The first column is skipped.
	scanSubject := func(rest ...any) error {
		dest = append(dest[:1], rest...)
		return rows.Scan(dest...)
	}
	for rows.Next() {
		if rows.RawValues()[0] == nil { // neither a standby nor a primary: not the head
			err = subjects.Add(scanSubject)
		} else {
			found = true
			head, err = scanPrimary(rows.Scan, column.ScanHeadOnly)
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
	forms, digests := keyArrays(keys)
	return records.EventsOf(ctx, s.view, selectEventsOf, []any{forms, digests, int64(until), upTo})
}

// Records returns records of the subjects.
func (s *Store) Records(
	ctx context.Context, keys []storage.SubjectKey, after int64, limit int,
) (storage.Head, []storage.Record, error) {
	forms, digests := keyArrays(keys)
	args := []any{forms, digests, after, max(limit, 0)}
	return records.List(ctx, s.view, "read records", selectRecordsOf, args, column.ScanRecord)
}
