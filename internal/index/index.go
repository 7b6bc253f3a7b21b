package index

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// ErrNotLoaded is returned where there is nothing to wait for, since the index cannot answer now: it loads, is off, or has ended. The
// database can be asked instead.
var ErrNotLoaded = errors.New("the index is not loaded")

// State says what an index does.
type State string

// The states of an index.
const (
	Loading State = "loading" // it reads everything, and answers nothing meanwhile
	Ready   State = "ready"
	Off     State = "off" // it passed its limit of memory, for good
	Ended   State = "ended"
)

// Options are how an index works.
type Options struct {
	Logger   *slog.Logger  // nil: nothing is said
	MaxBytes int64         // of memory; beyond it the index is off; 0: no limit
	Every    time.Duration // how often a round is made that nobody asked for; 0: 100 ms
	Loading  func(n int)   // called while loading with how many states are loaded; nil: nobody wants to know
}

// Stats are figures of an index.
type Stats struct {
	State      State
	Recipients int64 // of which there is a state
	Bytes      int64 // of memory
	Rounds     int64 // that were complete
	Fences     int64 // that joined them
	Reloads    int64 // because of another history, or since what changed could not be told
	Behind     time.Duration
	Loaded     time.Duration // what the last loading took
}

// Index is a copy of all states in memory. It is safe for concurrent use; Run is called once.
type Index struct {
	source   storage.Followed
	log      *slog.Logger
	maxBytes int64
	progress func(n int)
	tuning   tuning

	state   atomic.Pointer[State]
	next    atomic.Pointer[round] // the one that is joined now: it has not begun to read
	wake    chan struct{}         // somebody joined
	began   atomic.Pointer[time.Time]
	trouble trouble
	first   sync.Once // closes settled
	// settled is closed once the first loading has ended.
	settled chan struct{}

	recipients, bytes, rounds, fences, reloads, loaded atomic.Int64

	// What a view shows. It is changed with all locks held, by Run alone.
	locks      locks
	table      *table // nil: not usable
	head       *storage.Head
	generation uint64
}

// New returns an index of the source. It starts nothing: see Run.
func New(source storage.Followed, opts Options) *Index {
	x := &Index{
		source: source, log: opts.Logger, maxBytes: opts.MaxBytes, progress: opts.Loading,
		tuning: defaults(), wake: make(chan struct{}, 1), settled: make(chan struct{}),
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.progress == nil {
		x.progress = func(int) {}
	}
	if opts.Every > 0 {
		x.tuning.every = opts.Every
	}
	x.next.Store(newRound())
	x.enter(Loading)
	return x
}

func (x *Index) enter(state State) {
	x.state.Store(&state)
	if state != Loading {
		x.first.Do(func() { close(x.settled) })
	}
}

// Settled is closed when the index has been loaded for the first time, or never will be. It stays closed while it is loaded anew.
func (x *Index) Settled() <-chan struct{} { return x.settled }

func (x *Index) is(state State) bool { return *x.state.Load() == state }

// Ready reports whether the index answers: it has loaded and caught up, and is not off or loading anew.
func (x *Index) Ready() bool { return x.is(Ready) }

// Fence waits until the index shows everything that was acknowledged, by anybody, before Fence was called. It joins the next read of
// the database, never one under way. The error is that of the read, for all who joined it; ErrNotLoaded; or that of ctx. Who holds a
// view must close it first.
func (x *Index) Fence(ctx context.Context) error {
	r := x.next.Load()
	joined := r.joined.Add(1)
	// Whoever leaves the state Ready does so first and then ends the next round: one that was seen to be next before is ended, too.
	if !x.is(Ready) {
		return ErrNotLoaded
	}
	if joined == 1 {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Behind returns how long ago the last complete round began: everything that was acknowledged before is shown. It is far more than any
// limit before the first. The clock on the wall counts, too, since the other one stands still while a machine is suspended.
func (x *Index) Behind() time.Duration {
	began := x.began.Load()
	if began == nil {
		return math.MaxInt64
	}
	now := time.Now()
	return max(now.Sub(*began), now.Round(0).Sub(began.Round(0)), 0)
}

// Stats returns figures.
func (x *Index) Stats() Stats {
	return Stats{
		State: *x.state.Load(), Recipients: x.recipients.Load(), Bytes: x.bytes.Load(), Rounds: x.rounds.Load(),
		Fences: x.fences.Load(), Reloads: x.reloads.Load(), Behind: x.Behind(), Loaded: time.Duration(x.loaded.Load()),
	}
}

// measure notes the figures of the table.
func (x *Index) measure(t *table) {
	x.recipients.Store(int64(t.Len()))
	x.bytes.Store(t.Bytes())
}

// change changes what views show, while there are none.
func (x *Index) change(do func()) {
	x.locks.Lock()
	defer x.locks.Unlock()
	do()
	x.generation++
}

// leave ends the state Ready, or enters another than Loading: views show nothing any more, the memory is given back, and nobody waits.
func (x *Index) leave(to State) {
	x.enter(to)
	x.change(func() { x.table, x.head = nil, nil })
	x.began.Store(nil)
	x.trouble.end(nil)
	x.measure(&table{})
	x.next.Swap(newRound()).end(ErrNotLoaded)
}

// round is a read of the database that many wait for.
type round struct {
	joined atomic.Int64
	done   chan struct{}
	err    error // set before done is closed
}

func newRound() *round { return &round{done: make(chan struct{})} }

func (r *round) end(err error) {
	r.err = err
	close(r.done)
}

// tuning is what tests make smaller.
type tuning struct {
	every        time.Duration // of rounds that nobody asked for
	timeout      time.Duration // of a round
	pageTimeout  time.Duration // of a page, and of a step of catching up
	backoffFrom  time.Duration
	backoffTo    time.Duration
	limit        int // of events in one read
	gather       int // of events that a round holds back until it is complete; more are caught up with by loading's means
	page         int // about so many states are in one read
	readers      int // of pages at once: no more than leave connections for checks
	joinInFlight bool
}

func defaults() tuning {
	return tuning{
		every: 100 * time.Millisecond, timeout: 3 * time.Second, pageTimeout: time.Minute,
		backoffFrom: 50 * time.Millisecond, backoffTo: time.Second,
		limit: 4096, gather: 1 << 16, page: 1 << 18, readers: 2,
	}
}

// locks are many locks in place of one: a reader takes any of them, and readers on different processors rarely meet in one. It is the
// writer who pays.
type locks [lockCount]struct {
	sync.RWMutex
	_ [128 - 24]byte // each on cache lines of its own
}

const lockCount = 32

func (l *locks) Lock() {
	for i := range l {
		l[i].Lock()
	}
}

func (l *locks) Unlock() {
	for i := range l {
		l[i].Unlock()
	}
}
