package follow_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/storage"
)

// slowed makes the database answer, but slowly.
func (d *database) slowed(way time.Duration, telling func(n *storage.News) time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latency, d.telling = func() time.Duration { return way }, telling
}

// recordMany records events of three subjects at once.
func recordMany(d *database, many int) {
	d.commit(func(h *history) {
		for i := range many {
			h.event(keyOf(i%3), stateOf(i%3, i), uint64(i)<<8)
		}
	})
}

// wantCatchUp wants the fence to say that the database is to be asked, and the index to be ready after a while, not loaded anew.
func wantCatchUp(t *testing.T, x *index.Index, within time.Duration) {
	t.Helper()
	began := time.Now()
	if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) || time.Since(began) > 6*time.Second {
		t.Errorf("Fence = %v after %v, want ErrNotLoaded after two rounds at most", err, time.Since(began))
	}
	pass(within)
	if stats := x.Stats(); stats.State != follow.Ready || stats.Reloads != 0 {
		t.Fatalf("after %v: %+v", within, stats)
	}
	if err := x.Fence(t.Context()); err != nil {
		t.Errorf("having caught up: %v", err)
	}
}

func TestRun_BacklogLongerThanARound_CatchesUp(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.slowed(350*time.Millisecond, nil)
		recordMany(d, 20_000) // five reads of 0.7 s
		wantCatchUp(t, x, 10*time.Second)
		if !shows(t, x, 1, 19_999) {
			t.Error("having caught up it shows something else")
		}
	})
}

func TestRun_OneReadLongerThanARound_CatchesUp(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.slowed(10*time.Millisecond, func(n *storage.News) time.Duration {
			return time.Duration(len(n.States)) * 10 * time.Second // all changed rows are always told at once
		})
		d.commit(func(h *history) {
			for i := range 3 {
				h.revise(keyOf(i), stateOf(i, 7), false)
			}
		})
		wantCatchUp(t, x, 40*time.Second)
		if !shows(t, x, 1, 7) {
			t.Error("having caught up it shows something else")
		}
	})
}

func TestRun_CatchUpThatTakesTooLong_ReadsFewerAtOnce_ThenMoreAgain(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.slowed(10*time.Millisecond, func(n *storage.News) time.Duration {
			return time.Duration(len(n.Leaves)) * 25 * time.Millisecond // 4,096 take 102 s
		})
		recordMany(d, 4_400)
		wantCatchUp(t, x, 5*time.Minute)
		if !shows(t, x, 1, 4_399) {
			t.Error("having caught up it shows something else")
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if want := []int{4096, 4096, 2048, 4096}; !slices.Equal(d.limits, want) { // the first is the round
			t.Errorf("it read %d events at once, want %d", d.limits, want)
		}
	})
}

func TestRun_HungDatabase_KeepsTheIndex(t *testing.T) {
	for name, change := range map[string]func(d *database){
		"something new": func(d *database) { record(d, 1, 1); d.breakFor(hanging, 30*time.Second) },
		"nothing new":   func(d *database) { d.breakFor(hanging, 2600*time.Millisecond) }, // it is over when it is asked for the head
	} {
		t.Run(name, func(t *testing.T) {
			following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
				pass(time.Second)
				change(d)
				if err := x.Fence(t.Context()); !errors.Is(err, storage.ErrUnavailable) || !x.Ready() {
					t.Errorf("Fence = %v, ready %v, want ErrUnavailable and still ready", err, x.Ready())
				}
				if !shows(t, x, 1, 0) {
					t.Error("it does not show what it did")
				}
				pass(40 * time.Second)
				if err := x.Fence(t.Context()); err != nil || x.Stats().Reloads != 0 {
					t.Errorf("afterwards: %v, %+v", err, x.Stats())
				}
			})
		})
	}
}
