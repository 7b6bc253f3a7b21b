package tables

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Webhook is where a consumer of the change feed is told what changed. The consumer has the same id.
type Webhook struct {
	ID          string
	URL         []byte // sealed
	Mode        string
	Secret      []byte // sealed
	PriorSecret []byte // the one before it, sealed, while both sign; nil: none
	PriorUntil  consent.Instant

	Created   consent.Instant
	CreatedBy string // id of a client

	Disabled       consent.Instant // zero: not
	DisabledReason string

	Place     string       // token of the change feed up to which deliveries were made; empty: none were made yet
	PlaceMark storage.Mark // of that token
	PlaceTime consent.Instant
	// Turn changes with each write that adds deliveries: one that was made ready under another turn adds nothing.
	Turn       [16]byte
	NextNumber int64 // of the next delivery

	Lease      []byte // which server sends; empty: none
	LeaseUntil consent.Instant
}

const webhookColumns = `id, url, mode, secret, prior_secret, prior_until, created_time, created_by, disabled_time, disabled_reason, place,
	place_position, place_revision, place_time, turn, next_number, lease, lease_until`

// Webhooks returns all webhooks, by id.
func Webhooks(ctx context.Context, from storage.TableReader) (storage.Head, []Webhook, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read webhooks", SQL: `SELECT ` + webhookColumns + ` FROM webhooks ORDER BY id`,
	}, scanWebhook)
}

// WebhookOf returns the webhook with the id, if there is one.
func WebhookOf(ctx context.Context, from storage.TableReader, id string) (storage.Head, []Webhook, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read a webhook", SQL: `SELECT ` + webhookColumns + ` FROM webhooks WHERE id = $1`, Args: []any{id},
	}, scanWebhook)
}

// DueWebhooks returns the ids of the webhooks that are not disabled and have a delivery that is due at an instant.
func DueWebhooks(ctx context.Context, from storage.TableReader, now consent.Instant) ([]string, error) {
	_, ids, err := portable.List(ctx, from, storage.Statement{
		Doing: "read which webhooks have something to send",
		SQL: `SELECT id FROM webhooks WHERE disabled_time IS NULL AND EXISTS (SELECT 1 FROM webhook_deliveries
			WHERE webhook = webhooks.id AND state = 'waiting' AND due_time <= $1) ORDER BY id`,
		Args: []any{int64(now)},
	}, func(scan storage.Scan) (id string, err error) { return id, scan(&id) })
	return ids, err
}

// AddWebhook adds a webhook; that its id exists already is an error.
func AddWebhook(w *Webhook) storage.Statement {
	return storage.Statement{Doing: "store a webhook", SQL: portable.InsertInto("webhooks", webhookColumns), Args: []any{
		w.ID, column.NotNull(w.URL), w.Mode, column.NotNull(w.Secret), column.OrNull(w.PriorSecret), column.InstantOrNull(w.PriorUntil),
		int64(w.Created), w.CreatedBy, column.InstantOrNull(w.Disabled), w.DisabledReason, w.Place, w.PlaceMark.Position, w.PlaceMark.Revision,
		int64(w.PlaceTime), w.Turn[:], w.NextNumber, column.NotNull(w.Lease), int64(w.LeaseUntil),
	}}
}

// ChangeWebhook stores where and how messages are sent, with which secrets, and whether the webhook is disabled.
func ChangeWebhook(w *Webhook) storage.Statement {
	return storage.Statement{
		Doing: "change a webhook",
		SQL: `UPDATE webhooks SET url = $2, mode = $3, secret = $4, prior_secret = $5, prior_until = $6, disabled_time = $7,
			disabled_reason = $8 WHERE id = $1`,
		Args: []any{
			w.ID, column.NotNull(w.URL), w.Mode, column.NotNull(w.Secret), column.OrNull(w.PriorSecret), column.InstantOrNull(w.PriorUntil),
			column.InstantOrNull(w.Disabled), w.DisabledReason,
		},
	}
}

// DisableWebhook disables a webhook that is not disabled.
func DisableWebhook(id string, at consent.Instant, reason string) storage.Statement {
	return storage.Statement{
		Doing: "disable a webhook", SQL: `UPDATE webhooks SET disabled_time = $2, disabled_reason = $3 WHERE id = $1 AND disabled_time IS NULL`,
		Args: []any{id, int64(at), reason},
	}
}

// DropWebhook deletes a webhook with its deliveries.
func DropWebhook(id string) []storage.Statement {
	return []storage.Statement{
		{Doing: "delete deliveries", SQL: `DELETE FROM webhook_deliveries WHERE webhook = $1`, Args: []any{id}},
		{Doing: "delete a webhook", SQL: `DELETE FROM webhooks WHERE id = $1`, Args: []any{id}},
	}
}

// TakeWebhook gives the sending for a webhook to a server until an instant, unless another one has it. Which one has it is read afterwards. One
// that has it for an hour longer than that had a clock that was wrong, and counts for nothing.
func TakeWebhook(id string, lease []byte, now, until consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "take a webhook",
		SQL:   `UPDATE webhooks SET lease = $2, lease_until = $4 WHERE id = $1 AND (lease = $2 OR lease_until <= $3 OR lease_until > $5)`,
		Args:  []any{id, column.NotNull(lease), int64(now), int64(until), int64(until.Add(time.Hour))},
	}
}

// LeaveWebhook gives up the sending for a webhook.
func LeaveWebhook(id string, lease []byte) storage.Statement {
	return storage.Statement{
		Doing: "leave a webhook", SQL: `UPDATE webhooks SET lease_until = 0 WHERE id = $1 AND lease = $2`, Args: []any{id, column.NotNull(lease)},
	}
}

// MoveWebhook takes a webhook from the turn that it was read under to another one, with another place, and counts the numbers of the
// deliveries that are added under that turn. If the turn is another one by then, or the webhook was disabled, nothing happens.
func MoveWebhook(w *Webhook, turn [16]byte, place string, mark storage.Mark, at consent.Instant, numbers int) storage.Statement {
	return storage.Statement{
		Doing: "move a webhook on",
		SQL: `UPDATE webhooks SET turn = $3, place = $4, place_position = $5, place_revision = $6, place_time = $7,
			next_number = next_number + $8 WHERE id = $1 AND turn = $2 AND disabled_time IS NULL`,
		Args: []any{w.ID, w.Turn[:], turn[:], place, mark.Position, mark.Revision, int64(at), numbers},
	}
}

// AcknowledgeWebhook notes that what a consumer with a webhook reads is stored as deliveries up to the place of the webhook.
func AcknowledgeWebhook(id string, turn [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "note what a webhook has",
		SQL: `UPDATE consumers SET
			acknowledged_position = (SELECT place_position FROM webhooks WHERE id = $1 AND turn = $2),
			acknowledged_revision = (SELECT place_revision FROM webhooks WHERE id = $1 AND turn = $2),
			seen_time = (SELECT place_time FROM webhooks WHERE id = $1 AND turn = $2)
			WHERE id = $1 AND EXISTS (SELECT 1 FROM webhooks WHERE id = $1 AND turn = $2)`,
		Args: []any{id, turn[:]},
	}
}

func scanWebhook(scan storage.Scan) (Webhook, error) {
	var w Webhook
	var priorUntil, disabled *int64
	var turn []byte
	err := scan(&w.ID, &w.URL, &w.Mode, &w.Secret, &w.PriorSecret, &priorUntil, (*int64)(&w.Created), &w.CreatedBy, &disabled,
		&w.DisabledReason, &w.Place, &w.PlaceMark.Position, &w.PlaceMark.Revision, (*int64)(&w.PlaceTime), &turn, &w.NextNumber, &w.Lease,
		(*int64)(&w.LeaseUntil))
	if err != nil {
		return Webhook{}, err
	}
	w.PriorSecret, w.PriorUntil, w.Disabled = column.OrNull(w.PriorSecret), column.Instant(priorUntil), column.Instant(disabled)
	return w, column.Fixed("webhooks.turn", w.Turn[:], turn)
}
