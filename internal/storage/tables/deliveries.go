package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// The states of deliveries.
const (
	DeliveryWaiting   = "waiting"
	DeliveryDelivered = "delivered"
	DeliveryDead      = "dead"
)

// The kinds of deliveries.
const (
	DeliveryCard   = "card"   // what holds for one form of an address
	DeliveryForget = "forget" // an address that was erased
	DeliveryReset  = "reset"  // the receiver has to take a snapshot
)

// Delivery is a message to a webhook, which was sent or is to be.
type Delivery struct {
	Webhook   string
	Number    int64  // in the order of the feed
	ID        string // of the message
	Kind      string
	State     string
	Recipient []byte // keyed digest of the person: what is told of one is told in order; empty of one that was delivered
	Card      []byte // keyed digest of the form of the address that it is about; empty of one that was delivered
	Content   []byte // sealed; nil of one that was delivered

	Created   consent.Instant
	Due       consent.Instant // when the next attempt is made, of one that waits
	Attempts  int64
	Attempted consent.Instant // the last; zero: none was made
	Outcome   string          // of the last attempt; empty: none was made
	Status    int64           // of HTTP; 0: none
	Answer    string          // what came of the last attempt, in words
	Excerpt   string          // of what the receiver answered
}

const deliveryColumns = `webhook, number, id, kind, state, recipient, card, content, created_time, due_time, attempts, attempted_time, outcome,
	status, answer, excerpt`

// Deliveries returns deliveries of a webhook with numbers lower than before, or of all if that is 0, the newest first, at most limit of
// them; only those of a state unless that is empty.
func Deliveries(
	ctx context.Context, from storage.TableReader, webhook, state string, before int64, limit int,
) (storage.Head, []Delivery, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read deliveries",
		SQL: `SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE webhook = $1 AND (state = $2 OR CAST($3 AS integer) = 1)
			AND (number < $4 OR CAST($5 AS integer) = 1) ORDER BY number DESC LIMIT $6`,
		Args: []any{webhook, state, portable.OneIf(state == ""), before, portable.OneIf(before == 0), max(limit, 0)},
	}, scanDelivery)
}

// DeliveryOf returns the delivery of a webhook with the id of its message, if there is one.
func DeliveryOf(ctx context.Context, from storage.TableReader, webhook, id string) ([]Delivery, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a delivery", SQL: `SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE webhook = $1 AND id = $2`,
		Args: []any{webhook, id},
	}, scanDelivery)
	return rows, err
}

// DueDeliveries returns the deliveries of a webhook that are due at an instant, the longest due first, at most limit of them. Of one
// recipient it is at most the oldest that waits. One that asks for a snapshot is not among them while an older one that tells to forget an
// address waits: the snapshot may have new rules of that address, which are not to be forgotten after it.
//
// The oldest is the least number of its recipient, which the index has: for a NOT EXISTS, PostgreSQL without statistics of the table compares
// each delivery with each.
func DueDeliveries(ctx context.Context, from storage.TableReader, webhook string, now consent.Instant, limit int) ([]Delivery, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read due deliveries",
		SQL: `SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE webhook = $1 AND state = 'waiting' AND due_time <= $2
			AND number = (SELECT min(earlier.number) FROM webhook_deliveries AS earlier WHERE earlier.webhook = webhook_deliveries.webhook
				AND earlier.recipient = webhook_deliveries.recipient AND earlier.state = 'waiting')
			AND (kind <> 'reset' OR NOT EXISTS (SELECT 1 FROM webhook_deliveries AS earlier
				WHERE earlier.webhook = webhook_deliveries.webhook AND earlier.state = 'waiting' AND earlier.kind = 'forget'
				AND earlier.number < webhook_deliveries.number))
			ORDER BY due_time, number LIMIT $3`,
		Args: []any{webhook, int64(now), max(limit, 0)},
	}, scanDelivery)
	return rows, err
}

// MaySend reports whether a delivery still waits, and its webhook is as it was read: with the same URL, not disabled, and sent for under the
// same lease.
func MaySend(ctx context.Context, from storage.TableReader, w *Webhook, number int64) (bool, error) {
	_, found, err := portable.List(ctx, from, storage.Statement{
		Doing: "read whether a delivery is to be sent",
		SQL: `SELECT d.number FROM webhook_deliveries AS d JOIN webhooks AS w ON w.id = d.webhook WHERE d.webhook = $1 AND d.number = $2
			AND d.state = 'waiting' AND w.url = $3 AND w.lease = $4 AND w.lease_until = $5 AND w.disabled_time IS NULL`,
		Args: []any{w.ID, number, column.NotNull(w.URL), column.NotNull(w.Lease), int64(w.LeaseUntil)},
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	return len(found) > 0, err
}

// AddDelivery adds a delivery to a webhook that is at a turn; otherwise nothing.
func AddDelivery(d *Delivery, turn [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "store a delivery",
		SQL: `INSERT INTO webhook_deliveries (` + deliveryColumns + `) SELECT id, CAST($2 AS bigint), CAST($3 AS text), CAST($4 AS text), 'waiting', ` +
			`$5, $6, $7, CAST($8 AS bigint), CAST($9 AS bigint), 0, NULL, '', 0, '', '' FROM webhooks WHERE id = $1 AND turn = $10`,
		Args: []any{
			d.Webhook, d.Number, d.ID, d.Kind, column.NotNull(d.Recipient), column.NotNull(d.Card), column.NotNull(d.Content), int64(d.Created),
			int64(d.Due), turn[:],
		},
	}
}

// NoteAttempt notes the last attempt of a delivery that still waits, and what becomes of it. Of one that was delivered nothing is kept that
// says whom it was about.
func NoteAttempt(d *Delivery) storage.Statement {
	sql := `UPDATE webhook_deliveries SET state = $3, due_time = $4, attempts = $5, attempted_time = $6, outcome = $7, status = $8, answer = $9,
		excerpt = $10`
	args := []any{
		d.Webhook, d.Number, d.State, int64(d.Due), d.Attempts, column.InstantOrNull(d.Attempted), d.Outcome, d.Status, d.Answer, d.Excerpt,
	}
	if d.State == DeliveryDelivered {
		sql += `, content = NULL, recipient = $11, card = $11`
		args = append(args, []byte{})
	}
	return storage.Statement{
		Doing: "note an attempt", SQL: sql + ` WHERE webhook = $1 AND number = $2 AND state = 'waiting'`, Args: args,
	}
}

// DropDelivery deletes a dead delivery, if its webhook is at a turn.
func DropDelivery(webhook string, number int64, turn [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "delete a delivery",
		SQL: `DELETE FROM webhook_deliveries WHERE webhook = $1 AND number = $2 AND state = 'dead'
			AND EXISTS (SELECT 1 FROM webhooks WHERE id = $1 AND turn = $3)`,
		Args: []any{webhook, number, turn[:]},
	}
}

// DropDeliveriesBefore deletes the deliveries of a webhook that a snapshot makes needless, if the webhook is at a turn: those that were not
// delivered, but for those about erased addresses.
func DropDeliveriesBefore(webhook string, turn [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "delete deliveries",
		SQL: `DELETE FROM webhook_deliveries WHERE webhook = $1 AND state <> 'delivered' AND kind <> 'forget'
			AND EXISTS (SELECT 1 FROM webhooks WHERE id = $1 AND turn = $2)`,
		Args: []any{webhook, turn[:]},
	}
}

// DropDeliveriesAbout deletes the deliveries about a form of an address, but for those that tell to forget it.
func DropDeliveriesAbout(card []byte) storage.Statement {
	return storage.Statement{
		Doing: "delete deliveries about an address", SQL: `DELETE FROM webhook_deliveries WHERE card = $1 AND kind = 'card'`,
		Args: []any{column.NotNull(card)},
	}
}

// DropDeliveriesAt deletes the deliveries of a webhook about a form of an address, but for those that tell to forget it, if the webhook is
// at a turn.
func DropDeliveriesAt(webhook string, card []byte, turn [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "delete deliveries about an address",
		SQL: `DELETE FROM webhook_deliveries WHERE webhook = $1 AND card = $2 AND kind = 'card'
			AND EXISTS (SELECT 1 FROM webhooks WHERE id = $1 AND turn = $3)`,
		Args: []any{webhook, column.NotNull(card), turn[:]},
	}
}

// DropOldDeliveries deletes deliveries that ended long ago: those delivered that were last tried before one instant, or are older than so many
// others of their webhook; and of those made before another instant the dead ones, and those about erased addresses whatever became of them.
func DropOldDeliveries(delivered, dead consent.Instant, newest int64) storage.Statement {
	return storage.Statement{
		Doing: "delete old deliveries",
		SQL: `DELETE FROM webhook_deliveries WHERE state = 'delivered' AND (attempted_time < $1
				OR number < (SELECT next_number - $3 FROM webhooks WHERE webhooks.id = webhook_deliveries.webhook))
			OR (state = 'dead' OR kind = 'forget') AND created_time < $2`,
		Args: []any{int64(delivered), int64(dead), newest},
	}
}

// Backlog is how many deliveries of a state a webhook has.
type Backlog struct {
	Webhook string
	State   string
	Count   int64
	Oldest  consent.Instant // when the oldest of them was made
}

// Backlogs returns what waits and what is dead, of all webhooks that have any, by webhook and state.
func Backlogs(ctx context.Context, from storage.TableReader) ([]Backlog, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count deliveries",
		// By webhook and state the index finds them: those delivered, which can be very many, are not read.
		SQL: `SELECT w.id, d.state, COUNT(*), MIN(d.created_time) FROM webhooks AS w
			CROSS JOIN webhook_deliveries AS d WHERE d.webhook = w.id AND d.state IN ('dead', 'waiting')
			GROUP BY w.id, d.state ORDER BY w.id, d.state`,
	}, func(scan storage.Scan) (Backlog, error) {
		var b Backlog
		err := scan(&b.Webhook, &b.State, &b.Count, (*int64)(&b.Oldest))
		return b, err
	})
	return rows, err
}

// CountWaiting returns how many deliveries of a webhook wait.
func CountWaiting(ctx context.Context, from storage.TableReader, webhook string) (int64, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count deliveries", SQL: `SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = $1 AND state = 'waiting'`, Args: []any{webhook},
	}, func(scan storage.Scan) (n int64, err error) {
		err = scan(&n)
		return n, err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0], nil
}

func scanDelivery(scan storage.Scan) (Delivery, error) {
	var d Delivery
	var attempted *int64
	err := scan(&d.Webhook, &d.Number, &d.ID, &d.Kind, &d.State, &d.Recipient, &d.Card, &d.Content, (*int64)(&d.Created), (*int64)(&d.Due),
		&d.Attempts, &attempted, &d.Outcome, &d.Status, &d.Answer, &d.Excerpt)
	d.Content, d.Attempted = column.OrNull(d.Content), column.Instant(attempted)
	return d, err
}
