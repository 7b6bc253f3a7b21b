package changes

import (
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/blocklist"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
)

const (
	// defaultPage is how many events a window has at most, unless a caller asks for another number.
	defaultPage = 500
	// maxPage is how many events a caller may ask for.
	maxPage = 1000
	// heartbeatEvery is how often a watcher hears something.
	heartbeatEvery = 15 * time.Second
)

// Options are what the feed is told from outside.
type Options struct {
	// Keeps is how old a token may be.
	Keeps period.Period
}

// Feed tells what changed.
type Feed struct {
	*env.Env
	*reference.Reference

	guard       *access.Guard
	checkpoints *checkpoint.Checkpoints
	disclosures *disclosure.Counter
	consumers   *consumers.Consumers
	cards       *cards.Reader
	lists       *blocklist.Reader
	options     Options
	worths      worths
	hub         *hub
	counts      counts
}

// New returns the feed. Close ends what watches it.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, checkpoints *checkpoint.Checkpoints, disclosures *disclosure.Counter,
	consumers *consumers.Consumers, options Options,
) *Feed {
	if options.Keeps.IsZero() {
		options.Keeps = period.Months(12)
	}
	f := &Feed{
		Env: env, Reference: reference, guard: guard, checkpoints: checkpoints, disclosures: disclosures, consumers: consumers,
		cards:   cards.NewReader(env, reference, consumers),
		options: options,
	}
	f.lists = blocklist.NewReader(env, f.cards, consumers)
	f.hub = newHub(f)
	return f
}

// CloseFeed ends what watches the feed.
func (f *Feed) CloseFeed() { f.hub.close() }

// Change is what happened to a rule.
type Change uint8

// The changes.
const (
	Added Change = iota + 1
	Removed
	// Reset of a card: what is held of it is to be forgotten. Of a channel: a new snapshot is to be taken.
	Reset
	// Kept is as Added, but only for a reader that holds rules of another address with this folded form: an erasure took one of its spellings,
	// and what blocks the mailbox blocks the others.
	Kept
)

// KindAddress is that of an entry about an erased address, which is always one that is removed. It is no kind of a rule.
const KindAddress feed.Kind = 100

// Entry is a change as a reader sees it.
type Entry struct {
	Change  Change
	Match   consent.Form // 0 of the Reset of a channel
	Address string       // the form of the address; empty where Hash stands for it, and of the Reset of a channel
	Hash    string
	Kind    feed.Kind // 0 of a Reset
	Rule    feed.Rule // of an Added or Removed one but KindAddress, without Reason and Code; of the Reset of a channel the channel alone
	Reason  consent.Code
	Order   uint64
	EndedBy feed.EndedBy
	Stops   feed.Stops
	// Position is up to where the card was read; 0 for a reader that sees no positions.
	Position int64
}

// Page is a part of what is told, and how far it goes.
type Page struct {
	Entries  []Entry
	Position int64 // 0 for a reader that sees no positions
	Token    string
	More     bool            // the ledger has more
	Read     consent.Instant // when the ledger was read, by the clock: without More the page has everything that was acknowledged before
}

// Request says what to tell.
type Request struct {
	From     string // now, beginning or a token; empty: now. A snapshot has none
	Channels []string
	Kinds    []feed.Kind
	Consumer string // id; empty: none
	Size     int    // of a page, in events; 0: the default
}

// Where a reader begins, besides a token.
const (
	FromNow       = "now"
	FromBeginning = "beginning"
)
