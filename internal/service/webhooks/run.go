package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// RunWebhooks begins a round for each webhook that has none under way and for which the feed may have something, or a message is due: what
// the feed has for it becomes deliveries, and what is due is sent. It is called again and again, and does not wait for the rounds. Where
// nothing is to be done it reads twice, however many webhooks there are.
func (s *Webhooks) RunWebhooks(ctx context.Context) error {
	head, rows, err := tables.Webhooks(ctx, s.Store)
	if err != nil {
		return env.StoreFault(err)
	}
	due, err := tables.DueWebhooks(ctx, s.Store, s.Instant())
	if err != nil {
		return env.StoreFault(err)
	}
	for i := range rows {
		if rows[i].Disabled == 0 && (s.mustLook(&head, &rows[i]) || slices.Contains(due, rows[i].ID)) {
			s.begin(rows[i].ID)
		}
	}
	return nil
}

// Backlog is what a webhook has not delivered.
type Backlog struct {
	Webhook string
	Waiting int64
	Oldest  consent.Instant // when the oldest that waits was made; zero: none waits
	Dead    int64
}

// WebhookBacklogs returns what each webhook has not delivered.
func (s *Webhooks) WebhookBacklogs(ctx context.Context) ([]Backlog, error) {
	_, rows, err := tables.Webhooks(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	counts, err := tables.Backlogs(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	backlogs := make([]Backlog, len(rows))
	for i := range rows {
		backlogs[i].Webhook = rows[i].ID
		for _, c := range counts {
			switch {
			case c.Webhook != rows[i].ID:
			case c.State == tables.DeliveryWaiting:
				backlogs[i].Waiting, backlogs[i].Oldest = c.Count, c.Oldest
			case c.State == tables.DeliveryDead:
				backlogs[i].Dead = c.Count
			}
		}
	}
	return backlogs, nil
}

// begin begins a round for a webhook unless one is under way.
func (s *Webhooks) begin(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] || s.life.Err() != nil {
		return
	}
	s.running[id] = true
	s.ran.Go(func() {
		err := s.round(s.life, id)
		s.mu.Lock()
		delete(s.running, id)
		s.mu.Unlock()
		if err != nil && s.life.Err() == nil {
			s.Log.LogAttrs(s.life, slog.LevelError, "a webhook could not be worked on; it is tried again in a moment", slog.String("webhook", id),
				slog.String("error", err.Error()))
		}
	})
}

// round reads the feed for a webhook and sends what is due.
func (s *Webhooks) round(ctx context.Context, id string) error {
	for ctx.Err() == nil {
		may, more, err := s.pump(ctx, id)
		if err != nil || !may {
			return err
		}
		// After each page the feed is read again: a receiver can be slow for hours, and its client lose its rights meanwhile.
		sent, err := s.send(ctx, id)
		if err != nil || !more && !sent {
			return err
		}
	}
	return nil
}

// FinishWebhooks runs rounds for all webhooks, one webhook after another, and returns when all that is due was sent. It is for
// commands that end, and for tests.
func (s *Webhooks) FinishWebhooks(ctx context.Context) error {
	_, rows, err := tables.Webhooks(ctx, s.Store)
	if err != nil {
		return env.StoreFault(err)
	}
	var failed []error
	for i := range rows {
		if rows[i].Disabled == 0 {
			failed = append(failed, s.round(ctx, rows[i].ID))
		}
	}
	return env.StoreFault(errors.Join(failed...))
}

// ForgetDeliveries deletes what is not kept any longer of what was sent: see DeliveredKept and DeadKept. It is run again and again.
func (s *Webhooks) ForgetDeliveries(ctx context.Context) error {
	now := s.Instant()
	return env.StoreFault(s.Store.WriteTables(ctx, tables.DropOldDeliveries(now.Add(-DeliveredKept), now.Add(-DeadKept), newestKept)))
}

// ErasedDeliveries deletes what waits and what is dead about a person who is being erased; the feed tells what is left to tell. It is a hook
// of [txn.Hooks].
func (s *Webhooks) ErasedDeliveries(w *txn.Tx, e *txn.Erased) error {
	if e.Lists == nil {
		return nil
	}
	for _, hash := range [][32]byte{e.Lists.Exact, e.Lists.Folded} {
		w.WriteTable(tables.DropDeliveriesAbout(digestOf(hash)))
	}
	return nil
}
