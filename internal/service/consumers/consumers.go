// Package consumers keeps the consumers of the change feed: what a client reads of it, and in which form. It also keeps what an erasure
// leaves for them: the hashes by which an erased person stays on the lists of keyed consumers, and for all others the address that they
// have to forget.
package consumers

import (
	"slices"
	"strings"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Form is how a consumer sees addresses.
type Form string

// The forms. All but the first two are for tools that take nothing else: an address can be found from such a hash by trying.
const (
	FormPlain  Form = "plain"
	FormKeyed  Form = "keyed" // as keyed hashes: see seal.Keys.ListHash
	FormMD5    Form = "md5"
	FormSHA1   Form = "sha1"
	FormSHA256 Form = "sha256"
	FormSHA512 Form = "sha512"
)

// AllForms returns every form.
func AllForms() []Form {
	return []Form{FormPlain, FormKeyed, FormMD5, FormSHA1, FormSHA256, FormSHA512}
}

// AllKinds returns the kinds of rules that a consumer may be told of.
func AllKinds() []string { return []string{"grant", "refusal", "suppression"} }

// Consumer is what a client reads of the change feed, and in which form.
type Consumer struct {
	ID         string
	Client     string
	Department string   // of the client; empty: it acts for all
	Channels   []string // none: all that the client reaches
	Kinds      []string // none: all
	Form       Form
	Created    consent.Instant
	CreatedBy  string          // id of a client
	Revoked    consent.Instant // zero: not

	Acknowledged storage.Mark    // up to here it has everything
	Seen         consent.Instant // when it said so last; zero: never

	// RemovalsPending is how many erased addresses are kept for it, because it has not said yet that it was told to forget them. It is of
	// GetConsumer and ListConsumers.
	RemovalsPending int64
}

// Consumers is the use cases about consumers.
type Consumers struct {
	*env.Env

	guard  *access.Guard
	engine *txn.Engine

	mu    sync.Mutex
	noted map[string]noted // what was written of consumers that acknowledge, by id
}

// New returns the use cases about consumers.
func New(env *env.Env, guard *access.Guard, engine *txn.Engine) *Consumers {
	return &Consumers{Env: env, guard: guard, engine: engine, noted: map[string]noted{}}
}

// readerPrefix begins the id of the row of a client that reads the feed without a consumer, in clear. No consumer can have such an id.
const readerPrefix = "client/"

func isReader(id string) bool { return strings.HasPrefix(id, readerPrefix) }

func newConsumer(c *tables.Consumer, clients []tables.Client) Consumer {
	consumer := Consumer{
		ID: c.ID, Client: c.Client, Channels: c.Channels, Kinds: c.Kinds, Form: Form(c.Form), Created: c.Created, CreatedBy: c.CreatedBy,
		Revoked: c.Revoked, Acknowledged: c.Acknowledged, Seen: c.Seen,
	}
	if client := clientOf(clients, c.Client); client != nil {
		consumer.Department = client.Department
	}
	return consumer
}

// clientOf returns the client with the id; nil if there is none.
func clientOf(clients []tables.Client, id string) *tables.Client {
	at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == id })
	if at < 0 {
		return nil
	}
	return &clients[at]
}
