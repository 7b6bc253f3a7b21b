package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectEvidence = `
		SELECT e.position, e.evidence FROM events e WHERE e.position = ANY ($1::bigint[]) AND e.evidence IS NOT NULL`

	dropEvidence = `UPDATE events SET evidence = NULL WHERE position = ANY ($1::bigint[])`

	blankEvents = `
		UPDATE events SET subject = decode(repeat('00', 16), 'hex'), event_key = decode(repeat('00', 16), 'hex'), kind = 0,
			occurred_time = 0, actor = '', batch = NULL, header = '', evidence = NULL
		WHERE position = ANY ($1::bigint[])`

	// A request covers few positions, so that those that cover one end at most a span after it.
	forgetRequests = `
		UPDATE requests r SET body_mac = '', answer = '', first_position = NULL, last_position = NULL
		FROM unnest($1::bigint[]) AS a (position)
		WHERE r.last_position >= a.position AND r.last_position < a.position + $2::bigint AND r.first_position <= a.position`

	addReturns = `
		INSERT INTO erased_returns AS e (` + column.Returns + `)
		SELECT subject, day, client, sum(count)
		FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[]) AS a (subject, day, client, count)
		GROUP BY subject, day, client
		ON CONFLICT (subject, day, client) DO UPDATE SET count = e.count + excluded.count`

	insertClaims = `
		INSERT INTO claims (` + column.Claims + `) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])`

	selectBatch = `
		SELECT e.position, e.subject FROM events e WHERE e.batch = $1 AND e.position > $2 ORDER BY e.position LIMIT $3`

	selectErasures = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.kind = 9 AND e.evidence IS NOT NULL AND e.position > $1 ORDER BY e.position LIMIT $2`

	selectReturns = `
		SELECT ` + column.Returns + ` FROM erased_returns
		WHERE day >= $1 AND (day, client COLLATE "C", subject) > ($2::bigint, $3::text, $4::bytea)
		ORDER BY day, client COLLATE "C", subject LIMIT $5`

	selectClaims = `SELECT ` + column.Claims + ` FROM claims WHERE id > $1 ORDER BY id LIMIT $2`
)

// queueRights queues what an erasure does and what is kept because of it.
func queueRights(batch *pgx.Batch, changes *storage.Changes) {
	if len(changes.DropEvidence) > 0 {
		batch.Queue(dropEvidence, changes.DropEvidence)
	}
	if len(changes.Blank) > 0 {
		batch.Queue(blankEvents, changes.Blank)
	}
	if len(changes.ForgetRequests) > 0 {
		batch.Queue(forgetRequests, changes.ForgetRequests, storage.RequestSpan)
	}
	if rows := changes.Returns; len(rows) > 0 {
		batch.Queue(addReturns,
			array(rows, func(r *storage.Return) []byte { return r.Subject[:] }),
			array(rows, func(r *storage.Return) int64 { return r.Day }),
			array(rows, func(r *storage.Return) string { return r.Client }),
			array(rows, func(r *storage.Return) int64 { return r.Count }),
		)
	}
	if rows := changes.Claims; len(rows) > 0 {
		batch.Queue(insertClaims,
			array(rows, func(c *storage.Claim) []byte { return c.ID[:] }),
			array(rows, func(c *storage.Claim) int64 { return int64(c.Until) }),
			array(rows, func(c *storage.Claim) []byte { return column.NotNull(c.Sealed) }),
		)
	}
}

// Erasures returns erasures that have evidence.
func (s *Store) Erasures(ctx context.Context, after int64, limit int) (storage.Head, []storage.Record, error) {
	return list(ctx, s, "read erasures", selectErasures, []any{after, max(limit, 0)}, column.ScanRecord)
}

// Batch returns events of a batch.
func (s *Store) Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	_, rows, err := list(ctx, s, "read a batch", selectBatch, []any{batch[:], after, max(limit, 0)}, column.ScanBatchEvent)
	return rows, err
}

// Returns returns what came back of erased persons.
func (s *Store) Returns(ctx context.Context, day int64, after storage.Return, limit int) ([]storage.Return, error) {
	args := []any{day, after.Day, after.Client, after.Subject[:], max(limit, 0)}
	_, rows, err := list(ctx, s, "read returns", selectReturns, args, column.ScanReturn)
	return rows, err
}

// Claims returns claims by id.
func (s *Store) Claims(ctx context.Context, after [16]byte, limit int) ([]storage.Claim, error) {
	_, rows, err := list(ctx, s, "read claims", selectClaims, []any{after[:], max(limit, 0)}, column.ScanClaim)
	return rows, err
}

// purge is what rewrites the tables that an erasure touches, and has the log begin anew.
func purge() []string {
	return []string{
		`VACUUM (FULL) events`, `VACUUM (FULL) subjects`, `VACUUM (FULL) states`, `VACUUM (FULL) requests`,
		`VACUUM (FULL) disclosures`, `VACUUM (FULL) erased_returns`, `VACUUM (FULL) claims`, `VACUUM (FULL) revisions`,
		`CHECKPOINT`,
	}
}

// forgetRevisions makes followers read everything anew, if there were keys that they would have read. Whoever adds one holds the head.
func forgetRevisions(ctx context.Context, s *Store) error {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(lockHead)
	batch.Queue(outdateFollowers, storage.RevisionsKept+1)
	batch.Queue(`DELETE FROM revisions`)
	batch.Queue(commit)
	return s.pool.SendBatch(ctx, batch).Close()
}

// Purge forgets revisions and rewrites the tables. The segments of the write-ahead log are the server's: docs/operations.md says how they end.
func (s *Store) Purge(ctx context.Context) error {
	ctx, release := s.enter(ctx)
	defer release()
	if err := forgetRevisions(ctx, s); err != nil {
		return s.fail(ctx, "purge the database", err)
	}
	for _, statement := range purge() {
		if _, err := s.pool.Exec(ctx, statement); err != nil {
			return s.fail(ctx, "purge the database", err)
		}
	}
	return nil
}
