package sqlite

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	countDisclosures = `
		SELECT count(*), coalesce(min(day), 0) FROM disclosures
		WHERE day < ?1 AND subject NOT IN (SELECT unhex(a.value) FROM json_each(?2) a)`

	dropSubject = `DELETE FROM subjects WHERE form = ?1 AND digest = ?2`
)

// DisclosuresBefore counts disclosures of days before the day given.
func (s *Store) DisclosuresBefore(
	ctx context.Context, before int64, except []consent.SubjectID,
) (n, earliest int64, err error) {
	_, _, err = records.List(ctx, s.query, "count disclosures", countDisclosures, []any{before, jsonSubjects(except)},
		func(scan column.Scan) (struct{}, error) { return struct{}{}, scan(&n, &earliest) })
	return n, earliest, err
}

// drop deletes what retention found to be of no use.
func (c *conn) drop(changes *storage.Changes) error {
	return each(c, dropSubject, changes.DropSubjects, func(k *storage.SubjectKey) []any { return []any{k.Form, k.Digest[:]} })
}
