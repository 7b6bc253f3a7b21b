package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectOutlines = `SELECT ` + column.Outline + ` FROM events e WHERE e.position > $1 ORDER BY e.position LIMIT $2`

	countDisclosures = `
		SELECT count(*), coalesce(min(day), 0) FROM disclosures
		WHERE day < $1 AND subject <> ALL ($2::bytea[])`

	dropSubjects = `
		DELETE FROM subjects WHERE (form, digest) IN (SELECT * FROM unnest($1::smallint[], $2::bytea[]))`

	dropClaims = `DELETE FROM claims WHERE id = ANY ($1::bytea[])`
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
	_, _, err = list(ctx, s, "count disclosures", countDisclosures, []any{before, idArray(except)},
		func(scan column.Scan) (struct{}, error) { return struct{}{}, scan(&n, &earliest) })
	return n, earliest, err
}

// queueDrops queues the deletion of what retention found to be of no use.
func queueDrops(batch *pgx.Batch, changes *storage.Changes) {
	if len(changes.DropSubjects) > 0 {
		forms, digests := keyArrays(changes.DropSubjects)
		batch.Queue(dropSubjects, forms, digests)
	}
	if len(changes.DropClaims) > 0 {
		batch.Queue(dropClaims, array(changes.DropClaims, func(id *[16]byte) []byte { return id[:] }))
	}
}
