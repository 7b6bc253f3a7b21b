package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	beginWrite  = `BEGIN ISOLATION LEVEL READ COMMITTED`
	rollback    = `ROLLBACK`
	lockHead    = selectHead + ` FOR UPDATE`
	selectClock = `SELECT clock_timestamp()` // a statement of its own: it must run after the lock is had

	insertHead = `
		INSERT INTO ledger_head (id, ` + column.Head + `) VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO NOTHING`

	// It returns how many requests are deleted.
	deleteExpired = `
		WITH expired AS (
			DELETE FROM requests
			WHERE id IN (SELECT id FROM requests WHERE expires_time <= $1 ORDER BY expires_time LIMIT $2) RETURNING id
		), positions AS (
			DELETE FROM request_positions n USING expired e WHERE n.request = e.id
		)
		SELECT count(*) FROM expired`

	selectStates = `
		SELECT ` + column.States + ` FROM states WHERE subject = ANY ($1::bytea[])`

	selectEventRefs = `
		SELECT k.form, k.digest, e.event_key, e.position, e.batch,
			EXISTS (SELECT 1 FROM events v WHERE v.subject = k.subject AND v.kind = ` + column.KindVoid + `)
		FROM unnest($1::smallint[], $2::bytea[], $3::bytea[]) AS a (form, digest, event_key)
		JOIN subjects k ON k.form = a.form AND k.digest = a.digest
		JOIN events e ON e.subject = k.subject AND e.event_key = a.event_key
		ORDER BY e.position`

	selectRequests = `
		SELECT ` + column.Requests + ` FROM requests WHERE id = ANY ($1::bytea[])`

	selectHeadersOf = `
		SELECT e.subject, e.header FROM events e WHERE e.subject = ANY ($1::bytea[]) ORDER BY e.subject, e.position`
)

// Initialise stores the first head.
func (s *Store) Initialise(ctx context.Context, head storage.Head) error {
	ctx, release := s.enter(ctx)
	defer release()
	tag, err := s.pool.Exec(ctx, insertHead, headValues(&head)...)
	if err == nil && tag.RowsAffected() == 0 {
		err = storage.ErrInitialised
	}
	return s.fail(ctx, "initialise the database", err)
}

func headValues(h *storage.Head) []any {
	return []any{
		h.StoreID[:], column.NotNull(h.KeysCheck), h.Position, int64(h.Recorded), column.NotNull(h.Tree), h.CatalogVersion,
		h.ClientsVersion, h.Refs, column.PackKeys(h.DigestKeys), h.FoldVersion, h.Revision,
		column.Sum(h.RefsSum), column.Sum(h.CatalogsSum), h.Undone, column.Sum(h.ListsSum),
	}
}

// DeleteExpiredRequests deletes requests that expired at or before t.
func (s *Store) DeleteExpiredRequests(ctx context.Context, t consent.Instant, limit int) (int, error) {
	ctx, release := s.enter(ctx)
	defer release()
	var head storage.Head
	var deleted int64
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(lockHead).Query(scanHead(&head))
	batch.Queue(deleteExpired, int64(t), max(limit, 0)).QueryRow(func(row pgx.Row) error { return row.Scan(&deleted) })
	batch.Queue(commit)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, s.fail(ctx, "delete expired requests", err)
	}
	return int(deleted), nil
}

// Write loads, decides and stores in one transaction.
func (s *Store) Write(
	ctx context.Context, load storage.Load, decide func(context.Context, storage.Tx) (*storage.Changes, error),
) error {
	const doing = "write"
	ctx, release := s.enter(ctx)
	defer release()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return s.fail(ctx, doing, context.Cause(ctx))
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release() // closes the connection if its transaction has not ended
	t := &tx{store: s, conn: conn}
	if err := t.load(ctx, &load); err != nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	changes, err := decide(ctx, t)
	t.conn = nil
	if err != nil {
		rollBack(ctx, conn)
		return err
	}
	if err := ctx.Err(); err != nil || changes == nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	if err := changes.CheckTexts(); err != nil {
		rollBack(ctx, conn)
		return s.fail(ctx, doing, err)
	}
	return s.fail(context.WithoutCancel(ctx), doing, store(ctx, conn, changes))
}

// rollBack ends a transaction that stores nothing. If it cannot, the connection is closed when it is released.
func rollBack(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	conn.Exec(ctx, rollback) //nolint:errcheck // The connection then is closed, which rolls back as well.
}

// tx is a write under way.
type tx struct {
	store  *Store
	conn   *pgxpool.Conn // nil after the decision
	loaded storage.Loaded
}

// Loaded returns what was loaded.
func (t *tx) Loaded() *storage.Loaded { return &t.loaded }

// Events returns the headers of all events of the subjects.
func (t *tx) Events(ctx context.Context, subjects []consent.SubjectID) (map[consent.SubjectID][][]byte, error) {
	events := map[consent.SubjectID][][]byte{}
	err := t.read(ctx, "read the events of subjects", func(scan column.Scan) error {
		id, header, err := column.ScanIDHeader(scan)
		events[id] = append(events[id], header)
		return err
	}, selectHeadersOf, idArray(subjects))
	if err != nil {
		return nil, err
	}
	return events, nil
}

// Subjects returns more subjects with their states.
func (t *tx) Subjects(ctx context.Context, keys []storage.SubjectKey) (map[storage.SubjectKey]storage.SubjectState, error) {
	subjects := column.NewSubjectStates(false)
	forms, digests := keyArrays(keys)
	if err := t.read(ctx, "read subjects", subjects.Add, selectSubjects, forms, digests); err != nil {
		return nil, err
	}
	found := map[storage.SubjectKey]storage.SubjectState{}
	for _, subject := range subjects.All() {
		found[subject.Key] = subject
	}
	return found, nil
}

// Evidence returns the sealed evidence of events.
func (t *tx) Evidence(ctx context.Context, positions []int64) (map[int64][]byte, error) {
	found := map[int64][]byte{}
	err := t.read(ctx, "read evidence", func(scan column.Scan) error {
		position, sealed, err := column.ScanEvidence(scan)
		found[position] = sealed
		return err
	}, selectEvidence, column.UniquePositions(positions))
	return found, err
}

// Disclosures returns what is counted for the subjects.
func (t *tx) Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]storage.Disclosure, error) {
	var rows []storage.Disclosure
	err := t.read(ctx, "read disclosures", column.AppendTo(&rows, column.ScanDisclosure), selectDisclosures, idArray(subjects))
	return rows, err
}

// Batch returns events of a batch.
func (t *tx) Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	var rows []storage.BatchEvent
	err := t.read(ctx, "read a batch", column.AppendTo(&rows, column.ScanBatchEvent), records.SelectBatch, batch[:], after, max(limit, 0))
	return rows, err
}

// QueryTable runs a statement on a table that is not the ledger's.
func (t *tx) QueryTable(ctx context.Context, s storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	return t.loaded.Head, t.read(ctx, s.Doing, each, s.SQL, s.Args...)
}

// read runs a query in the transaction.
func (t *tx) read(ctx context.Context, doing string, add func(column.Scan) error, query string, args ...any) error {
	if t.conn == nil {
		return errors.New(doing + ": the write has been decided")
	}
	rows, err := t.conn.Query(ctx, query, args...)
	if err != nil {
		return t.store.fail(ctx, doing, err)
	}
	defer rows.Close()
	if err := scanAll(add)(rows); err != nil {
		return t.store.fail(ctx, doing, err)
	}
	return nil
}

// load begins the transaction, locks the head and reads what is asked for, in one round trip.
func (t *tx) load(ctx context.Context, load *storage.Load) error {
	t.loaded = storage.Loaded{
		Subjects: map[storage.SubjectKey]storage.SubjectState{},
		States:   map[consent.SubjectID]storage.State{},
		Events:   map[storage.EventRef][]storage.BatchedAt{},
		Requests: map[[32]byte]storage.Request{},
	}
	var now time.Time
	subjects := column.NewSubjectStates(false)
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(lockHead).Query(scanHead(&t.loaded.Head))
	batch.Queue(selectClock).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	t.queueLoads(batch, load, subjects)
	if err := t.conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for _, subject := range subjects.All() {
		t.loaded.Subjects[subject.Key] = subject
	}
	if t.store.now != nil {
		now = t.store.now()
	}
	t.loaded.Now = consent.InstantOf(now)
	return nil
}

func (t *tx) queueLoads(batch *pgx.Batch, load *storage.Load, subjects *column.SubjectStates) {
	if len(load.Subjects) > 0 {
		forms, digests := keyArrays(load.Subjects)
		batch.Queue(selectSubjects, forms, digests).Query(scanAll(subjects.Add))
	}
	if len(load.IDs) > 0 {
		batch.Queue(selectStates, idArray(load.IDs)).Query(scanAll(func(scan column.Scan) error {
			state, err := column.ScanState(scan)
			t.loaded.States[state.Subject] = state
			return err
		}))
	}
	if len(load.Events) > 0 {
		forms, digests, keys := refArrays(load.Events)
		batch.Queue(selectEventRefs, forms, digests, keys).Query(scanAll(func(scan column.Scan) error {
			return column.AddEvent(t.loaded.Events, scan)
		}))
	}
	if len(load.Requests) > 0 {
		batch.Queue(selectRequests, requestArray(load.Requests)).Query(scanAll(func(scan column.Scan) error {
			request, err := column.ScanRequest(scan)
			t.loaded.Requests[request.ID] = request
			return err
		}))
	}
}

func idArray(ids []consent.SubjectID) [][]byte {
	array := make([][]byte, len(ids))
	for i := range ids {
		array[i] = ids[i][:]
	}
	return array
}

func requestArray(ids [][32]byte) [][]byte {
	array := make([][]byte, len(ids))
	for i := range ids {
		array[i] = ids[i][:]
	}
	return array
}

func refArrays(refs []storage.EventRef) (forms []int16, digests, keys [][]byte) {
	for i := range refs {
		forms = append(forms, int16(refs[i].Subject.Form))
		digests = append(digests, refs[i].Subject.Digest[:])
		keys = append(keys, refs[i].Key[:])
	}
	return forms, digests, keys
}
