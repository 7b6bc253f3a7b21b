package follow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/storage"
)

// following runs an index over a database of three subjects within a bubble, where a read takes 20 ms: 10 there and 10 back.
func following(t *testing.T, opts index.Options, test func(t *testing.T, d *database, x *index.Index)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.latency = func() time.Duration { return 10 * time.Millisecond }
		for i := range 3 {
			record(d, i, 0)
		}
		x := index.New(d, opts)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { x.Run(ctx) })
		test(t, d, x)
		cancel()
		done.Wait()
	})
}

// record records an event of a subject, as others do.
func record(d *database, who, version int) {
	d.commit(func(h *history) {
		h.event(keyOf(who), stateOf(who, version), uint64(h.head.Position)<<32+uint64(version))
	})
}

func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // The clock is that of the bubble.

// shows tells which version of a subject the index shows.
func shows(t *testing.T, x *index.Index, who, version int) bool {
	t.Helper()
	v, ok := x.View()
	if !ok {
		t.Fatal("the index answers nothing")
	}
	defer v.Close()
	key := keyOf(who)
	got, _ := v.Find(&key)
	return bytes.Equal(got, stateOf(who, version))
}

func (d *database) reads() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.follows
}

func TestNew_StartsNothing_AndAnswersNothing(t *testing.T) {
	d := newDatabase()
	x := index.New(d, index.Options{})
	if _, ok := x.View(); ok || x.Ready() || x.Stats().State != follow.Loading || d.reads() != 0 {
		t.Errorf("before Run: view %v, ready %v, %+v, %d reads", ok, x.Ready(), x.Stats(), d.reads())
	}
	if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
		t.Errorf("Fence = %v, want ErrNotLoaded", err)
	}
	if x.Behind() < 1000*time.Hour {
		t.Errorf("Behind = %v, want far more than any limit", x.Behind())
	}
}

func TestRun_LoadsThenAnswers(t *testing.T) {
	loaded := 0
	following(t, index.Options{Loading: func(n int) { loaded = n }}, func(t *testing.T, _ *database, x *index.Index) {
		pass(time.Second)
		if stats := x.Stats(); stats.State != follow.Ready || stats.Recipients != 3 || stats.Bytes <= 0 || stats.Reloads != 0 || loaded != 3 {
			t.Errorf("after loading: %+v, told of %d", stats, loaded)
		}
		if !shows(t, x, 2, 0) {
			t.Error("subject 2 is not as it was stored")
		}
	})
}

func TestFence_JoinsTheNextRead_NeverOneUnderWay(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		first := make(chan error, 1)
		go func() { first <- x.Fence(t.Context()) }()
		pass(15 * time.Millisecond) // its read saw the store 5 ms ago
		record(d, 1, 1)
		if err := x.Fence(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !shows(t, x, 1, 1) {
			t.Error("after the fence the index lacks what was acknowledged before")
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

func TestFence_HoweverManyWait_OneReadARound(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		before := d.reads()
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				if err := x.Fence(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := d.reads() - before; n > 2 { // some may have come when the first round had begun
			t.Errorf("%d reads for 500 fences at the same time", n)
		}
		if n := x.Stats().Fences; n != 500 {
			t.Errorf("%d fences are counted, want 500", n)
		}
	})
}

func TestFence_ContextEnds_LeavesWithItsError(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.breakFor(hanging, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := x.Fence(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Fence = %v, want the context's error", err)
		}
	})
}

func TestFence_HungDatabase_IsUnavailableAfterThreeSeconds(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.breakFor(hanging, time.Minute)
		began := time.Now()
		if err := x.Fence(t.Context()); !errors.Is(err, storage.ErrUnavailable) || time.Since(began) != 3*time.Second {
			t.Errorf("Fence = %v after %v, want ErrUnavailable after 3 s", err, time.Since(began))
		}
	})
}

func TestFence_Outage_AllWhoJoinedFailSoon_AndTheDatabaseIsSpared(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.breakFor(failing, 20*time.Second)
		pass(5 * time.Second) // the waits are at their longest
		rounds, began := 0, time.Now()
		for time.Since(began) < 10*time.Second {
			asked := time.Now()
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					if err := x.Fence(t.Context()); !errors.Is(err, errBroken) || !errors.Is(err, storage.ErrUnavailable) {
						t.Errorf("Fence = %v, want the error of the round", err)
					}
				})
			}
			all.Wait()
			if took := time.Since(asked); took > 50*time.Millisecond {
				t.Fatalf("Fence failed after %v, want at most 50 ms", took)
			}
			rounds++
		}
		if rounds > 201 {
			t.Errorf("%d tries in 10 s, want one every 50 ms at most", rounds)
		}
		if x.Behind() < 14*time.Second || !x.Ready() {
			t.Errorf("in the outage: behind %v, ready %v; want as long as it lasts, and still ready for denials", x.Behind(), x.Ready())
		}
		pass(12 * time.Second)
		if err := x.Fence(t.Context()); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

func TestRun_WithoutDemand_FollowsAll100Milliseconds(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		record(d, 0, 1)
		pass(150 * time.Millisecond)
		if !shows(t, x, 0, 1) || x.Behind() > 140*time.Millisecond {
			t.Errorf("nobody asked: new state shown %v, behind %v", shows(t, x, 0, 1), x.Behind())
		}
	})
}

func TestHead_IsAnotherPointer_WhenAnythingChangedAndOnlyThen(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		shown := func() *storage.Head {
			if err := x.Fence(t.Context()); err != nil {
				t.Fatal(err)
			}
			v, _ := x.View()
			defer v.Close()
			if x.Head() != v.Head() {
				t.Error("the head of the index is not that of its view")
			}
			return x.Head()
		}
		pass(time.Second)
		at := shown()
		if pass(time.Second); shown() != at {
			t.Error("nothing changed, but the head")
		}
		d.commit(func(h *history) { h.head.ClientsVersion++ })
		if shown() == at {
			t.Error("the version of the clients changed, but not the head")
		}
		at = shown()
		d.commit(func(h *history) { h.revise(keyOf(1), stateOf(1, 9), false) })
		if shown() == at {
			t.Error("a state changed, but not the head")
		}
	})
}

func TestView_Find_UnknownAndNotStoredAndMails(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		d.commit(func(h *history) { h.event(keyOf(1), nil, 99) })
		pass(time.Second)
		v, _ := x.View()
		defer v.Close()
		notStored, unknown, mail := keyOf(1), keyOf(50), keyOf(2)
		mail.Form = consent.FormMail
		if packed, ok := v.Find(&notStored); packed != nil || !ok {
			t.Errorf("not stored: %q, %v, want that it has to be asked for", packed, ok)
		}
		if packed, ok := v.Find(&unknown); packed != nil || ok {
			t.Errorf("unknown: %q, %v", packed, ok)
		}
		if packed, ok := v.Find(&mail); packed != nil || ok {
			t.Errorf("of a confirmation mail: %q, %v", packed, ok)
		}
		if head := d.head(); nameOf(v.Head()) != nameOf(&head) {
			t.Errorf("Head = %s, want %s", nameOf(v.Head()), nameOf(&head))
		}
	})
}

func TestRun_OtherHistory_IsSaidAndLoadedAnew(t *testing.T) {
	changes := map[string]func(d *database){
		"back":        func(d *database) { d.restore(0) },
		"other event": func(d *database) { d.restore(0); record(d, 0, 7) },
		"longer":      func(d *database) { d.restore(0); record(d, 0, 7); record(d, 1, 7); record(d, 2, 7) },
		"other store": func(d *database) { d.commit(func(h *history) { h.head.StoreID[0]++ }) },
		"reload":      func(d *database) { d.commit(func(h *history) { h.rebuild(d.kept) }) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			following(t, index.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, d *database, x *index.Index) {
				d.backUp()
				record(d, 1, 1)
				pass(time.Second)
				change(d)
				if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
					t.Errorf("Fence = %v, want ErrNotLoaded", err)
				}
				if _, ok := x.View(); ok && name != "reload" {
					t.Error("the abandoned history is still shown")
				}
				pass(time.Second)
				if stats := x.Stats(); stats.State != follow.Ready || stats.Reloads != 1 {
					t.Errorf("afterwards: %+v", stats)
				}
				if v, ok := x.View(); ok {
					if head := d.head(); nameOf(v.Head()) != nameOf(&head) {
						t.Errorf("the view is of %s, want %s", nameOf(v.Head()), nameOf(&head))
					}
					v.Close()
				}
			})
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("said %d times:\n%s", n, log.String())
			}
		})
	}
}

func TestRun_FarBehind_CatchesUpWithoutReadingAllAgain(t *testing.T) {
	following(t, index.Options{}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		const many = 80_000 // more than a round takes in
		d.commit(func(h *history) {
			for i := range many {
				h.event(keyOf(i%3), stateOf(i%3, i), uint64(i)<<8)
			}
		})
		if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
			t.Errorf("Fence = %v, want ErrNotLoaded", err)
		}
		pass(time.Second)
		if stats := x.Stats(); stats.State != follow.Ready || stats.Reloads != 0 || !shows(t, x, 1, 79_999) {
			t.Errorf("afterwards: %+v", stats)
		}
	})
}

func TestRun_BeyondItsMemory_IsOffForGood(t *testing.T) {
	var log strings.Builder
	following(t, index.Options{MaxBytes: 4_000, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		if !x.Ready() {
			t.Fatal("it is off from the beginning")
		}
		for i := range 200 {
			record(d, i, 0)
		}
		_ = x.Fence(t.Context())
		pass(time.Minute)
		if _, ok := x.View(); ok || x.Ready() {
			t.Error("it still answers")
		}
		if stats := x.Stats(); stats.State != follow.Off || stats.Bytes != 0 || stats.Recipients != 0 {
			t.Errorf("%+v", stats)
		}
		if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
			t.Errorf("Fence = %v, want ErrNotLoaded", err)
		}
	})
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
	var bytes, recipients, limit int
	if _, said, ok := strings.Cut(log.String(), "the copy is full: "); !ok {
		t.Errorf("not said why:\n%s", log.String())
	} else if _, err := fmt.Sscanf(said, "%d recipients need %d bytes of memory, and index_max_bytes allows %d", &recipients, &bytes, &limit); err != nil ||
		bytes <= 4_000 || recipients <= 3 || limit != 4_000 {
		t.Errorf("what it needed is not said (%v):\n%s", err, log.String())
	}
}

func TestRun_Ends_NobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		x := index.New(d, index.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { x.Run(ctx) })
		pass(time.Second)
		d.breakFor(hanging, time.Minute)
		for range 10 {
			done.Go(func() {
				if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) {
					t.Errorf("Fence = %v, want ErrNotLoaded", err)
				}
			})
			pass(50 * time.Millisecond)
		}
		cancel()
		done.Wait()
		if err := x.Fence(t.Context()); !errors.Is(err, follow.ErrNotLoaded) || x.Stats().State != follow.Ended {
			t.Errorf("afterwards: %v, %+v", err, x.Stats())
		}
	})
}
