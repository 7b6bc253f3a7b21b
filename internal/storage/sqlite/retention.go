package sqlite

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectOutlines = `SELECT ` + column.Outline + ` FROM events e WHERE e.position > ?1 ORDER BY e.position LIMIT ?2`

	countDisclosures = `
		SELECT count(*), coalesce(min(day), 0) FROM disclosures
		WHERE day < ?1 AND subject NOT IN (SELECT unhex(a.value) FROM json_each(?2) a)`

	dropSubject = `DELETE FROM subjects WHERE form = ?1 AND digest = ?2`

	dropClaim = `DELETE FROM claims WHERE id = ?1`
)

// Outlines returns outlines of events by position.
func (s *Store) Outlines(ctx context.Context, after int64, limit int) ([]storage.Outline, error) {
	_, rows, err := list(ctx, s, "read outlines", selectOutlines, []any{after, max(limit, 0)}, column.ScanOutline)
	return rows, err
}

// DisclosuresBefore counts disclosures of days before the day given.
func (s *Store) DisclosuresBefore(
	ctx context.Context, before int64, except []consent.SubjectID,
) (n, earliest int64, err error) {
	_, _, err = list(ctx, s, "count disclosures", countDisclosures, []any{before, jsonSubjects(except)},
		func(scan column.Scan) (struct{}, error) { return struct{}{}, scan(&n, &earliest) })
	return n, earliest, err
}

// drop deletes what retention found to be of no use.
func (c *conn) drop(changes *storage.Changes) error {
	err := each(c, dropSubject, changes.DropSubjects, func(k *storage.SubjectKey) []any { return []any{k.Form, k.Digest[:]} })
	if err != nil {
		return err
	}
	return each(c, dropClaim, changes.DropClaims, func(id *[16]byte) []any { return []any{id[:]} })
}
