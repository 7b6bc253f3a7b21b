// Package webhooks sends the change feed to URLs. A webhook is a reader of the feed with a consumer of the same id: what the feed tells it,
// card by card, is stored as deliveries in one transaction with the place up to which that goes, and sent from there until it arrives or
// is given up.
package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/webhook"
)

const (
	// rotationLasts is how long messages are signed with two secrets at most.
	rotationLasts = 24 * time.Hour
	// DeliveredKept is how long it is kept that a message was delivered.
	DeliveredKept = 7 * 24 * time.Hour
	// DeadKept is how long a message that was given up is kept, from when it was made.
	DeadKept = 30 * 24 * time.Hour
	// newestKept is of how many of the newest messages of a webhook it is kept at most that they were delivered.
	newestKept = 10_000
	// readAtOnce is for how many webhooks the feed is read at the same time: other calls need the database, too.
	readAtOnce = 4
	// lookEvery is how often the feed is read for a webhook although the ledger has not changed: a catalog may have come into force.
	lookEvery = 30 * time.Second
	// placeEvery is how often the place of a webhook is stored anew although nothing changed, for a place is of use for a limited time.
	placeEvery = time.Hour
)

// Options say how webhooks are sent. The zero value is safe.
type Options struct {
	// AllowPrivate permits private addresses, and http to them.
	AllowPrivate bool
	// Window is how many events are read at once; 0: 200.
	Window int
	// MaxWaiting is how many messages of a webhook may wait before no more are made; 0: 10,000. What is not made yet stays in the feed.
	MaxWaiting int64
	// AtOnce and AtOnceInAll are how many messages are sent at the same time to one webhook and to all; 0: 8 and 32.
	AtOnce, AtOnceInAll int
	// Timeout is how long an attempt lasts at most; 0: see webhook.DefaultTimeout.
	Timeout time.Duration
	// Random returns a number from 0 up to but not including 1, by which attempts are spread; nil: a random one.
	Random func() float64
	// Attempted is told of each attempt. It may be nil.
	Attempted func(webhook string, outcome webhook.Outcome)
}

func (o *Options) fill() {
	if o.Window <= 0 {
		o.Window = 200
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = 10_000
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 8
	}
	if o.AtOnceInAll <= 0 {
		o.AtOnceInAll = 32
	}
	if o.Random == nil {
		o.Random = randomShare
	}
	if o.Attempted == nil {
		o.Attempted = func(string, webhook.Outcome) {}
	}
}

// Webhooks is the use cases about webhooks.
type Webhooks struct {
	*env.Env

	engine    *txn.Engine
	consumers *consumers.Consumers
	feed      *changes.Feed
	options   Options
	client    *webhook.Client
	lease     []byte        // names this server
	sending   chan struct{} // holds something for each message that is being sent
	reading   chan struct{} // holds something for each webhook for which the feed is being read

	life context.Context // that of the server
	end  context.CancelFunc
	ran  sync.WaitGroup

	mu      sync.Mutex
	running map[string]bool            // the webhooks with a round under way
	looked  map[string]consent.Instant // when the feed was read for a webhook last
}

// New returns the use cases about webhooks. CloseWebhooks ends what is being sent.
func New(env *env.Env, engine *txn.Engine, consumers *consumers.Consumers, feed *changes.Feed, options Options) *Webhooks {
	options.fill()
	life, end := context.WithCancel(context.Background())
	lease := make([]byte, 16)
	rand.Read(lease) // It never fails.
	return &Webhooks{
		Env: env, engine: engine, consumers: consumers, feed: feed, options: options, lease: lease,
		client:  webhook.New(webhook.Options{AllowPrivate: options.AllowPrivate, Timeout: options.Timeout, Clock: env.Clock}),
		sending: make(chan struct{}, options.AtOnceInAll), reading: make(chan struct{}, readAtOnce), life: life, end: end, running: map[string]bool{},
		looked: map[string]consent.Instant{},
	}
}

// CloseWebhooks breaks off what is being sent, and returns when that has ended. What was broken off is sent again by another server.
func (s *Webhooks) CloseWebhooks() {
	s.end()
	s.ran.Wait()
	s.client.Close()
}

// Webhook is a webhook as it is shown.
type Webhook struct {
	consumers.Consumer

	Endpoint       string // scheme and host of the URL
	Mode           webhook.Mode
	Created        consent.Instant
	CreatedBy      string
	Disabled       consent.Instant // zero: not
	DisabledReason string
	PriorUntil     consent.Instant // until when messages are signed with the old secret, too; zero: there is none
	Position       int64           // up to which messages were made; 0: none were
	Waiting        int64
	OldestWaiting  consent.Instant // when the oldest that waits was made
	Dead           int64
}

// ReasonRequested is why a webhook is disabled that a client disabled.
const ReasonRequested = "REQUESTED"

// hook is a webhook with what is sealed in its row.
type hook struct {
	row     *tables.Webhook
	url     webhook.URL
	secrets []webhook.Secret // the newest first
	source  string           // of its messages
}

// open returns a webhook with what its row has sealed, at an instant.
func (s *Webhooks) open(head *storage.Head, row *tables.Webhook, now consent.Instant) (*hook, error) {
	h := &hook{row: row, source: sourceOf(head)}
	text, err := s.Keys.Open(seal.PurposeWebhookURL, []byte(row.ID), row.URL)
	if err != nil {
		return nil, err
	}
	if h.url, err = webhook.ParseURL(string(text), true); err != nil {
		return nil, err
	}
	sealed := [][]byte{row.Secret}
	if row.PriorSecret != nil && now < row.PriorUntil {
		sealed = append(sealed, row.PriorSecret)
	}
	for _, one := range sealed {
		text, err := s.Keys.Open(seal.PurposeWebhookSecret, []byte(row.ID), one)
		if err != nil {
			return nil, err
		}
		secret, err := webhook.ParseSecret(string(text))
		if err != nil {
			return nil, err
		}
		h.secrets = append(h.secrets, secret)
	}
	return h, nil
}

// sourceOf names a database in messages.
func sourceOf(head *storage.Head) string {
	text := hex.EncodeToString(head.StoreID[:])
	return "urn:uuid:" + text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func missing() error {
	return fault.Errorf(fault.WebhookMissing, "id", "the webhook does not exist, or it is not the client's own")
}

// shown returns a webhook as it is shown.
func (s *Webhooks) shown(row *tables.Webhook, consumer *consumers.Consumer, backlogs []tables.Backlog) (Webhook, error) {
	h, err := s.open(&storage.Head{}, row, 0)
	if err != nil {
		return Webhook{}, err
	}
	w := Webhook{
		Consumer: *consumer, Endpoint: h.url.String(), Mode: webhook.Mode(row.Mode), Created: row.Created, CreatedBy: row.CreatedBy,
		Disabled: row.Disabled, DisabledReason: row.DisabledReason, Position: row.PlaceMark.Position,
	}
	if row.PriorSecret != nil && s.Instant() < row.PriorUntil {
		w.PriorUntil = row.PriorUntil
	}
	for i := range backlogs {
		b := &backlogs[i]
		switch {
		case b.Webhook != row.ID:
		case b.State == tables.DeliveryWaiting:
			w.Waiting, w.OldestWaiting = b.Count, b.Oldest
		case b.State == tables.DeliveryDead:
			w.Dead = b.Count
		}
	}
	return w, nil
}
