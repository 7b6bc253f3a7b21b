package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// Rows of disclosures are locked in the order of their key by every statement, so that none of them waits for another in a circle.
const (
	// One statement, and so one transaction: nothing is added where the id is remembered.
	addDisclosures = `
		WITH once AS (
			INSERT INTO requests (id, body_mac, answer, expires_time)
			SELECT $1::bytea, ''::bytea, ''::bytea, $2::bigint FROM ledger_head WHERE id = 1
			ON CONFLICT (id) DO NOTHING RETURNING id
		)
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT a.* FROM unnest($3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::bigint[]) AS a
		WHERE EXISTS (SELECT 1 FROM once)
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = disclosures.count + excluded.count`

	selectDisclosures = `
		SELECT ` + column.Disclosures + ` FROM disclosures WHERE subject = ANY ($1::bytea[])
		ORDER BY subject, day, client COLLATE "C", channel COLLATE "C"`

	deleteDisclosures = `
		DELETE FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
			SELECT ` + column.DisclosuresKey + ` FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
				SELECT ` + column.DisclosuresKey + ` FROM disclosures WHERE day < $1 AND subject <> ALL ($3::bytea[])
				ORDER BY day LIMIT $2
			) ORDER BY subject, day, client COLLATE "C", channel COLLATE "C" FOR UPDATE)`

	forgetDisclosures = `
		DELETE FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
			SELECT ` + column.DisclosuresKey + ` FROM disclosures WHERE subject = ANY ($1::bytea[])
			ORDER BY subject, day, client COLLATE "C", channel COLLATE "C" FOR UPDATE)`
)

// AddDisclosures adds to what is counted.
func (s *Store) AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []storage.Disclosure) error {
	const doing = "add disclosures"
	ctx, release := s.enter(ctx)
	defer release()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release()
	type disclosure = storage.Disclosure
	rows := column.Summed(counts)
	var head storage.Head
	batch := &pgx.Batch{}
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(addDisclosures, id[:], int64(expires),
		array(rows, func(d *disclosure) []byte { return d.Subject[:] }),
		array(rows, func(d *disclosure) int64 { return d.Day }),
		array(rows, func(d *disclosure) string { return d.Client }),
		array(rows, func(d *disclosure) string { return d.Channel }),
		array(rows, func(d *disclosure) int64 { return d.Count }),
	)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		if !isPort(err) { // It was sent, and the statement commits by itself.
			err = asCommitError(err, true)
		}
		return s.fail(ctx, doing, err)
	}
	return nil
}

// Disclosures returns what is counted for the subjects.
func (s *Store) Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]storage.Disclosure, error) {
	_, rows, err := list(ctx, s, "read disclosures", selectDisclosures, []any{idArray(subjects)}, column.ScanDisclosure)
	return rows, err
}

// DeleteDisclosures deletes disclosures of days before the day given.
func (s *Store) DeleteDisclosures(ctx context.Context, before int64, except []consent.SubjectID, limit int) (int, error) {
	ctx, release := s.enter(ctx)
	defer release()
	var head storage.Head
	var deleted int64
	batch := &pgx.Batch{}
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(deleteDisclosures, before, max(limit, 0), idArray(except)).Exec(func(tag pgconn.CommandTag) error {
		deleted = tag.RowsAffected()
		return nil
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, s.fail(ctx, "delete disclosures", err)
	}
	return int(deleted), nil
}

func queueForget(batch *pgx.Batch, subjects []consent.SubjectID) {
	if len(subjects) > 0 {
		batch.Queue(forgetDisclosures, idArray(subjects))
	}
}
