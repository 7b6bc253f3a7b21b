package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
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
}

// purge is what rewrites the tables that an erasure touches, and has the log begin anew.
func purge() []string {
	var statements []string
	for _, name := range []string{"events", "subjects", "states", "requests", "disclosures", "revisions"} {
		statements = append(statements, "VACUUM (FULL) "+name)
	}
	for _, table := range tables.All() {
		if table.Persons {
			statements = append(statements, "VACUUM (FULL) "+table.Name)
		}
	}
	return append(statements, "CHECKPOINT")
}

// forgetRevisions makes followers read everything again, if there were keys that they would have read. Callers that add
// keys hold the head.
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
