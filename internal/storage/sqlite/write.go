package sqlite

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	insertHead = `
		INSERT INTO ledger_head (id, ` + column.Head + `) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	updateHead = `
		UPDATE ledger_head SET (` + column.Head + `) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = 1`

	eventValues  = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertEvent  = `INSERT INTO events (` + column.Events + `) VALUES ` + eventValues
	insertEvents = insertEvent + `, ` + eventValues + `, ` + eventValues + `, ` + eventValues + `, ` + eventValues

	subjectValues   = `(?, ?, ?, ?, ?, ?, ?)`
	replaceSubject  = `REPLACE INTO subjects (` + column.Subjects + `) VALUES ` + subjectValues
	replaceSubjects = replaceSubject + `, ` + subjectValues + `, ` + subjectValues + `, ` + subjectValues + `, ` + subjectValues

	stateValues   = `(?, ?, ?)`
	replaceState  = `REPLACE INTO states (` + column.States + `) VALUES ` + stateValues
	replaceStates = replaceState + `, ` + stateValues + `, ` + stateValues + `, ` + stateValues + `, ` + stateValues

	insertRef      = `INSERT INTO catalog_refs (` + column.Refs + `) VALUES (?, ?, ?)`
	insertCatalog  = `INSERT INTO catalogs (` + column.Catalogs + `) VALUES (?, ?, ?, ?, ?, ?)`
	replaceRequest = `REPLACE INTO requests (` + column.Requests + `) VALUES (?, ?, ?, ?, ?, ?)`

	replaceRequestPosition = `REPLACE INTO request_positions (` + column.RequestPositions + `) VALUES (?, ?, ?)`

	selectExpired          = `SELECT id FROM requests WHERE expires_time <= ?1 ORDER BY expires_time, id LIMIT ?2`
	deleteExpiredPositions = `DELETE FROM request_positions WHERE request IN (` + selectExpired + `)`
	deleteExpired          = `DELETE FROM requests WHERE id IN (` + selectExpired + `)`
)

// What a write loads. Ids are handed over as a JSON array of hex texts; a key of an event follows that of its subject.
const (
	selectStates = `
		SELECT ` + column.States + ` FROM states WHERE subject IN (SELECT unhex(a.value) FROM json_each(?1) a)`

	selectEventRefs = `
		SELECT k.form, k.digest, e.event_key, e.position, e.batch,
			EXISTS (SELECT 1 FROM events v WHERE v.subject = k.subject AND v.kind = ` + column.KindVoid + `)` + fromSubjects + `
		JOIN events e ON e.subject = k.subject AND e.event_key = unhex(substr(a.value, 67))
		ORDER BY e.position`

	selectRequests = `
		SELECT ` + column.Requests + ` FROM requests WHERE id IN (SELECT unhex(a.value) FROM json_each(?1) a)`

	selectHeadersOf = `
		SELECT e.subject, e.header FROM events e
		WHERE e.subject IN (SELECT unhex(a.value) FROM json_each(?1) a)
		ORDER BY e.subject, e.position`
)

func jsonIDs[ID ~[16]byte | ~[32]byte](ids []ID, bytes func(*ID) []byte) string {
	return jsonTexts(len(ids), func(b []byte, i int) []byte { return hex.AppendEncode(b, bytes(&ids[i])) })
}

func jsonSubjects(ids []consent.SubjectID) string {
	return jsonIDs(ids, func(id *consent.SubjectID) []byte { return id[:] })
}

func headValues(h *storage.Head) []any {
	return []any{
		h.StoreID[:], column.NotNull(h.KeysCheck), h.Position, h.Recorded, column.NotNull(h.Tree), h.CatalogVersion,
		h.ClientsVersion, h.Refs, column.PackKeys(h.DigestKeys), h.FoldVersion, h.Revision,
		column.Sum(h.RefsSum), column.Sum(h.CatalogsSum), h.Undone, column.Sum(h.ListsSum),
	}
}

// locked runs do in a transaction that has the lock of the database from its begin, and commits. What was committed into a file that is
// no longer where it belongs is not acknowledged.
func (s *Store) locked(ctx context.Context, doing string, do func(c *conn) error) error {
	c, err := s.acquire(ctx, s.writer)
	if err != nil {
		return classify(doing, err)
	}
	defer s.giveBack(s.writer, c)
	c.changed = 0
	err = c.transaction("BEGIN IMMEDIATE", func() error {
		if err := s.files.usable(); err != nil {
			return err
		}
		return do(c)
	})
	if err == nil {
		s.mover.wrote(c.changed)
		if err = s.files.check(); err != nil {
			err = fmt.Errorf("%w: %w", storage.ErrCommitUnknown, err)
		}
	}
	return classify(doing, err)
}

// Initialise stores the first head.
func (s *Store) Initialise(ctx context.Context, head storage.Head) error {
	return s.locked(ctx, "initialise the database", func(c *conn) error {
		n, err := c.exec(insertHead, headValues(&head)...)
		if err == nil && n == 0 {
			err = storage.ErrInitialised
		}
		return err
	})
}

// DeleteExpiredRequests deletes requests that expired at or before t.
func (s *Store) DeleteExpiredRequests(ctx context.Context, t consent.Instant, limit int) (int, error) {
	var deleted int64
	err := s.locked(ctx, "delete expired requests", func(c *conn) error {
		_, err := c.head()
		if err == nil {
			_, err = c.exec(deleteExpiredPositions, t, max(limit, 0))
		}
		if err == nil {
			deleted, err = c.exec(deleteExpired, t, max(limit, 0))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}

// Write loads, decides and stores in one transaction.
func (s *Store) Write(
	ctx context.Context, load storage.Load, decide func(context.Context, storage.Tx) (*storage.Changes, error),
) error {
	var decideErr error // given back as it is
	err := s.locked(ctx, "write", func(c *conn) error {
		t := &tx{conn: c}
		if err := t.load(ctx, &load, s.now); err != nil {
			return err
		}
		changes, err := decide(ctx, t)
		t.conn = nil
		if err != nil {
			decideErr = err
			return err
		}
		if err := context.Cause(ctx); err != nil || changes == nil {
			return err
		}
		if err := changes.CheckTexts(); err != nil {
			return err
		}
		return c.store(changes)
	})
	if decideErr != nil {
		return decideErr
	}
	return err
}

// tx is a write under way.
type tx struct {
	conn   *conn // nil after the decision
	loaded storage.Loaded
}

// Loaded returns what was loaded.
func (t *tx) Loaded() *storage.Loaded { return &t.loaded }

// Events returns the headers of all events of the subjects.
func (t *tx) Events(ctx context.Context, subjects []consent.SubjectID) (map[consent.SubjectID][][]byte, error) {
	if t.conn == nil {
		return nil, fmt.Errorf("read the events of subjects: the write has been decided")
	}
	events := map[consent.SubjectID][][]byte{}
	err := t.conn.query(selectHeadersOf, []any{jsonSubjects(subjects)}, func(scan column.Scan) error {
		id, header, err := column.ScanIDHeader(scan)
		if err != nil {
			return err
		}
		events[id] = append(events[id], header)
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, classify("read the events of subjects", err)
	}
	return events, nil
}

// Subjects returns more subjects with their states.
func (t *tx) Subjects(_ context.Context, keys []storage.SubjectKey) (map[storage.SubjectKey]storage.SubjectState, error) {
	const doing = "read subjects"
	if t.conn == nil {
		return nil, fmt.Errorf(doing + ": the write has been decided")
	}
	found := map[storage.SubjectKey]storage.SubjectState{}
	return found, classify(doing, t.addSubjects(found, keys))
}

// Evidence returns the sealed evidence of events.
func (t *tx) Evidence(_ context.Context, positions []int64) (map[int64][]byte, error) {
	const doing = "read evidence"
	if t.conn == nil {
		return nil, fmt.Errorf(doing + ": the write has been decided")
	}
	found := map[int64][]byte{}
	err := t.conn.query(selectEvidence, []any{jsonPositions(positions)}, func(scan column.Scan) error {
		position, sealed, err := column.ScanEvidence(scan)
		found[position] = sealed
		return err
	})
	return found, classify(doing, err)
}

// Disclosures returns what is counted for the subjects.
func (t *tx) Disclosures(_ context.Context, subjects []consent.SubjectID) ([]storage.Disclosure, error) {
	const doing = "read disclosures"
	if t.conn == nil {
		return nil, fmt.Errorf(doing + ": the write has been decided")
	}
	var rows []storage.Disclosure
	err := t.conn.query(selectDisclosures, []any{jsonSubjects(subjects)}, column.AppendTo(&rows, column.ScanDisclosure))
	return rows, classify(doing, err)
}

// Batch returns events of a batch.
func (t *tx) Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	const doing = "read a batch"
	if t.conn == nil {
		return nil, fmt.Errorf(doing + ": the write has been decided")
	}
	var rows []storage.BatchEvent
	add := column.AppendTo(&rows, column.ScanBatchEvent)
	err := t.conn.query(records.SelectBatch, []any{batch[:], after, max(limit, 0)}, whileWanted(ctx, add))
	return rows, classify(doing, err)
}

// QueryTable runs a statement on a table that is not the ledger's.
func (t *tx) QueryTable(ctx context.Context, s storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	if t.conn == nil {
		return storage.Head{}, fmt.Errorf("%s: the write has been decided", s.Doing)
	}
	return t.loaded.Head, classify(s.Doing, t.conn.query(s.SQL, s.Args, whileWanted(ctx, each)))
}

// load reads what is asked for, under the lock.
func (t *tx) load(ctx context.Context, load *storage.Load, now func() time.Time) error {
	head, err := t.conn.head()
	if err != nil {
		return err
	}
	t.loaded = storage.Loaded{
		Head:     head,
		Now:      consent.InstantOf(now()),
		Subjects: map[storage.SubjectKey]storage.SubjectState{},
		States:   map[consent.SubjectID]storage.State{},
		Events:   map[storage.EventRef][]storage.BatchedAt{},
		Requests: map[[32]byte]storage.Request{},
	}
	for _, part := range []func(context.Context, *storage.Load) error{
		t.loadSubjects, t.loadStates, t.loadEvents, t.loadRequests,
	} {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := part(ctx, load); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) loadSubjects(_ context.Context, load *storage.Load) error {
	return t.addSubjects(t.loaded.Subjects, load.Subjects)
}

// addSubjects reads the subjects of the keys.
func (t *tx) addSubjects(to map[storage.SubjectKey]storage.SubjectState, keys []storage.SubjectKey) error {
	if len(keys) == 0 {
		return nil
	}
	subjects := column.NewSubjectStates(false)
	if err := t.conn.query(selectSubjects, []any{jsonKeys(column.UniqueKeys(keys))}, subjects.Add); err != nil {
		return err
	}
	for _, subject := range subjects.All() {
		to[subject.Key] = subject
	}
	return nil
}

func (t *tx) loadStates(ctx context.Context, load *storage.Load) error {
	if len(load.IDs) == 0 {
		return nil
	}
	states, err := all(ctx, t.conn, selectStates, []any{jsonSubjects(load.IDs)}, column.ScanState)
	for _, state := range states {
		t.loaded.States[state.Subject] = state
	}
	return err
}

func (t *tx) loadEvents(_ context.Context, load *storage.Load) error {
	if len(load.Events) == 0 {
		return nil
	}
	refs := jsonTexts(len(load.Events), func(b []byte, i int) []byte {
		return hex.AppendEncode(appendKey(b, load.Events[i].Subject), load.Events[i].Key[:])
	})
	return t.conn.query(selectEventRefs, []any{refs}, func(scan column.Scan) error {
		return column.AddEvent(t.loaded.Events, scan)
	})
}

func (t *tx) loadRequests(ctx context.Context, load *storage.Load) error {
	if len(load.Requests) == 0 {
		return nil
	}
	ids := jsonIDs(load.Requests, func(id *[32]byte) []byte { return id[:] })
	requests, err := all(ctx, t.conn, selectRequests, []any{ids}, column.ScanRequest)
	for _, request := range requests {
		t.loaded.Requests[request.ID] = request
	}
	return err
}
