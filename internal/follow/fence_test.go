package follow_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/storage"
)

type callerKey struct{}

// panics is a copy that panics while it takes in what is new, once.
type panics struct {
	follow.Copy
	once bool
}

func (p *panics) Advance(head *storage.Head, states []storage.KeyedState) error {
	if p.once && len(states) > 0 {
		p.once = false
		panic("broken on purpose")
	}
	return p.Copy.Advance(head, states)
}

func TestFence_RoundThatPanics_LosesNoTurn_AndEverythingIsLoadedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.latency = func() time.Duration { return 10 * time.Millisecond }
		f := follow.New(d, &panics{Copy: kept{}, once: true}, follow.Options{Every: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		var run, all sync.WaitGroup
		run.Go(func() { f.Run(ctx) })
		pass(time.Second)
		record(d, 1, 1)
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic does not reach the caller that made the round")
				}
			}()
			_ = f.Fence(t.Context())
		})
		all.Go(func() {
			pass(time.Millisecond)
			if err := f.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
				t.Errorf("a caller that waits: %v, want ErrNotLoaded", err)
			}
		})
		all.Wait()
		pass(time.Second)
		if err := f.Fence(t.Context()); err != nil || f.Stats().Reloads != 1 {
			t.Errorf("afterwards: %v, %+v, want a fence that passes after one reload", err, f.Stats())
		}
		cancel()
		run.Wait()
	})
}

// kept is a copy that takes everything and shows nothing.
type kept struct{}

func (kept) Take([]storage.KeyedState) error                   { return nil }
func (kept) Show(*storage.Head)                                {}
func (kept) Advance(*storage.Head, []storage.KeyedState) error { return nil }
func (kept) Hide()                                             {}
func (kept) Forget()                                           {}
func (kept) Figures() []slog.Attr                              { return nil }

func TestFence_CallerThatHasEnded_MakesNoRound(t *testing.T) {
	observing(t, func(t *testing.T, o *observed, x *index.Index) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := x.Fence(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Fence = %v, want its own error", err)
		}
		if made := o.madeBy(); len(made) != 0 {
			t.Errorf("%d reads were made", len(made))
		}
		if err := x.Fence(t.Context()); err != nil {
			t.Errorf("the next caller: %v", err)
		}
	})
}

// observed notes which callers' contexts reach the database.
type observed struct {
	*database

	mu      sync.Mutex
	callers []any // nil: Run
}

func (o *observed) Follow(ctx context.Context, since storage.Mark, limit int) (storage.Head, storage.News, error) {
	o.mu.Lock()
	o.callers = append(o.callers, ctx.Value(callerKey{}))
	o.mu.Unlock()
	return o.database.Follow(ctx, since, limit)
}

// madeBy returns the callers of the reads since it was called last.
func (o *observed) madeBy() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	made := o.callers
	o.callers = nil
	return made
}

// observing runs an index in a bubble. Only callers make its rounds.
func observing(t *testing.T, test func(t *testing.T, o *observed, x *index.Index)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := &observed{database: newDatabase()}
		o.latency = func() time.Duration { return 10 * time.Millisecond }
		x := index.New(o, index.Options{Every: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { x.Run(ctx) })
		pass(time.Second)
		o.madeBy() // loading is not of interest
		test(t, o, x)
		cancel()
		done.Wait()
	})
}

func TestFence_OneCaller_MakesTheRoundItself(t *testing.T) {
	observing(t, func(t *testing.T, o *observed, x *index.Index) {
		for range 3 {
			if err := x.Fence(context.WithValue(t.Context(), callerKey{}, "anna")); err != nil {
				t.Fatal(err)
			}
		}
		if made := o.madeBy(); len(made) != 3 || made[0] != "anna" || made[2] != "anna" {
			t.Errorf("the rounds were made by %v, want three of the caller", made)
		}
	})
}

func TestFence_TurnIsTaken_OneOfThoseWhoWaitMakesTheNextRound(t *testing.T) {
	observing(t, func(t *testing.T, o *observed, x *index.Index) {
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				pass(time.Duration(i) * time.Millisecond) // the first is under way when the others come
				if err := x.Fence(context.WithValue(t.Context(), callerKey{}, i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made := o.madeBy(); len(made) != 2 || made[0] != 0 || made[1] == nil || made[1] == 0 {
			t.Errorf("the rounds were made by %v, want the first caller and one of the others", made)
		}
	})
}

func TestFence_CallerGoesAwayDuringItsRound_OthersDoNotLoseIt(t *testing.T) {
	observing(t, func(t *testing.T, o *observed, x *index.Index) {
		o.slowed(200*time.Millisecond, nil)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, "anna"), 50*time.Millisecond)
			defer cancel()
			if err := x.Fence(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 60*time.Millisecond {
				t.Errorf("the caller that goes away: %v after %v, want its own error at once", err, time.Since(began))
			}
		})
		all.Go(func() {
			pass(time.Millisecond)
			record(o.database, 1, 1)
			if err := x.Fence(t.Context()); err != nil || !shows(t, x, 1, 1) {
				t.Errorf("the caller that waits: %v, want the next round", err)
			}
		})
		all.Wait()
		if x.Failing() || !x.Ready() {
			t.Errorf("afterwards: failing %v, ready %v", x.Failing(), x.Ready())
		}
		if made := o.madeBy(); len(made) < 2 || made[0] != "anna" || made[1] != nil {
			t.Errorf("the rounds were made by %v, want that of the caller to be made again by Run", made)
		}
	})
}
