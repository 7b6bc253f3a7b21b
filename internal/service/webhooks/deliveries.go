package webhooks

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
	"github.com/assent-io/assent/internal/webhook"
)

// The states of messages.
const (
	StateWaiting   = tables.DeliveryWaiting
	StateDelivered = tables.DeliveryDelivered
	StateDead      = tables.DeliveryDead
)

// Delivery is a message as it is listed.
type Delivery struct {
	ID        string
	State     string
	Kind      string
	Created   consent.Instant
	Due       consent.Instant // of one that waits
	Attempts  int64
	Attempted consent.Instant // zero: it was not sent yet
	Outcome   string
	Status    int64
	Text      string
	Excerpt   string
}

// DeliveryPage is a page of messages.
type DeliveryPage struct {
	Deliveries []Delivery
	Next       string
}

// ListDeliveries returns a page of the messages to a webhook, the newest first, of one state unless that is empty. Errors:
// WEBHOOK_NOT_FOUND, INVALID_PAGE_TOKEN, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) ListDeliveries(ctx context.Context, id, state string, size int, pageToken string) (DeliveryPage, error) {
	method := "deliveries/" + id + "/" + state
	from, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return DeliveryPage{}, env.InvalidPage()
	}
	if _, _, err := s.find(ctx, id); err != nil {
		return DeliveryPage{}, err
	}
	_, rows, err := tables.Deliveries(ctx, s.Store, id, state, from.After, size+1)
	if err != nil {
		return DeliveryPage{}, env.StoreFault(err)
	}
	var page DeliveryPage
	for i := range rows {
		if i == size {
			page.Next, err = token.NewPage(s.Keys, method, token.Page{After: rows[i-1].Number})
			break
		}
		d := &rows[i]
		shown := Delivery{
			ID: d.ID, State: d.State, Kind: d.Kind, Created: d.Created, Attempts: d.Attempts, Attempted: d.Attempted, Outcome: d.Outcome,
			Status: d.Status, Text: d.Answer, Excerpt: d.Excerpt,
		}
		if d.State == tables.DeliveryWaiting {
			shown.Due = d.Due
		}
		page.Deliveries = append(page.Deliveries, shown)
	}
	return page, err
}

// Trial is what came of a message that was sent to try a webhook.
type Trial struct {
	ID     string
	Answer webhook.Answer
}

// TestWebhook sends a message that says nothing. Errors: WEBHOOK_NOT_FOUND, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) TestWebhook(ctx context.Context, id string) (Trial, error) {
	row, _, err := s.find(ctx, id)
	if err != nil {
		return Trial{}, err
	}
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Trial{}, err
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return Trial{}, env.StoreFault(err)
	}
	h, err := s.open(&head, row, s.Instant())
	if err != nil {
		return Trial{}, env.StoreFault(err)
	}
	trial := Trial{ID: newMessageID()}
	trial.Answer, err = s.client.Deliver(ctx, webhook.Delivery{
		URL: h.url, Mode: webhook.Mode(row.Mode), Secrets: h.secrets, Message: webhook.Message{
			ID: trial.ID, Source: h.source, Type: webhook.TypeTest, Time: s.Clock(), Data: []byte("{}"),
		},
	})
	return trial, err
}

// Replayed is what became of dead messages.
type Replayed struct {
	Count    int
	Snapshot bool // the receiver is told to take a snapshot instead
}

const (
	// replayTries is how often a replay begins anew because the webhook moved on meanwhile.
	replayTries = 10
	// replayPage is how many dead messages are replaced at once.
	replayPage = 500
)

// ReplayDeliveries replaces dead messages by new ones that tell what holds as of the place of the webhook: those with the ids, or all. Errors:
// WEBHOOK_NOT_FOUND, DELIVERY_NOT_FOUND, DELIVERY_NOT_DEAD, WEBHOOK_DISABLED, INVALID_REQUEST, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) ReplayDeliveries(ctx context.Context, id string, ids []string, all bool) (Replayed, error) {
	if all == (len(ids) > 0) {
		return Replayed{}, fault.Errorf(fault.InvalidRequest, "ids", "name the messages, or say that all dead ones are meant")
	}
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Replayed{}, err
	}
	var sum Replayed
	for {
		page, err := s.replayPage(ctx, id, ids)
		if err != nil {
			return Replayed{}, err
		}
		sum.Count, sum.Snapshot = sum.Count+page.Count, sum.Snapshot || page.Snapshot
		if !all || page.Count < replayPage {
			return sum, nil
		}
	}
}

// replayPage replaces the dead messages with the ids, or as many of all as are replaced at once.
func (s *Webhooks) replayPage(ctx context.Context, id string, ids []string) (Replayed, error) {
	for range replayTries {
		row, _, err := s.find(ctx, id)
		if err != nil {
			return Replayed{}, err
		}
		dead, err := s.dead(ctx, id, ids)
		if err != nil || len(dead) == 0 {
			return Replayed{}, err
		}
		if row.Disabled != 0 {
			return Replayed{}, fault.Errorf(fault.WebhookDisabled, "webhook", "the webhook is disabled; enable it first")
		}
		answer, done, err := s.replay(ctx, row, dead)
		if s.refusal(err) != "" { // The next round disables the webhook.
			return Replayed{}, fault.Errorf(fault.WebhookDisabled, "webhook", "the client of the webhook may not read the feed any more")
		}
		if err != nil || done {
			return answer, env.StoreFault(err)
		}
	}
	return Replayed{}, fault.Errorf(fault.Unavailable, "", "the webhook moves on too fast; try again")
}

// dead returns the dead messages with the ids in their order, or the newest of all.
func (s *Webhooks) dead(ctx context.Context, id string, ids []string) ([]tables.Delivery, error) {
	if len(ids) == 0 {
		_, list, err := tables.Deliveries(ctx, s.Store, id, tables.DeliveryDead, 0, replayPage)
		return list, env.StoreFault(err)
	}
	var list []tables.Delivery
	for _, one := range ids {
		found, err := tables.DeliveryOf(ctx, s.Store, id, one)
		if err != nil {
			return nil, env.StoreFault(err)
		}
		if len(found) == 0 {
			return nil, fault.Errorf(fault.DeliveryMissing, "ids", "the webhook has no message with the id %q, or it is not kept any longer", one)
		}
		if found[0].State != tables.DeliveryDead {
			return nil, fault.Errorf(fault.DeliveryNotDead, "ids", "the message %s is not dead but %s; only dead ones are replayed", one, found[0].State)
		}
		list = append(list, found[0])
	}
	return list, nil
}

// replay replaces dead messages, in one transaction, unless the webhook moves on meanwhile. Several about the same card become one.
func (s *Webhooks) replay(ctx context.Context, row *tables.Webhook, dead []tables.Delivery) (answer Replayed, done bool, err error) {
	as, err := s.as(ctx, row.ID)
	if err != nil {
		return answer, false, err
	}
	b := &batch{hooks: s, row: row, turn: newTurn(), now: s.Instant()}
	place, mark, at := row.Place, row.PlaceMark, row.PlaceTime
	told := map[string]bool{}
	for i := range dead {
		d := &dead[i]
		b.drops = append(b.drops, tables.DropDelivery(row.ID, d.Number, b.turn))
		if told[string(d.Card)] && d.Kind == tables.DeliveryCard {
			continue
		}
		again, err := s.again(as, row, d, b)
		if err != nil {
			return answer, false, err
		}
		if !again {
			answer.Snapshot, place = true, "" // The next round begins anew with a message that asks for a snapshot.
		}
		if d.Kind == tables.DeliveryCard {
			told[string(d.Card)] = true
		}
	}
	answer.Count = len(dead)
	done, err = b.store(ctx, tables.MoveWebhook(row, b.turn, place, mark, at, len(b.deliveries)))
	return answer, done, err
}

// again adds what holds now about the card of a dead message to a batch, and reports whether that is enough: else the receiver needs a
// snapshot.
func (s *Webhooks) again(ctx context.Context, row *tables.Webhook, d *tables.Delivery, b *batch) (bool, error) {
	plain, err := s.Keys.Open(seal.PurposeDelivery, []byte(d.ID), d.Content)
	if err != nil {
		return false, err
	}
	var what content
	if err := json.Unmarshal(plain, &what); err != nil {
		return false, err
	}
	if d.Kind == tables.DeliveryForget {
		if err := b.put(d.Kind, d.Recipient, d.Card, b.now, &what); err != nil {
			return false, err
		}
		return s.afterForget(ctx, row, d, b, &what)
	}
	if d.Kind == tables.DeliveryReset || what.Text == "" {
		return false, nil
	}
	entries, known, err := s.entriesNow(ctx, row, changes.Card{Match: what.Match, Text: what.Text, Folded: what.Folded})
	if err != nil || !known {
		return false, err
	}
	if what.Data, err = dataOf(entries); err != nil {
		return false, err
	}
	return true, b.put(d.Kind, d.Recipient, d.Card, b.now, &what)
}

// afterForget adds what is told after a message that tells to forget an address, which may have been sent before it and is taken by it: what
// was kept for other addresses of the mailbox. It reports whether that is enough: not where the address has rules again.
func (s *Webhooks) afterForget(ctx context.Context, row *tables.Webhook, d *tables.Delivery, b *batch, erased *content) (bool, error) {
	for _, card := range []changes.Card{
		{Match: erased.Match, Text: erased.Text, Folded: erased.Folded},
		{Match: consent.FormFolded, Text: erased.Folded, Folded: erased.Folded},
	} {
		entries, known, err := s.entriesNow(ctx, row, card)
		has := func(change changes.Change) bool {
			return slices.ContainsFunc(entries, func(e changes.Entry) bool { return e.Change == change })
		}
		if err != nil || !known || has(changes.Added) {
			return false, err
		}
		if !has(changes.Kept) {
			continue
		}
		hash, err := s.Keys.ListHash(card.Match, card.Text)
		if err != nil {
			return false, err
		}
		data, err := dataOf(entries)
		if err != nil {
			return false, err
		}
		told := content{Data: data, Match: card.Match, Text: card.Text, Folded: card.Folded}
		if err := b.put(tables.DeliveryCard, d.Recipient, digestOf(hash), b.now, &told); err != nil {
			return false, err
		}
	}
	return true, nil
}

// entriesNow returns what holds of a card as of the place of a webhook; not known where the feed cannot say it.
func (s *Webhooks) entriesNow(ctx context.Context, row *tables.Webhook, card changes.Card) (entries []changes.Entry, known bool, err error) {
	if row.Place == "" {
		return nil, false, nil
	}
	news, err := s.feed.CardNews(ctx, row.ID, row.Place, card)
	if isLost(err) {
		return nil, false, nil
	}
	return news.Entries, err == nil, err
}
