package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
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
