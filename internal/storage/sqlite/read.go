package sqlite

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// Keys are handed to SQLite as a JSON array of texts: a key is its form, two digits, and its digest in hex. So one
// statement serves any number of keys. For the handful of keys of a check it is as fast as a statement with a parameter for
// each, and faster than a join with a list of values is for many.
const (
	keyForm   = `CAST(substr(a.value, 1, 2) AS INTEGER)`
	keyDigest = `unhex(substr(a.value, 3, 64))`
)

const (
	selectHead = `SELECT ` + column.Head + ` FROM ledger_head WHERE id = 1`

	fromSubjects = `
		FROM json_each(?1) a CROSS JOIN subjects k ON k.form = ` + keyForm + ` AND k.digest = ` + keyDigest

	selectSubjects = `
		SELECT ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectHeadAndSubjects = `
		SELECT ` + column.Head + `, ` + column.NoSubjectState + ` FROM ledger_head WHERE id = 1
		UNION ALL
		SELECT ` + column.NoHead + `, ` + column.SubjectState + fromSubjects + ` LEFT JOIN states s ON s.subject = k.subject`

	selectEventsOf = `
		SELECT k.form, k.digest, e.header` + fromSubjects + `
		LEFT JOIN events e ON e.subject = k.subject AND (?2 = 0 OR e.occurred_time <= ?2 OR e.kind = ` + column.KindVoid + `)
			AND (?3 = 0 OR e.position <= ?3)
		ORDER BY k.form, k.digest, e.position`

	// A binary search by the primary key: recorded times never decrease from one position to the next. The last event that was
	// recorded by the instant stands at low or after it, and not after high.
	selectPositionAt = `
		WITH RECURSIVE search (low, high) AS (
			SELECT 0, position FROM ledger_head WHERE id = 1
			UNION ALL
			SELECT CASE WHEN e.recorded_time <= ?1 THEN e.position ELSE s.low END,
				CASE WHEN e.recorded_time <= ?1 THEN s.high ELSE e.position - 1 END
			FROM search s CROSS JOIN events e ON e.position = (s.low + s.high + 1) / 2
			WHERE s.low < s.high
		)
		SELECT low FROM search WHERE low = high`

	selectRecordsOf = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.subject IN (SELECT k.subject` + fromSubjects + `) AND e.position > ?2
		ORDER BY e.position LIMIT ?3`

	selectLedger = `SELECT ` + column.Record + ` FROM events e WHERE e.position > ?1 ORDER BY e.position LIMIT ?2`

	selectSubjectIDs = `
		SELECT subject FROM (SELECT DISTINCT subject FROM events WHERE subject > ?1 ORDER BY subject LIMIT ?2)
		UNION
		SELECT subject FROM (SELECT subject FROM states WHERE subject > ?1 ORDER BY subject LIMIT ?2)
		ORDER BY subject LIMIT ?2`

	selectCatalogs = `SELECT ` + column.Catalogs + ` FROM catalogs WHERE version > ?1 ORDER BY version`
	selectRefs     = `SELECT ` + column.Refs + ` FROM catalog_refs WHERE number > ?1 ORDER BY number`
	selectClients  = `SELECT ` + column.Clients + ` FROM clients ORDER BY id`
)

// jsonKeys writes the keys as selectSubjects and its kin read them.
func jsonKeys(keys []storage.SubjectKey) string {
	return jsonTexts(len(keys), func(b []byte, i int) []byte { return appendKey(b, keys[i]) })
}

func appendKey(b []byte, key storage.SubjectKey) []byte {
	b = append(b, '0'+byte(key.Form)/10%10, '0'+byte(key.Form)%10)
	return hex.AppendEncode(b, key.Digest[:])
}

// jsonTexts writes n texts, which need no escaping, as a JSON array.
func jsonTexts(n int, appendText func(b []byte, i int) []byte) string {
	b := make([]byte, 0, 2+n*72)
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = appendText(b, i)
		b = append(b, '"')
	}
	return string(append(b, ']'))
}

// read runs do with a connection, outside a transaction.
func (s *Store) read(ctx context.Context, doing string, do func(c *conn) error) error {
	c, err := s.acquire(ctx, s.readers)
	if err != nil {
		return classify(doing, err)
	}
	defer s.giveBack(s.readers, c)
	return classify(doing, do(c))
}

// view runs do on one snapshot, and returns its head.
func (s *Store) view(ctx context.Context, doing string, do func(c *conn) error) (storage.Head, error) {
	var head storage.Head
	err := s.read(ctx, doing, func(c *conn) error {
		return c.transaction("BEGIN", func() error {
			var err error
			if head, err = c.head(); err != nil {
				return err
			}
			return do(c)
		})
	})
	if err != nil {
		return storage.Head{}, err
	}
	return head, nil
}

// head reads the head; without one the error is [storage.ErrNotInitialised].
func (c *conn) head() (storage.Head, error) {
	var head storage.Head
	found := false
	err := c.query(selectHead, nil, func(scan column.Scan) (err error) {
		found = true
		head, err = column.ScanHead(scan)
		return err
	})
	if err == nil && !found {
		err = storage.ErrNotInitialised
	}
	return head, err
}

// all reads rows of one kind.
func all[Row any](ctx context.Context, c *conn, query string, args []any, scan func(column.Scan) (Row, error)) ([]Row, error) {
	var rows []Row
	err := c.query(query, args, func(from column.Scan) error {
		row, err := scan(from)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		return context.Cause(ctx)
	})
	return rows, err
}

// Head returns the head.
func (s *Store) Head(ctx context.Context) (storage.Head, error) {
	var head storage.Head
	err := s.read(ctx, "read the head", func(c *conn) (err error) {
		if err := s.files.usable(); err != nil {
			return err
		}
		head, err = c.head()
		return err
	})
	return head, err
}

// States returns the subjects of the keys with their states.
func (s *Store) States(ctx context.Context, keys []storage.SubjectKey) (storage.Head, []storage.SubjectState, error) {
	var head storage.Head
	found := false
	subjects := column.NewSubjectStates(true)
	err := s.read(ctx, "read states", func(c *conn) error {
		err := c.query(selectHeadAndSubjects, []any{jsonKeys(column.UniqueKeys(keys))}, func(scan column.Scan) (err error) {
			if found { // SQLite runs the parts of a compound select one after the other: only the first row is a head
				return subjects.Add(scan)
			}
			found = true
			head, err = column.ScanHeadOnly(scan)
			return err
		})
		if err == nil && !found {
			err = storage.ErrNotInitialised
		}
		return err
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, subjects.All(), nil
}

// EventsOf returns the headers of the events of the subjects.
func (s *Store) EventsOf(
	ctx context.Context, keys []storage.SubjectKey, until consent.Instant, upTo int64,
) (storage.Head, map[storage.SubjectKey][][]byte, error) {
	events := map[storage.SubjectKey][][]byte{}
	head, err := s.view(ctx, "read events", func(c *conn) error {
		args := []any{jsonKeys(column.UniqueKeys(keys)), int64(until), upTo}
		return c.query(selectEventsOf, args, func(scan column.Scan) error {
			key, header, err := column.ScanKeyHeader(scan)
			if err != nil {
				return err
			}
			of := events[key]
			if header != nil {
				of = append(of, header)
			}
			events[key] = of
			return context.Cause(ctx)
		})
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, events, nil
}

// PositionAt returns the position of the last event that was recorded at or before the instant.
func (s *Store) PositionAt(ctx context.Context, recorded consent.Instant) (storage.Head, int64, error) {
	position := int64(-1)
	head, err := s.view(ctx, "read a position", func(c *conn) error {
		return c.query(selectPositionAt, []any{int64(recorded)}, func(scan column.Scan) error { return scan(&position) })
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
	args := []any{jsonKeys(column.UniqueKeys(keys)), after, max(limit, 0)}
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

// list reads rows of one kind and the head of the same snapshot.
func list[Row any](
	ctx context.Context, s *Store, doing, query string, args []any, scan func(column.Scan) (Row, error),
) (storage.Head, []Row, error) {
	var rows []Row
	head, err := s.view(ctx, doing, func(c *conn) (err error) {
		rows, err = all(ctx, c, query, args, scan)
		return err
	})
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, rows, nil
}
