package changes

import (
	"cmp"
	"time"

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

// heartbeatEvery is how often a watcher hears something.
const heartbeatEvery = 15 * time.Second

// Options are what the feed is told from outside.
type Options struct {
	// Keeps is how old a token may be.
	Keeps period.Period
	// ListParts is how many parts of a block list are made at once; 0: two.
	ListParts int
	// PageEntries is how many entries an answer of ListChanges has at most; 0: 5,000, which is under the 4 MiB that a client of gRPC takes.
	PageEntries int
	// Waiting is how many cards and windows may wait for a watcher before it is cut; 0: 20,000.
	Waiting int
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
	worths      cards.Worths
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
	options.ListParts = cmp.Or(options.ListParts, 2) // Checks need processors, too.
	options.PageEntries = cmp.Or(options.PageEntries, 5000)
	options.Waiting = cmp.Or(options.Waiting, 20_000)
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

// LookNow has the feed look for what is new, for this server has committed something. It does not wait.
func (f *Feed) LookNow() { f.hub.lookNow() }

// FeedStats returns what the feed has done.
func (f *Feed) FeedStats() Stats { return f.counts.stats() }
