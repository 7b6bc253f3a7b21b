package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Consumer is what a client reads of the change feed, and in which form.
type Consumer struct {
	ID       string
	Client   string   // that reads
	Channels []string // none: all
	Kinds    []string // of rules; none: all
	Form     string   // of addresses
	Key      []byte   // its own key, sealed, of the form keyed; nil: none, or revoked

	Created   consent.Instant
	CreatedBy string          // id of the client
	Revoked   consent.Instant // zero: not

	Acknowledged storage.Mark    // up to here it has everything; at its creation the end of the ledger
	Seen         consent.Instant // when it said so last; zero: never
}

const consumerColumns = `id, client, channels, kinds, form, sealed_key, created_time, created_by, revoked_time, acknowledged_position,
	acknowledged_revision, seen_time`

// Consumers returns consumers with ids greater than after, those revoked included, by id, at most limit of them.
func Consumers(ctx context.Context, from storage.TableReader, after string, limit int) (storage.Head, []Consumer, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read consumers", SQL: `SELECT ` + consumerColumns + ` FROM consumers WHERE id > $1 ORDER BY id LIMIT $2`,
		Args: []any{after, max(limit, 0)},
	}, scanConsumer)
}

// ConsumerOf returns the consumer with the id, if there is one.
func ConsumerOf(ctx context.Context, from storage.TableReader, id string) (storage.Head, []Consumer, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read a consumer", SQL: `SELECT ` + consumerColumns + ` FROM consumers WHERE id = $1`, Args: []any{id},
	}, scanConsumer)
}

// ConsumersOfClient returns the consumers of a client, those revoked included, by id.
func ConsumersOfClient(ctx context.Context, from storage.TableReader, client string) (storage.Head, []Consumer, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read the consumers of a client", SQL: `SELECT ` + consumerColumns + ` FROM consumers WHERE client = $1 ORDER BY id`,
		Args: []any{client},
	}, scanConsumer)
}

// ActiveConsumers returns all consumers that were not revoked, by id.
func ActiveConsumers(ctx context.Context, from storage.TableReader) (storage.Head, []Consumer, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read consumers", SQL: `SELECT ` + consumerColumns + ` FROM consumers WHERE revoked_time IS NULL ORDER BY id`,
	}, scanConsumer)
}

// AddConsumer adds a consumer; that its id exists already is an error. It belongs under the lock of the head: an erasure leaves something
// for the consumers that were there before it.
func AddConsumer(c *Consumer) storage.Statement {
	return storage.Statement{Doing: "store a consumer", SQL: portable.InsertInto("consumers", consumerColumns), Args: consumerArgs(c)}
}

// PutConsumer adds a consumer, or replaces the one that has its id. It belongs under the lock of the head, as AddConsumer.
func PutConsumer(c *Consumer) storage.Statement {
	return storage.Statement{Doing: "store a consumer", SQL: portable.ReplaceIn("consumers", "id", consumerColumns), Args: consumerArgs(c)}
}

func consumerArgs(c *Consumer) []any {
	return []any{
		c.ID, c.Client, column.PackWords(c.Channels), column.PackWords(c.Kinds), c.Form, column.OrNull(c.Key), int64(c.Created), c.CreatedBy,
		column.InstantOrNull(c.Revoked), c.Acknowledged.Position, c.Acknowledged.Revision, column.InstantOrNull(c.Seen),
	}
}

// RevokeConsumer ends a consumer and destroys its key.
func RevokeConsumer(id string, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "revoke a consumer", SQL: `UPDATE consumers SET revoked_time = $2, sealed_key = NULL WHERE id = $1`, Args: []any{id, int64(at)},
	}
}

// SetConsumerChannels gives a consumer other channels.
func SetConsumerChannels(id string, channels []string) storage.Statement {
	return storage.Statement{
		Doing: "change a consumer", SQL: `UPDATE consumers SET channels = $2 WHERE id = $1`, Args: []any{id, column.PackWords(channels)},
	}
}

// AcknowledgeConsumer notes up to where a consumer has everything, whatever it had before, and when it said so. Of one with a webhook nothing
// is noted: what it was told is what the webhook was, wherever else its client reads.
func AcknowledgeConsumer(id string, upTo storage.Mark, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note what a consumer has",
		SQL: `UPDATE consumers SET acknowledged_position = $2, acknowledged_revision = $3, seen_time = $4
			WHERE id = $1 AND id NOT IN (SELECT id FROM webhooks)`,
		Args: []any{id, upTo.Position, upTo.Revision, int64(at)},
	}
}

// DropConsumer deletes the consumer with the id, if there is one and it was not seen after the instant, which counts its creation.
func DropConsumer(id string, unseenSince consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete a consumer", SQL: `DELETE FROM consumers WHERE id = $1 AND COALESCE(seen_time, created_time) <= $2`,
		Args: []any{id, int64(unseenSince)},
	}
}

func scanConsumer(scan storage.Scan) (Consumer, error) {
	var c Consumer
	var channels, kinds string
	var revoked, seen *int64
	err := scan(&c.ID, &c.Client, &channels, &kinds, &c.Form, &c.Key, (*int64)(&c.Created), &c.CreatedBy, &revoked,
		&c.Acknowledged.Position, &c.Acknowledged.Revision, &seen)
	if err != nil {
		return Consumer{}, err
	}
	c.Channels, c.Kinds = column.UnpackWords(channels), column.UnpackWords(kinds)
	c.Key, c.Revoked, c.Seen = column.OrNull(c.Key), column.Instant(revoked), column.Instant(seen)
	return c, nil
}
