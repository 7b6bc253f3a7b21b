package follow

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

// ErrNotLoaded is returned where there is no round to wait for, since the copy shows nothing now: it is loaded, is off, or has ended. The
// database can be asked instead.
var ErrNotLoaded = errors.New("the copy of the states is not loaded")

// ErrFull is wrapped by a copy that cannot take in more. It is off from then on.
var ErrFull = errors.New("the copy is full")

// State says what a follower does.
type State string

// The states of a follower.
const (
	Loading State = "loading" // it reads everything, and the copy shows nothing meanwhile
	Ready   State = "ready"
	Off     State = "off" // the copy was full, for good
	Ended   State = "ended"
)

// States returns every state there is.
func States() []State { return []State{Loading, Ready, Off, Ended} }

// Copy is what a follower keeps in step with the store. A follower calls one method at a time.
type Copy interface {
	// Take takes in states in order, unseen: the last of a key counts. They are valid during the call only.
	Take(states []storage.KeyedState) error
	// Show shows everything that was taken in, as of a head.
	Show(head *storage.Head)
	// Advance takes in the states that changed up to a head, and shows all of it at once, or nothing of it.
	Advance(head *storage.Head, states []storage.KeyedState) error
	// Hide shows nothing any more, and keeps what was taken in.
	Hide()
	// Forget hides and forgets everything.
	Forget()
	// Figures returns how much was taken in, for the log.
	Figures() []slog.Attr
}

// Options are how a follower works.
type Options struct {
	Name   string        // of the copy, in the log
	Logger *slog.Logger  // nil: nothing is logged
	Every  time.Duration // how long Run waits for a caller to make a round before it makes one; 0: 100 ms
}

// Stats are figures of a follower.
type Stats struct {
	State   State
	Rounds  int64 // that were complete
	Fences  int64 // that joined them
	Reloads int64 // because of another history, or since what changed could not be told
	Behind  time.Duration
	Loaded  time.Duration // what the last loading took
}

// Follower keeps a copy in step with a store. It is safe for concurrent use; Run is called once.
type Follower struct {
	source storage.Followed
	copy   Copy
	log    *slog.Logger
	tuning tuning

	state            atomic.Pointer[State]
	next             atomic.Pointer[round] // the one that is joined now: its read has not begun
	turn             chan *turn            // holds the turn while no round is made
	unfinishedRounds chan unfinished       // rounds that their callers have left
	fatalErrors      chan error            // why rounds cannot go on; the turn is gone then
	began            atomic.Pointer[time.Time]
	outage           outage
	settleOnce       sync.Once // closes settled
	// settled is closed once the first loading has ended.
	settled chan struct{}

	rounds, fences, reloads, loaded atomic.Int64
}

// New returns a follower of the source. It starts nothing: see Run.
func New(source storage.Followed, into Copy, opts Options) *Follower {
	f := &Follower{
		source: source, copy: into, log: opts.Logger, tuning: defaults(),
		turn: make(chan *turn, 1), unfinishedRounds: make(chan unfinished, 1), fatalErrors: make(chan error, 1), settled: make(chan struct{}),
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	f.log = f.log.With(slog.String("copy", opts.Name))
	if opts.Every > 0 {
		f.tuning.every = opts.Every
	}
	f.next.Store(newRound())
	f.enter(Loading)
	return f
}

func (f *Follower) enter(state State) {
	f.state.Store(&state)
	if state != Loading {
		f.settleOnce.Do(func() { close(f.settled) })
	}
}

// leave ends the state Ready, or enters another than Loading: the copy shows nothing any more, and no caller waits.
func (f *Follower) leave(to State) {
	f.enter(to)
	f.copy.Hide()
	f.began.Store(nil)
	f.outage.end(nil)
	f.next.Swap(newRound()).end(ErrNotLoaded)
}

// Settled is closed when the copy has been loaded for the first time, or never will be. It stays closed while it is loaded anew.
func (f *Follower) Settled() <-chan struct{} { return f.settled }

// Ready reports whether the copy shows the store: it has loaded and caught up, and is not off or loading anew.
func (f *Follower) Ready() bool { return f.isIn(Ready) }

func (f *Follower) isIn(state State) bool { return *f.state.Load() == state }

// Behind returns how long ago the last complete round began: everything that was acknowledged before is shown. It is far more than any
// limit before the first. The wall clock counts, too, because the monotonic clock stops while a machine is suspended.
func (f *Follower) Behind() time.Duration {
	began := f.began.Load()
	if began == nil {
		return math.MaxInt64
	}
	now := time.Now()
	return max(now.Sub(*began), now.Round(0).Sub(began.Round(0)), 0)
}

// Stats returns figures.
func (f *Follower) Stats() Stats {
	return Stats{
		State: *f.state.Load(), Rounds: f.rounds.Load(), Fences: f.fences.Load(), Reloads: f.reloads.Load(), Behind: f.Behind(),
		Loaded: time.Duration(f.loaded.Load()),
	}
}

// Run loads and follows until ctx ends, and never returns before. Whatever fails is tried again. At its end no caller waits any more, and
// the copy is forgotten.
func (f *Follower) Run(ctx context.Context) {
	defer f.copy.Forget()
	defer f.leave(Ended)
	wait := newBackoff(&f.tuning)
	for ctx.Err() == nil {
		followed, err := f.loadAndFollow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.leave(Loading)
		f.copy.Forget()
		if errors.Is(err, ErrFull) {
			f.log.LogAttrs(ctx, slog.LevelError, "the copy of the states is off for good: every check asks the database from now on", errorAttr(err))
			f.leave(Off)
			<-ctx.Done()
			return
		}
		f.log.LogAttrs(ctx, slog.LevelError,
			"the copy of the states is loaded anew: the database went back, holds another history, or cannot tell what changed", errorAttr(err))
		f.reloads.Add(1)
		if followed && !errors.Is(err, errRoundPanicked) {
			wait.note(nil)
			continue
		}
		wait.note(err) // loading did not even end, or rounds break off: not again at once
		wait.sleep(ctx, wait.length())
	}
}

func errorAttr(err error) slog.Attr { return slog.String("error", err.Error()) }

// logFailures logs where a run of failures begins and where it ends.
func (f *Follower) logFailures(ctx context.Context, err error, failures int) {
	switch {
	case ctx.Err() != nil:
	case err != nil && failures == 0:
		f.log.LogAttrs(ctx, slog.LevelError, "the copy of the states cannot follow the database: checks that need it are refused until it can",
			errorAttr(err))
	case err == nil && failures > 0:
		f.log.LogAttrs(ctx, slog.LevelInfo, "the copy of the states follows the database again", slog.Int("failures", failures))
	}
}

// tuning is what tests make smaller.
type tuning struct {
	every        time.Duration // of rounds that no caller asked for
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
