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

	// A request covers few positions, so that those that cover one end at most a span after it. Positions that an earlier request with
	// the id named, which has expired, expire at another time than the request.
	forgetRequests = `
		WITH forgotten AS (
			SELECT r.id FROM unnest($1::bigint[]) AS a (position)
			JOIN requests r
				ON r.last_position >= a.position AND r.last_position < a.position + $2::bigint AND r.first_position <= a.position
			UNION
			SELECT r.id FROM unnest($1::bigint[]) AS a (position)
			JOIN request_positions n ON n.position = a.position
			JOIN requests r ON r.id = n.request AND r.expires_time = n.expires_time
		), deleted AS (
			DELETE FROM request_positions n USING forgotten f WHERE n.request = f.id
		)
		UPDATE requests r SET body_mac = '', answer = '', first_position = NULL, last_position = NULL
		FROM forgotten f WHERE r.id = f.id`
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
