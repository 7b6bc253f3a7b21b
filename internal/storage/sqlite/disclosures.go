package sqlite

import (
	"context"

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
		WHERE form = ?1 AND digest = ?2 AND subject IS NOT NULL AND ` + addedTo

	// Of rows in the order of their ids, the index has the subjects side by side, and the table has not.
	addDisclosureByID = `
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT subject, ?3, ?4, ?5, ?6 FROM subjects INDEXED BY subjects_by_id
		WHERE subject = ?8 AND form = ?1 AND digest = ?2 AND ` + addedTo

	addedTo = `(erased_time IS NULL OR erased_time <= ?7)
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
		for i := range counts {
			if err := c.addDisclosure(&counts[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// addDisclosure adds to what is counted for the subject that a key leads to.
func (c *conn) addDisclosure(l *storage.Learnt) error {
	args := []any{l.Key.Form, l.Key.Digest[:], l.Day, l.Client, l.Channel, l.Count, int64(l.At)}
	if l.Subject != (consent.SubjectID{}) {
		if added, err := c.exec(addDisclosureByID, append(args, l.Subject[:])...); err != nil || added > 0 {
			return err
		}
	}
	_, err := c.exec(addDisclosure, args...) // The key may lead to another subject now.
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
