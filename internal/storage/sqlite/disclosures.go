package sqlite

import (
	"context"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	insertOnce = `
		INSERT INTO requests (id, body_mac, answer, expires_time) VALUES (?1, x'', x'', ?2) ON CONFLICT (id) DO NOTHING`

	// Nothing is added of what was counted before the subject was erased.
	addDisclosure = `
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT subject, ?3, ?4, ?5, ?6 FROM subjects
		WHERE form = ?1 AND digest = ?2 AND subject IS NOT NULL AND (erased_time IS NULL OR erased_time <= ?7)
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = count + excluded.count`

	// rowsTogether is how many rows that differ in the subject only are added by one statement.
	rowsTogether = 50

	addDisclosuresOf, addDisclosuresTo = `
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT k.subject, ?1, ?2, ?3, ?4 FROM (SELECT ?5 AS at) CROSS JOIN (VALUES `, `) v
		CROSS JOIN subjects k INDEXED BY subjects_by_id
		WHERE k.subject = v.column1 AND k.form = v.column2 AND k.digest = v.column3 AND (k.erased_time IS NULL OR k.erased_time <= at)
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = count + excluded.count`

	selectDisclosures = `
		SELECT ` + column.Disclosures + ` FROM disclosures WHERE subject IN (SELECT unhex(a.value) FROM json_each(?1) a)
		ORDER BY ` + column.DisclosuresKey

	selectReaders = `
		SELECT day, client, channel, count(DISTINCT subject), sum(count) FROM disclosures
		WHERE day >= ?1 AND (?2 = '' OR client = ?2) AND (day, client, channel) > (?3, ?4, ?5)
		GROUP BY day, client, channel ORDER BY day, client, channel LIMIT ?6`

	countReaders = `
		SELECT coalesce(min(day), 0), ?2, '', count(DISTINCT subject), coalesce(sum(count), 0) FROM disclosures
		WHERE day >= ?1 AND (?2 = '' OR client = ?2)`

	deleteDisclosures = `
		DELETE FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
			SELECT ` + column.DisclosuresKey + ` FROM disclosures
			WHERE day < ?1 AND subject NOT IN (SELECT unhex(a.value) FROM json_each(?3) a) ORDER BY day LIMIT ?2)`

	bequeathDisclosures = `
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT ?3, day, client, channel, count FROM disclosures WHERE subject = ?1 AND day > ?2
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = count + excluded.count`

	forgetDisclosures = `DELETE FROM disclosures WHERE subject = ?1 AND (day <= ?2 OR ?3 IS NOT NULL)`
)

// AddDisclosures adds to what is counted.
func (s *Store) AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []storage.Learnt) error {
	return s.locked(ctx, "add disclosures", func(c *conn) error {
		if err := storage.CheckLearnt(counts); err != nil {
			return err
		}
		if _, err := c.head(); err != nil {
			return err
		}
		added, err := c.exec(insertOnce, id[:], expires)
		if err != nil || added == 0 {
			return err
		}
		return c.addDisclosures(counts)
	})
}

// addDisclosures adds to what is counted, as many rows at once as it can.
func (c *conn) addDisclosures(counts []storage.Learnt) error {
	for len(counts) > 0 {
		if n := alike(counts); n < rowsTogether {
			if err := each(c, addDisclosure, counts[:n], disclosureArgs); err != nil {
				return err
			}
			counts = counts[n:]
			continue
		}
		if err := c.addTogether(counts[:rowsTogether]); err != nil {
			return err
		}
		counts = counts[rowsTogether:]
	}
	return nil
}

// alike returns how many of the first rows may be added by one statement: they have ids, and differ in the subject only. It is 1 at least.
func alike(counts []storage.Learnt) int {
	first := counts[0]
	n := 0
	for ; n < min(len(counts), rowsTogether); n++ {
		l := counts[n]
		if l.Subject == (consent.SubjectID{}) {
			break
		}
		l.Key, l.Subject = first.Key, first.Subject
		if l != first {
			break
		}
	}
	return max(n, 1)
}

func disclosureArgs(l *storage.Learnt) []any {
	return []any{l.Key.Form, l.Key.Digest[:], l.Day, l.Client, l.Channel, l.Count, int64(l.At)}
}

// addTogether adds [rowsTogether] rows that differ in the subject only. It looks for the subjects in the index by their ids: of rows in the order of
// the ids it has them side by side, and the table has not. Where a key does not lead to its id any more, each is looked for by the key.
func (c *conn) addTogether(counts []storage.Learnt) error {
	l := &counts[0]
	args := append(make([]any, 0, 5+3*len(counts)), l.Day, l.Client, l.Channel, l.Count, int64(l.At))
	for i := range counts {
		args = append(args, counts[i].Subject[:], counts[i].Key.Form, counts[i].Key.Digest[:])
	}
	if _, err := c.exec(`SAVEPOINT together`); err != nil {
		return err
	}
	added, err := c.exec(addDisclosuresOf+strings.Repeat(`(?, ?, ?), `, len(counts)-1)+`(?, ?, ?)`+addDisclosuresTo, args...)
	if err == nil && added < int64(len(counts)) {
		if _, err = c.exec(`ROLLBACK TO together`); err == nil {
			err = each(c, addDisclosure, counts, disclosureArgs)
		}
	}
	if err != nil {
		return err
	}
	_, err = c.exec(`RELEASE together`)
	return err
}

// Disclosures returns what is counted for the subjects.
func (s *Store) Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]storage.Disclosure, error) {
	_, rows, err := records.List(ctx, s.query, "read disclosures", selectDisclosures, []any{jsonSubjects(subjects)}, column.ScanDisclosure)
	return rows, err
}

// Readers counts disclosures by day, client and channel.
func (s *Store) Readers(ctx context.Context, which storage.ReadBy, after *storage.Readership, limit int) ([]storage.Readership, error) {
	args := []any{max(which.Since, after.Day), which.Client, after.Day, after.Client, after.Channel, max(limit, 0)}
	_, rows, err := records.List(ctx, s.query, "count readers", selectReaders, args, column.ScanReadership)
	return rows, err
}

// CountReaders counts the disclosures and their subjects.
func (s *Store) CountReaders(ctx context.Context, which storage.ReadBy) (storage.Readership, error) {
	_, rows, err := records.List(ctx, s.query, "count all readers", countReaders, []any{which.Since, which.Client}, column.ScanReadership)
	if err != nil || len(rows) == 0 {
		return storage.Readership{}, err
	}
	return rows[0], nil
}

// DeleteDisclosures deletes disclosures of days before the day given.
func (s *Store) DeleteDisclosures(ctx context.Context, before int64, except []consent.SubjectID, limit int) (int, error) {
	var deleted int64
	err := s.locked(ctx, "delete disclosures", func(c *conn) error {
		_, err := c.head()
		if err == nil {
			deleted, err = c.exec(deleteDisclosures, before, max(limit, 0), jsonSubjects(except))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}

// forget deletes disclosures, and adds those of later days to the heirs.
func (c *conn) forget(list []storage.ForgottenDisclosures) error {
	for i := range list {
		f := &list[i]
		heir := column.IDOrNull(f.Heir)
		if heir != nil {
			if _, err := c.exec(bequeathDisclosures, f.Subject[:], f.Until, heir); err != nil {
				return err
			}
		}
		if _, err := c.exec(forgetDisclosures, f.Subject[:], f.Until, heir); err != nil {
			return err
		}
	}
	return nil
}
