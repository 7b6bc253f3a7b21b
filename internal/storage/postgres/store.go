package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	updateHead = `
		UPDATE ledger_head SET (` + column.Head + `) = ROW($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) WHERE id = 1`

	insertEvents = `
		INSERT INTO events (` + column.Events + `)
		SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[],
			$8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[])`

	replaceSubjects = `
		INSERT INTO subjects (` + column.Subjects + `)
		SELECT * FROM unnest($1::smallint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::integer[], $6::bytea[], $7::bigint[])
		ON CONFLICT (form, digest) DO UPDATE SET (` + column.Subjects + `) = ROW(excluded.*)`

	replaceStates = `
		INSERT INTO states (` + column.States + `)
		SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])
		ON CONFLICT (subject) DO UPDATE SET (` + column.States + `) = ROW(excluded.*)`

	insertRefs = `
		INSERT INTO catalog_refs (` + column.Refs + `)
		SELECT * FROM unnest($1::integer[], $2::smallint[], $3::text[])`

	replaceRequests = `
		INSERT INTO requests (` + column.Requests + `)
		SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[])
		ON CONFLICT (id) DO UPDATE SET (` + column.Requests + `) = ROW(excluded.*)`

	replaceRequestPositions = `
		INSERT INTO request_positions (` + column.RequestPositions + `)
		SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[])
		ON CONFLICT (request, position) DO UPDATE SET expires_time = excluded.expires_time`

	// Catalogs change seldom, and one by one.
	insertCatalog = `
		INSERT INTO catalogs (` + column.Catalogs + `) VALUES ($1, $2, $3, $4, $5, $6)`
)

// store stores what a write decided and commits, in one round trip. It does not end with the context, only after a time of
// its own.
func store(ctx context.Context, conn *pgxpool.Conn, changes *storage.Changes) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	batch := &pgx.Batch{}
	queueLedger(batch, changes)
	queueRest(batch, changes)
	queueRights(batch, changes)
	queueTables(batch, changes.Tables)
	queueForget(batch, changes.ForgetDisclosures)
	queueDrops(batch, changes)
	queueReread(batch, changes)
	batch.Queue(updateHead, headValues(&changes.Head)...)
	return commitBatch(ctx, conn, batch)
}

// commitBatch sends the statements of a transaction, which end with one that returns no rows, and the COMMIT, in one round trip.
func commitBatch(ctx context.Context, conn *pgxpool.Conn, batch *pgx.Batch) error {
	last, answered := batch.Len()-1, false
	for i, query := range batch.QueuedQueries {
		if query.Fn == nil {
			query.Exec(func(pgconn.CommandTag) error {
				answered = i == last
				return nil
			})
		}
	}
	batch.Queue(commit).Exec(committed)
	err := conn.SendBatch(ctx, batch).Close()
	if err != nil && !isPort(err) {
		err = asCommitError(err, answered)
	}
	return err
}

// committed holds the answer to a COMMIT, which a transaction that failed answers with a ROLLBACK.
func committed(tag pgconn.CommandTag) error {
	if tag.String() != commit {
		return errors.New("the transaction was rolled back instead of committed")
	}
	return nil
}

// asCommitError wraps the error of a batch that ends with a COMMIT, unless it is certain that nothing was committed: nothing
// was sent; or the server refused a statement, after which it skips the rest; or refused the COMMIT without ending the
// connection. atCommit says that all before the COMMIT was answered.
func asCommitError(err error, atCommit bool) error {
	var unsent pgx.ErrPreprocessingBatch
	if errors.As(err, &unsent) || pgconn.SafeToRetry(err) {
		return err
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) && (!atCommit || !isFatal(answer)) {
		return err
	}
	return &commitError{err}
}

func queueLedger(batch *pgx.Batch, changes *storage.Changes) {
	queueEvents(batch, changes.Records)
	queueSubjects(batch, column.Last(changes.Subjects, func(s *storage.Subject) storage.SubjectKey { return s.Key }))
	queueStates(batch, column.Last(changes.States, func(s *storage.State) consent.SubjectID { return s.Subject }))
}

func queueRest(batch *pgx.Batch, changes *storage.Changes) {
	queueRefs(batch, changes.Refs)
	queueRequests(batch, column.Last(changes.Requests, func(r *storage.Request) [32]byte { return r.ID }))
	for i := range changes.Catalogs {
		c := &changes.Catalogs[i]
		batch.Queue(insertCatalog, c.Version, c.Position, column.InstantOrNull(c.Effective), int64(c.Recorded), c.SHA256[:],
			c.Document)
	}
}

// array returns a column of the rows.
func array[Row, Value any](rows []Row, value func(*Row) Value) []Value {
	values := make([]Value, len(rows))
	for i := range rows {
		values[i] = value(&rows[i])
	}
	return values
}

func queueEvents(batch *pgx.Batch, rows []storage.Record) {
	if len(rows) == 0 {
		return
	}
	type record = storage.Record
	batch.Queue(insertEvents,
		array(rows, func(r *record) int64 { return r.Event.Position }),
		array(rows, func(r *record) []byte { return r.Event.Subject[:] }),
		array(rows, func(r *record) []byte { return r.Event.Key[:] }),
		array(rows, func(r *record) int16 { return int16(r.Event.Kind) }),
		array(rows, func(r *record) int64 { return int64(r.Event.Recorded) }),
		array(rows, func(r *record) int64 { return int64(r.Event.Occurred) }),
		array(rows, func(r *record) string { return r.Event.Actor }),
		array(rows, func(r *record) []byte { return column.IDOrNull(r.Event.Batch) }),
		array(rows, func(r *record) []byte { return column.NotNull(r.Header) }),
		array(rows, func(r *record) []byte { return column.OrNull(r.Evidence) }),
		array(rows, func(r *record) []byte { return r.LeafHash[:] }),
		array(rows, func(r *record) []byte { return column.NotNull(r.TreeHashes) }),
	)
}

func queueSubjects(batch *pgx.Batch, rows []storage.Subject) {
	if len(rows) == 0 {
		return
	}
	type subject = storage.Subject
	batch.Queue(replaceSubjects,
		array(rows, func(s *subject) int16 { return int16(s.Key.Form) }),
		array(rows, func(s *subject) []byte { return s.Key.Digest[:] }),
		array(rows, func(s *subject) []byte { return column.IDOrNull(s.ID) }),
		array(rows, func(s *subject) int64 { return int64(s.KeyVersion) }),
		array(rows, func(s *subject) int32 { return s.FoldVersion }),
		array(rows, func(s *subject) []byte { return column.OrNull(s.Address) }),
		array(rows, func(s *subject) *int64 { return column.InstantOrNull(s.Erased) }),
	)
}

func queueStates(batch *pgx.Batch, rows []storage.State) {
	if len(rows) == 0 {
		return
	}
	type state = storage.State
	batch.Queue(replaceStates,
		array(rows, func(s *state) []byte { return s.Subject[:] }),
		array(rows, func(s *state) int64 { return s.Position }),
		array(rows, func(s *state) []byte { return column.NotNull(s.Packed) }),
	)
}

func queueRefs(batch *pgx.Batch, rows []storage.Ref) {
	if len(rows) == 0 {
		return
	}
	type ref = storage.Ref
	batch.Queue(insertRefs,
		array(rows, func(r *ref) int32 { return r.Number }),
		array(rows, func(r *ref) int16 { return int16(r.Kind) }),
		array(rows, func(r *ref) string { return r.Name }),
	)
}

func queueRequests(batch *pgx.Batch, rows []storage.Request) {
	if len(rows) == 0 {
		return
	}
	type request = storage.Request
	batch.Queue(replaceRequests,
		array(rows, func(r *request) []byte { return r.ID[:] }),
		array(rows, func(r *request) []byte { return column.NotNull(r.BodyMAC) }),
		array(rows, func(r *request) []byte { return column.NotNull(r.Answer) }),
		array(rows, func(r *request) int64 { return int64(r.Expires) }),
		array(rows, func(r *request) *int64 { return column.PositionOrNull(r.First) }),
		array(rows, func(r *request) *int64 { return column.PositionOrNull(r.Last) }),
	)
	var ids [][]byte
	var positions, expire []int64
	for i := range rows {
		for _, position := range rows[i].Named {
			ids, positions, expire = append(ids, rows[i].ID[:]), append(positions, position), append(expire, int64(rows[i].Expires))
		}
	}
	if len(ids) > 0 {
		batch.Queue(replaceRequestPositions, ids, positions, expire)
	}
}
