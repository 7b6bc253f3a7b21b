package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/webhook"
)

const (
	// sendPage is how many deliveries are read at once.
	sendPage = 500
	// noteTakes is how long it may take to note what came of attempts. One that ends while others are noted waits for that.
	noteTakes = 2 * time.Second
	// sendingLasts is how long a server begins attempts for a webhook before it has to take it anew.
	sendingLasts = 20 * time.Second
	// clocksDiffer is by how much the clocks of two servers may differ without both sending for a webhook. It is twice as much as a server's
	// clock may differ from that of the database before it refuses to record.
	clocksDiffer = 10 * time.Second
)

// send sends a page of what is due of a webhook, unless another server sends for it, and reports whether there was anything to send. Of one
// recipient it sends one message at a time, in order.
func (s *Webhooks) send(ctx context.Context, id string) (sent bool, err error) {
	due, err := tables.DueDeliveries(ctx, s.Store, id, s.Instant(), sendPage)
	if err != nil || len(due) == 0 {
		return false, err
	}
	h, err := s.take(ctx, id)
	if err != nil || h == nil {
		return false, err
	}
	// What another server sent meanwhile is not sent again.
	if due, err = tables.DueDeliveries(ctx, s.Store, id, s.Instant(), sendPage); err == nil {
		err = s.sendAll(ctx, h, due)
	}
	return len(due) > 0, s.leave(ctx, id, err)
}

// leave lets other servers send for a webhook.
func (s *Webhooks) leave(ctx context.Context, id string, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTakes)
	defer cancel()
	if left := s.Store.WriteTables(ctx, tables.LeaveWebhook(id, s.lease)); err == nil {
		err = left
	}
	return err
}

// take returns a webhook that this server sends for from now on; nil if it may not, for another one does or the webhook is disabled.
func (s *Webhooks) take(ctx context.Context, id string) (*hook, error) {
	now := s.Instant()
	until := now.Add(sendingLasts + s.attemptLasts() + 2*noteTakes + clocksDiffer)
	if err := s.Store.WriteTables(ctx, tables.TakeWebhook(id, s.lease, now, until)); err != nil {
		return nil, err
	}
	head, rows, err := tables.WebhookOf(ctx, s.Store, id)
	if err != nil || len(rows) == 0 || rows[0].Disabled != 0 || string(rows[0].Lease) != string(s.lease) {
		return nil, err
	}
	return s.open(&head, &rows[0], now)
}

// sendAll sends deliveries of different recipients, some at the same time. It ends early where the lease does, or the webhook wants no more.
func (s *Webhooks) sendAll(ctx context.Context, h *hook, due []tables.Delivery) error {
	work, ended := make(chan *tables.Delivery), make(chan attempt, len(due))
	going, stop := context.WithCancelCause(ctx) // What is under way goes on when it ends.
	defer stop(nil)
	var senders, noter sync.WaitGroup
	for range min(s.options.AtOnce, len(due)) {
		senders.Go(func() {
			for d := range work {
				if going.Err() != nil {
					continue
				}
				if err := s.sendOne(ctx, h, d, ended); err != nil {
					stop(err)
				}
			}
		})
	}
	noter.Go(func() {
		for first := range ended {
			if err := s.note(ctx, h, first, ended); err != nil {
				stop(err)
			}
		}
	})
	for i := 0; i < len(due) && going.Err() == nil && s.Instant() < s.lastStart(h); i++ { // The rest is read again, under another lease.
		select {
		case work <- &due[i]:
		case <-going.Done():
		}
	}
	close(work)
	senders.Wait()
	close(ended)
	noter.Wait()
	if err := context.Cause(going); ctx.Err() == nil && !errors.Is(err, errGone) {
		return err
	}
	return nil
}

// lastStart returns until when an attempt may begin, so that what came of it is noted before another server may send.
func (s *Webhooks) lastStart(h *hook) consent.Instant {
	return h.row.LeaseUntil.Add(-s.attemptLasts() - 2*noteTakes - clocksDiffer)
}

// errGone ends the sending for a webhook that wants no more.
var errGone = errors.New("the receiver wants no more")

// attempt is what is to be noted of an attempt that ended.
type attempt struct {
	statements []storage.Statement
	gone       bool // the receiver wants no more
}

// sendOne makes an attempt, and hands on what came of it.
func (s *Webhooks) sendOne(ctx context.Context, h *hook, d *tables.Delivery, ended chan<- attempt) error {
	select {
	case s.sending <- struct{}{}:
		defer func() { <-s.sending }()
	case <-ctx.Done():
		return nil
	}
	if ctx.Err() != nil || s.Instant() >= s.lastStart(h) { // Others had the place for long.
		return nil
	}
	// Since the page was read the message may have been deleted, by an erasure or a snapshot, and the webhook changed or taken.
	may, err := tables.MaySend(ctx, s.Store, h.row, d.Number)
	if err != nil || !may {
		return err
	}
	answer, err := s.deliver(ctx, h, d)
	if err != nil {
		return err
	}
	s.options.Attempted(h.row.ID, answer.Outcome)
	gone := answer.Outcome == webhook.Gone
	ended <- attempt{statements: s.judge(h, d, &answer), gone: gone}
	if gone {
		return errGone
	}
	return nil
}

// note notes what came of an attempt, and of those that ended meanwhile, in one transaction: it takes longer than many attempts.
func (s *Webhooks) note(ctx context.Context, h *hook, first attempt, ended <-chan attempt) error {
	statements, gone := first.statements, first.gone
	for more := true; more; {
		select {
		case next := <-ended: // The zero one if there are no more.
			statements, gone, more = append(statements, next.statements...), gone || next.gone, next.statements != nil
		default:
			more = false
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTakes)
	defer cancel()
	if err := s.Store.WriteTables(ctx, statements...); err != nil {
		return err
	}
	if gone {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a webhook was disabled: nothing is sent to it until it is enabled again",
			slog.String("webhook", h.row.ID), slog.String("reason", string(webhook.Gone)))
	}
	return nil
}

// deliver sends a delivery.
func (s *Webhooks) deliver(ctx context.Context, h *hook, d *tables.Delivery) (webhook.Answer, error) {
	plain, err := s.Keys.Open(seal.PurposeDelivery, []byte(d.ID), d.Content)
	if err != nil {
		return webhook.Answer{}, err
	}
	var what content
	if err := json.Unmarshal(plain, &what); err != nil {
		return webhook.Answer{}, err
	}
	return s.client.Deliver(ctx, webhook.Delivery{
		URL: h.url, Mode: webhook.Mode(h.row.Mode), Secrets: h.secrets, Message: webhook.Message{
			ID: d.ID, Source: h.source, Type: webhook.TypeChange, Time: d.Created.Time(), Data: what.Data,
		},
	})
}

// judge returns what is noted of an attempt.
func (s *Webhooks) judge(h *hook, d *tables.Delivery, answer *webhook.Answer) []storage.Statement {
	now := s.Clock()
	after := *d
	if answer.Outcome != webhook.Cancelled {
		after.Attempts++
	}
	next, state := webhook.Next(int(after.Attempts), *answer, now, s.options.Random())
	after.Attempted, after.Outcome, after.Status = consent.InstantOf(now), string(answer.Outcome), int64(answer.Status)
	after.Answer, after.Excerpt, after.Due = answer.Text, answer.Excerpt, consent.InstantOf(now)
	var disable []storage.Statement
	switch state {
	case webhook.StateDelivered:
		after.State = tables.DeliveryDelivered
	case webhook.StateDead:
		after.State = tables.DeliveryDead
	case webhook.StateDisabled:
		after.State = tables.DeliveryWaiting // It is sent when the webhook is enabled again.
		disable = append(disable, tables.DisableWebhook(h.row.ID, consent.InstantOf(now), string(webhook.Gone)))
	case webhook.StateWaiting:
		after.State, after.Due = tables.DeliveryWaiting, consent.InstantOf(next)
	}
	return append([]storage.Statement{tables.NoteAttempt(&after)}, disable...)
}
