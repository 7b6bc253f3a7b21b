package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/webhook"
)

// windowsAtOnce is how many windows of the feed become deliveries before what is due is sent.
const windowsAtOnce = 20

// pump turns what the feed tells a webhook into deliveries until there is nothing more, enough wait, or it is time to send. It may run on
// several servers at once: what is stored is stored under the turn that it was read at, so only one of them stores anything. It returns
// whether the webhook may be sent to, and whether the feed may have more.
func (s *Webhooks) pump(ctx context.Context, id string) (may, more bool, err error) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return false, false, nil
	}
	for range windowsAtOnce {
		head, rows, err := tables.WebhookOf(ctx, s.Store, id)
		if err != nil || len(rows) == 0 || rows[0].Disabled != 0 {
			return false, false, err
		}
		row := &rows[0]
		if !s.mustLook(&head, row) {
			return true, false, nil
		}
		s.noteLook(id)
		more, err := s.pumpWindow(ctx, row)
		if refusedFor := s.refusal(err); refusedFor != "" {
			return false, false, s.disable(ctx, row, refusedFor)
		}
		if err != nil || !more {
			return err == nil, false, err
		}
	}
	return true, true, nil
}

// mustLook reports whether the feed may have something for a webhook.
func (s *Webhooks) mustLook(head *storage.Head, row *tables.Webhook) bool {
	now := s.Instant()
	s.mu.Lock()
	defer s.mu.Unlock()
	looked := s.looked[row.ID]
	return row.Place == "" || row.PlaceMark != storage.MarkOf(head) || looked.Add(lookEvery) <= now || looked > now
}

// noteLook notes that the feed is read for a webhook.
func (s *Webhooks) noteLook(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked[id] = s.Instant()
}

// refusal returns why the client of a webhook may not read the feed; empty if an error says nothing of the kind.
func (s *Webhooks) refusal(err error) string {
	var told *fault.Error
	if !errors.As(err, &told) {
		return ""
	}
	switch told.Code {
	case fault.Unauthenticated, fault.ScopeMissing, fault.OtherDepartment, fault.ConsumerRevoked, fault.ConsumerMissing, fault.UnknownChannel:
		return string(told.Code)
	default:
		return ""
	}
}

// disable disables a webhook.
func (s *Webhooks) disable(ctx context.Context, row *tables.Webhook, reason string) error {
	if err := s.Store.WriteTables(ctx, tables.DisableWebhook(row.ID, s.Instant(), reason)); err != nil {
		return err
	}
	s.Log.LogAttrs(ctx, slog.LevelWarn, "a webhook was disabled: nothing is sent to it until it is enabled again",
		slog.String("webhook", row.ID), slog.String("reason", reason))
	return nil
}

// pumpWindow stores what the next window tells a webhook unless enough waits, and reports whether there is more.
func (s *Webhooks) pumpWindow(ctx context.Context, row *tables.Webhook) (more bool, err error) {
	as, err := s.as(ctx, row.ID) // Also where nothing is read: what waits is sent only while the client may read.
	if err != nil {
		return false, err
	}
	waiting, err := tables.CountWaiting(ctx, s.Store, row.ID)
	if err != nil || waiting >= s.options.MaxWaiting {
		return false, err
	}
	page, err := s.feed.ListNews(as, row.ID, row.Place, s.options.Window)
	if row.Place != "" && isLost(err) {
		page, err = s.feed.ListNews(as, row.ID, "", s.options.Window)
	}
	if err != nil {
		return false, err
	}
	now := s.Instant()
	if row.Place != "" && !page.Reset && len(page.News) == 0 && page.Mark == row.PlaceMark && row.PlaceTime.Add(placeEvery) > now {
		return page.More, nil
	}
	b := &batch{hooks: s, row: row, turn: newTurn(), now: now}
	if err := b.add(&page); err != nil {
		return false, err
	}
	move := tables.MoveWebhook(row, b.turn, page.Token, page.Mark, now, len(b.deliveries))
	stored, err := b.store(ctx, move, tables.AcknowledgeWebhook(row.ID, b.turn))
	return page.More || !stored, err
}

// as returns a context in which the client of a webhook reads, or why it may not read at all.
func (s *Webhooks) as(ctx context.Context, id string) (context.Context, error) {
	_, found, err := tables.ConsumerOf(ctx, s.Store, id)
	if err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0:
		return nil, missing()
	case found[0].Revoked != 0:
		return nil, fault.Errorf(fault.ConsumerRevoked, "", "the consumer of the webhook was revoked")
	}
	_, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return nil, err
	}
	for i := range clients {
		if clients[i].ID != found[0].Client {
			continue
		}
		if clients[i].Revoked != 0 {
			return nil, fault.Errorf(fault.Unauthenticated, "", "the client of the webhook was revoked")
		}
		caller := access.OnBehalf(&clients[i])
		return access.WithCaller(ctx, caller), caller.Need(access.ScopeFeed)
	}
	return access.WithCaller(ctx, access.Process(found[0].Client)), nil // A server without clients.
}

// isLost reports whether the feed cannot go on from a place: it is too old, of another history, or of a filter that was changed.
func isLost(err error) bool {
	var told *fault.Error
	return errors.As(err, &told) &&
		(told.Code == fault.PositionCompacted || told.Code == fault.OtherHistory || told.Code == fault.InvalidToken)
}

// batch is what is stored of a webhook at once.
type batch struct {
	hooks      *Webhooks
	row        *tables.Webhook
	turn       [16]byte
	now        consent.Instant
	drops      []storage.Statement
	deliveries []tables.Delivery
}

// add adds what a page tells.
func (b *batch) add(page *changes.NewsPage) error {
	for i := range page.Erased {
		b.drops = append(b.drops, tables.DropDeliveriesAt(b.row.ID, digestOf(page.Erased[i].Hash), b.turn))
	}
	// What tells to forget comes first in a page. It is also sent before a snapshot, which may have new rules of the same address.
	forgets := 0
	for forgets < len(page.News) && page.News[forgets].Forget {
		forgets++
	}
	if err := b.tell(page.News[:forgets]); err != nil {
		return err
	}
	if page.Reset {
		if err := b.reset(page.Channels); err != nil {
			return err
		}
	}
	return b.tell(page.News[forgets:])
}

// reset adds that the receiver has to take a snapshot, which makes all that waits needless. What is being sent may still arrive, so the
// message is sent after that.
func (b *batch) reset(channels []string) error {
	data, err := resetOf(channels)
	if err != nil {
		return err
	}
	b.drops = append(b.drops, tables.DropDeliveriesBefore(b.row.ID, b.turn))
	due := b.now
	if b.row.NextNumber > 1 {
		due = b.now.Add(b.hooks.attemptLasts())
	}
	return b.put(tables.DeliveryReset, make([]byte, 32), nil, due, &content{Data: data})
}

// tell adds what holds of cards.
func (b *batch) tell(news []changes.News) error {
	for i := range news {
		n := &news[i]
		data, err := dataOf(n.Entries)
		if err != nil {
			return err
		}
		kind := tables.DeliveryCard
		if n.Forget {
			kind = tables.DeliveryForget
		}
		err = b.put(kind, digestOf(n.Card.Person), digestOf(n.Card.Hash), b.now, &content{
			Data: data, Match: n.Card.Match, Text: n.Card.Text, Folded: n.Card.Folded,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) put(kind string, recipient, card []byte, due consent.Instant, what *content) error {
	id := newMessageID()
	plain, err := json.Marshal(what)
	if err != nil {
		return err
	}
	sealed, err := b.hooks.Keys.Seal(seal.PurposeDelivery, []byte(id), plain)
	if err != nil {
		return err
	}
	b.deliveries = append(b.deliveries, tables.Delivery{
		Webhook: b.row.ID, Number: b.row.NextNumber + int64(len(b.deliveries)), ID: id, Kind: kind, Recipient: recipient, Card: card,
		Content: sealed, Created: b.now, Due: due,
	})
	return nil
}

// store stores the batch with a move of the webhook, which comes first, and reports whether it was: another server may have been faster.
func (b *batch) store(ctx context.Context, move storage.Statement, more ...storage.Statement) (bool, error) {
	statements := append([]storage.Statement{move}, more...)
	statements = append(statements, b.drops...)
	for i := range b.deliveries {
		statements = append(statements, tables.AddDelivery(&b.deliveries[i], b.turn))
	}
	if err := b.hooks.Store.WriteTables(ctx, statements...); err != nil {
		return false, err
	}
	_, rows, err := tables.WebhookOf(ctx, b.hooks.Store, b.row.ID)
	return err == nil && len(rows) > 0 && rows[0].Turn == b.turn, err
}

// attemptLasts is how long an attempt lasts at most.
func (s *Webhooks) attemptLasts() time.Duration {
	if s.options.Timeout > 0 {
		return s.options.Timeout
	}
	return webhook.DefaultTimeout
}

// newMessageID returns a random id of a message.
func newMessageID() string {
	random := make([]byte, 27)
	rand.Read(random) // It never fails.
	return "msg_" + base64.RawURLEncoding.EncodeToString(random)
}
