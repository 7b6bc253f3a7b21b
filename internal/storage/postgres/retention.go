package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	countDisclosures = `
		SELECT count(*), coalesce(min(day), 0) FROM disclosures
		WHERE day < $1 AND subject <> ALL ($2::bytea[])`

	dropSubjects = `
		DELETE FROM subjects WHERE (form, digest) IN (SELECT * FROM unnest($1::smallint[], $2::bytea[]))`
)

// DisclosuresBefore counts disclosures of days before the day given.
func (s *Store) DisclosuresBefore(
	ctx context.Context, before int64, except []consent.SubjectID,
) (n, earliest int64, err error) {
	_, _, err = records.List(ctx, s.view, "count disclosures", countDisclosures, []any{before, idArray(except)},
		func(scan column.Scan) (struct{}, error) { return struct{}{}, scan(&n, &earliest) })
	return n, earliest, err
}

// queueDrops queues the deletion of what retention found to be of no use.
func queueDrops(batch *pgx.Batch, changes *storage.Changes) {
	if len(changes.DropSubjects) > 0 {
		forms, digests := keyArrays(changes.DropSubjects)
		batch.Queue(dropSubjects, forms, digests)
	}
}
