package sqlite

import (
	"context"
	"encoding/hex"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

// Keys are handed to SQLite as a JSON array of texts: a key is its form, two digits, and its digest in hex. So one
// statement serves any number of keys. For the handful of keys of a check it is as fast as a statement with a parameter for
// each, and faster than a join with a list of values is for many.
const (
	keyForm   = `CAST(substr(a.value, 1, 2) AS INTEGER)`
	keyDigest = `unhex(substr(a.value, 3, 64))`
)

const (
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

	selectRecordsOf = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.subject IN (SELECT k.subject` + fromSubjects + `) AND e.position > ?2
		ORDER BY e.position LIMIT ?3`
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
	err := c.query(records.SelectHead, nil, func(scan column.Scan) (err error) {
		found = true
		head, err = column.ScanHead(scan)
		return err
	})
	if err == nil && !found {
		err = storage.ErrNotInitialised
	}
	return head, err
}

// query runs a statement on one snapshot, and returns its head.
func (s *Store) query(
	ctx context.Context, doing, sql string, args []any, each func(storage.Scan) error,
) (storage.Head, error) {
	return s.view(ctx, doing, func(c *conn) error { return c.query(sql, args, whileWanted(ctx, each)) })
}

// whileWanted returns a function that does with a row what the one given does, and ends the reading with the context.
func whileWanted(ctx context.Context, each func(storage.Scan) error) func(storage.Scan) error {
	return func(scan storage.Scan) error {
		if err := each(scan); err != nil {
			return err
		}
		return context.Cause(ctx)
	}
}

// all reads rows of one kind.
func all[Row any](ctx context.Context, c *conn, query string, args []any, scan func(column.Scan) (Row, error)) ([]Row, error) {
	var rows []Row
	err := c.query(query, args, whileWanted(ctx, column.AppendTo(&rows, scan)))
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
	return records.EventsOf(ctx, s.query, selectEventsOf, []any{jsonKeys(column.UniqueKeys(keys)), int64(until), upTo})
}

// Records returns records of the subjects.
func (s *Store) Records(
	ctx context.Context, keys []storage.SubjectKey, after int64, limit int,
) (storage.Head, []storage.Record, error) {
	args := []any{jsonKeys(column.UniqueKeys(keys)), after, max(limit, 0)}
	return records.List(ctx, s.query, "read records", selectRecordsOf, args, column.ScanRecord)
}
