package follower

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/suppressionfilter"
)

// The defaults of a Follower, and what bounds them.
const (
	// DefaultMaxStaleness is how old an answer may be unless Options say otherwise.
	DefaultMaxStaleness = time.Minute
	// DefaultSaveEvery is how often the set is written to its file, if it changed.
	DefaultSaveEvery = 5 * time.Minute

	// forgetEvery is how often memory and file are written anew at most because people were erased: of many millions that takes seconds, which
	// must not come with each of them.
	forgetEvery = time.Minute
	// minStaleness is longer than a server is silent.
	minStaleness = 20 * time.Second
)

// What a Follower cannot go on after; errors.Is finds it.
var (
	// ErrForm says that the consumer sees addresses in a form that does not fit the Options, or as hashes of another key.
	ErrForm = errors.New("the form of the consumer does not fit")
	// ErrVersion says that the server tells what this version of the package does not know, or folds addresses by other rules.
	ErrVersion = errors.New("the server and this program are of versions that do not fit: update the older one")
)

// Options say what to follow.
type Options struct {
	// Channels are the ids of the channels to answer for; none: those of the consumer, or of the client's department.
	Channels []string
	// Consumer is the id of the registered consumer to read as; empty: none, and addresses come in clear.
	Consumer string
	// Key is the consumer's key, which was given when it was created; of a consumer of the form keyed, and of no other.
	Key suppressionfilter.Key
	// File is where the set is kept between two runs of the program; empty: nowhere, so each run begins with a snapshot.
	File string
	// SaveEvery is how often the set is written to File, if it changed; 0: DefaultSaveEvery.
	SaveEvery time.Duration
	// MaxStaleness is how long ago the server may have said last that the set is up to date; 0: DefaultMaxStaleness. A server says so every
	// 15 seconds; less than 20 seconds are refused.
	MaxStaleness time.Duration
	// OnChange is told of what changed, after checks answer by it; nil: it is not needed. It is called by one goroutine at a time, and the
	// Follower does not go on before it returns: a call that lasts makes the set stale. What it was told is told again if the program ends
	// before the set was written to File. An error ends Run.
	OnChange func(ctx context.Context, changed Batch) error
	// OnEvent is told what a person who runs the program wants to know; nil: nothing is told. It is called by one goroutine at a time.
	OnEvent func(Event)
	// Now is the clock by which rules begin and end; nil, as is right outside of tests: that of the server, which it tells. How old the set is does
	// not go by it.
	Now func() time.Time
}

// check refuses options that cannot be meant, and fills in the defaults.
func (o *Options) check() error {
	switch {
	case o.MaxStaleness == 0:
		o.MaxStaleness = DefaultMaxStaleness
	case o.MaxStaleness < minStaleness:
		return fmt.Errorf("MaxStaleness is %s, which is too short: a server says every 15 s that nothing is missing; at least %s are right",
			o.MaxStaleness, minStaleness)
	}
	if o.SaveEvery < 0 {
		return fmt.Errorf("SaveEvery is %s: a duration above 0 is right", o.SaveEvery)
	}
	if o.SaveEvery == 0 {
		o.SaveEvery = DefaultSaveEvery
	}
	if !o.Key.IsZero() && o.Consumer == "" {
		return fmt.Errorf("%w: a Key was given, but no Consumer that it belongs to", ErrForm)
	}
	o.Channels = slices.Sorted(slices.Values(o.Channels))
	o.Channels = slices.Compact(o.Channels)
	return nil
}

// Follower keeps a set in step with the change feed of a server and answers from it. It is made by New, and does nothing unless Run runs. Its
// other methods may be called by any goroutines.
type Follower struct {
	client  *client.Client
	feed    assentv1.FeedServiceClient
	options Options

	published atomic.Pointer[view]
	ready     chan struct{} // closed when checks answer for the first time
	isReady   sync.Once
	wall      func() time.Time // the clock of this machine; only tests replace it
	idle      sync.Pool        // of *scratch

	// Of Run alone.
	set      *set  // that the feed is applied to; nil: a snapshot has to be taken
	renew    error // why
	checked  bool  // the consumer fits
	upToDate bool
	clock    clock              // of the server, since the stream began
	parts    []*assentv1.Change // of a message that is not complete
	batch    Batch              // what OnChange is to be told of
	cleaned  time.Time          // when who was erased was dropped from memory last
	saver    saver

	mu     sync.Mutex
	status Status
}

// New makes a Follower, and reads the set that File has, if it is there, whole and of the same consumer, channels and key; what is wrong with
// it is told by OnEvent, and a snapshot is taken instead. An error says what is wrong with the Options. The Client stays the caller's.
func New(c *client.Client, options Options) (*Follower, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	f := &Follower{client: c, feed: assentv1.NewFeedServiceClient(c), options: options, ready: make(chan struct{})}
	f.wall, f.saver.create, f.idle.New = time.Now, createFile, newScratch
	f.load()
	return f, nil
}

// Ready returns a channel that is closed when checks answer: the set was complete and up to date.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Status is how a Follower is doing.
type Status struct {
	// AsOf is up to when the server said that the set is complete, by its clock; zero: it did not yet.
	AsOf time.Time
	// Position is the position of the ledger that the set is of; 0 for a consumer of the form keyed.
	Position int64
	// Recipients is how many forms of addresses and domains the set has rules of, and Bytes the memory that they take.
	Recipients, Bytes int
	// Snapshots is how many snapshots were taken, and Applied how many changes came after them.
	Snapshots, Applied int
	// Unknown is how many rules were removed that the set did not hold. It should be 0.
	Unknown int
	// FeedError is why the feed is interrupted; nil: it is not.
	FeedError error
	// SaveError is why the set could not be written to File; nil: it could, or was not to be written yet. Answers go on from memory.
	SaveError error
}

// Status returns how the Follower is doing.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

func (f *Follower) note(change func(*Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}

// publish lets checks answer by the set as it is, which the server said to be complete.
func (f *Follower) publish() {
	if now := f.wall(); f.set.erased && since(f.cleaned, now) >= forgetEvery {
		f.set.compact()
		f.cleaned = now
	}
	v := f.set.publish()
	f.published.Store(v)
	f.isReady.Do(func() { close(f.ready) })
	cards, size := f.set.size()
	f.note(func(s *Status) {
		s.AsOf, s.Position, s.Recipients, s.Bytes, s.Unknown = v.asOf, v.position, cards, size, f.set.unknown
	})
}

// Event is something that a person who runs the program wants to know. Its text holds no address.
type Event struct {
	Kind EventKind
	// Err is why; nil where nothing went wrong.
	Err error
	// Pause is how long the Follower waits before it tries again, of EventInterrupted.
	Pause time.Duration
}

// EventKind is what happened.
type EventKind string

// The events.
const (
	// EventFileRefused: the set in File cannot be used for the reason in Err; a snapshot is taken.
	EventFileRefused EventKind = "FILE_REFUSED"
	// EventSnapshot: a snapshot is begun; Err is why what was there cannot be gone on from.
	EventSnapshot EventKind = "SNAPSHOT"
	// EventUpToDate: the set is up to date, for the first time or after an interruption.
	EventUpToDate EventKind = "UP_TO_DATE"
	// EventInterrupted: the feed was interrupted by Err, and the Follower tries again.
	EventInterrupted EventKind = "INTERRUPTED"
	// EventNotSaved: the set could not be written to File. Answers go on from memory, and the file before stays.
	EventNotSaved EventKind = "NOT_SAVED"
	// EventSaved: the set was written to File.
	EventSaved EventKind = "SAVED"
)

func (f *Follower) tell(e Event) {
	if f.options.OnEvent != nil {
		f.options.OnEvent(e)
	}
}
