package disclosure

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// sink is a store of disclosures in memory that fails as a test says.
type sink struct {
	storage.Store

	mu     sync.Mutex
	added  map[[32]byte]bool
	counts map[storage.Learnt]int64 // by what was learnt without its count, its time and the id
	most   int                      // rows of one addition
	fails  func() (stored bool, err error)
}

func newSink() *sink {
	return &sink{
		added: map[[32]byte]bool{}, counts: map[storage.Learnt]int64{},
		fails: func() (bool, error) { return true, nil },
	}
}

func (s *sink) AddDisclosures(ctx context.Context, id [32]byte, _ consent.Instant, counts []storage.Learnt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	stored, err := s.fails()
	if stored && !s.added[id] {
		s.added[id] = true
		s.most = max(s.most, len(counts))
		for _, d := range counts {
			n := d.Count
			d.Count, d.At, d.Subject = 0, 0, consent.SubjectID{}
			s.counts[d] += n
		}
	}
	return err
}

func (s *sink) failWith(fails func() (bool, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
}

func (s *sink) total() (rows int, sum int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.counts {
		sum += n
	}
	return len(s.counts), sum
}

func someone(n int) storage.SubjectKey {
	key := storage.SubjectKey{Form: consent.FormExact}
	binary.BigEndian.PutUint64(key.Digest[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return key
}

func tallyOver(s storage.Writer) *disclosureCounter {
	return newDisclosureCounter(s, func() consent.Instant { return consent.InstantOf(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)) }, slog.New(slog.DiscardHandler))
}

var errAway = fmt.Errorf("away: %w", storage.ErrUnavailable)

// What is forgotten leaves what is stored by then, also by an addition that reported an error.
func TestTally_WhateverFails_NothingIsLostOrCountedTwice_AndNothingForgottenIsStored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSink()
		s.fails = func() (bool, error) { // also after the rows were stored: a broken commit
			if rapid.Bool().Draw(rt, "fails") {
				return rapid.Bool().Draw(rt, "stored"), errAway
			}
			return true, nil
		}
		tally := &disclosureCounter{
			store: s, now: func() consent.Instant { return 1 }, flushThreshold: 1 << 40, maxRows: 1 << 40, kinds: map[disclosureKind]*disclosureKind{}, forgotten: untilDay{},
			roomMade: make(chan struct{}), flushTurn: make(chan struct{}, 1), wake: make(chan struct{}, 1), stop: t.Context(),
		}
		for i := range tally.shards {
			tally.shards[i].counts = map[counterKey]count{}
		}
		who := func(label string) storage.SubjectKey {
			key := someone(rapid.IntRange(0, 5).Draw(rt, label))
			key.Digest[0] %= 2 // so that some wait behind an addition that failed
			return key
		}
		want := map[storage.Learnt]int64{}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0, 1:
				_ = tally.flush(t.Context()) // What fails is kept for the next.
				continue
			case 2:
				key, until := who("forgotten"), rapid.Int64Range(0, 3).Draw(rt, "until")
				tally.forgetSubjects(untilDay{key: until})
				maps.DeleteFunc(want, func(l storage.Learnt, _ int64) bool { return l.Key == key && l.Day <= until })
				for l, n := range s.counts {
					if l.Key == key && l.Day <= until {
						want[l] = n
					}
				}
				continue
			}
			d := disclosureKind{rapid.Int64Range(1, 2).Draw(rt, "day"), rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "client"), ""}
			var about []storage.SubjectKey
			for range rapid.IntRange(0, 5).Draw(rt, "subjects") {
				key := who("subject")
				about = append(about, key)
				want[storage.Learnt{Key: key, Day: d.day, Client: d.client}]++
			}
			var err error
			if rapid.Bool().Draw(rt, "as a list") {
				told := toldOf(about...)
				err = tally.addList(t.Context(), 1, d, told)
				clear(told) // The caller may use it again.
			} else {
				err = tally.addDisclosures(t.Context(), 1, d, about...)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		s.fails = func() (bool, error) { return true, nil }
		if err := tally.flush(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if rows := tally.rows.Load(); rows != 0 {
			rt.Errorf("%d rows are said to wait", rows)
		}
		for d, n := range want {
			if s.counts[d] != n {
				rt.Errorf("%v: %d, want %d", d, s.counts[d], n)
			}
		}
		if len(s.counts) != len(want) {
			rt.Errorf("%d rows, want %d", len(s.counts), len(want))
		}
	})
}

func TestTally_ManyAtOnce_AllAreStoredInSmallTransactions(t *testing.T) {
	const goroutines, rounds, people = 4, 50, 300
	s := newSink()
	tally := tallyOver(s)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range rounds {
				about := make([]storage.SubjectKey, people)
				for n := range people {
					about[n] = someone(g*people + n)
				}
				if err := tally.addDisclosures(t.Context(), 1, disclosureKind{1, "shop", "newsletter"}, about...); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() { // Some come and are forgotten meanwhile.
			key := someone(goroutines*people + g)
			for range rounds {
				if err := tally.addDisclosures(t.Context(), 1, disclosureKind{1, "shop", "newsletter"}, key); err != nil {
					t.Error(err)
				}
				tally.forgetSubjects(untilDay{key: math.MaxInt64})
			}
		})
		wg.Go(func() {
			for range 10 {
				if err := tally.flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	tally.close()
	for g := range goroutines {
		delete(s.counts, storage.Learnt{Key: someone(goroutines*people + g), Day: 1, Client: "shop", Channel: "newsletter"})
	}
	rows, sum := s.total()
	if rows != goroutines*people || sum != goroutines*rounds*people {
		t.Errorf("%d rows and %d in all, want %d and %d", rows, sum, goroutines*people, goroutines*rounds*people)
	}
	if s.most > maxRowsPerTransaction || tally.rows.Load() != 0 {
		t.Errorf("an addition of %d rows; %d rows wait", s.most, tally.rows.Load())
	}
}

func TestTally_EverySoManySeconds_IsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		tally := tallyOver(s)
		defer tally.close()
		if err := tally.addDisclosures(t.Context(), 1, disclosureKind{1, "shop", ""}, someone(1), someone(1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if rows, _ := s.total(); rows != 0 {
			t.Error("it was stored at once")
		}
		time.Sleep(flushInterval + time.Millisecond) //nolint:forbidigo // The time of the bubble.
		synctest.Wait()
		if rows, sum := s.total(); rows != 1 || sum != 2 {
			t.Errorf("%d rows, %d in all", rows, sum)
		}
	})
}

func TestTally_MuchWaits_IsStoredEarly_AndTooMuchHoldsCallersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		tally := tallyOver(s)
		defer tally.close()
		tally.flushThreshold, tally.maxRows = 3, 5
		add := func(ctx context.Context, from, to int) error {
			for n := from; n < to; n++ {
				if err := tally.addDisclosures(ctx, 1, disclosureKind{1, "shop", ""}, someone(n)); err != nil {
					return err
				}
			}
			return nil
		}
		if err := add(t.Context(), 0, 3); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if rows, _ := s.total(); rows != 3 {
			t.Errorf("%d rows are stored early, want 3", rows)
		}
		s.failWith(func() (bool, error) { return false, errAway })
		if err := add(t.Context(), 3, 8); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := add(ctx, 8, 9); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v while nothing can be stored, want the end of the deadline", err)
		}
		waited := make(chan error, 1)
		go func() { waited <- add(t.Context(), 9, 10) }()
		synctest.Wait()
		s.failWith(func() (bool, error) { return true, nil })
		if err := <-waited; err != nil {
			t.Error(err)
		}
		if err := tally.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows, sum := s.total(); rows != 9 || sum != 9 {
			t.Errorf("%d rows, %d in all, want 9 of each", rows, sum)
		}
	})
}

func TestTally_Count_IsStoredWithTheTimeOfItsLastDisclosure(t *testing.T) {
	s := &lastAdded{sink: newSink()}
	tally := tallyOver(s)
	for _, at := range []consent.Instant{5, 9, 7} {
		if err := tally.addDisclosures(t.Context(), at, disclosureKind{1, "shop", ""}, someone(1)); err != nil {
			t.Fatal(err)
		}
	}
	tally.close()
	want := []storage.Learnt{{Key: someone(1), Day: 1, Client: "shop", Count: 3, At: 9}}
	if !slices.Equal(s.last, want) {
		t.Errorf("stored %v, want %v", s.last, want)
	}
}

// lastAdded keeps what was added last.
type lastAdded struct {
	*sink

	last []storage.Learnt
}

func (s *lastAdded) AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []storage.Learnt) error {
	s.last = slices.Clone(counts)
	return s.sink.AddDisclosures(ctx, id, expires, counts)
}

func TestTally_Forget_DropsWhatIsNotStored_AndKeepsWhatIsCountedLater(t *testing.T) {
	s := newSink()
	s.fails = func() (bool, error) { return false, errAway }
	tally := tallyOver(s)
	for range 2 { // once in doubt, once in a shard
		if err := tally.addDisclosures(t.Context(), 1, disclosureKind{1, "shop", ""}, someone(1), someone(2)); err != nil {
			t.Fatal(err)
		}
		if err := tally.flush(t.Context()); err == nil {
			t.Fatal("it was stored")
		}
	}
	if err := tally.addDisclosures(t.Context(), 1, disclosureKind{2, "shop", ""}, someone(1), someone(2)); err != nil {
		t.Fatal(err)
	}
	tally.forgetSubjects(untilDay{someone(1): math.MaxInt64})
	if err := tally.addDisclosures(t.Context(), 1, disclosureKind{3, "shop", ""}, someone(1)); err != nil {
		t.Fatal(err)
	}
	s.failWith(func() (bool, error) { return true, nil })
	tally.close()
	for l := range s.counts {
		if l.Key == someone(1) && l.Day != 3 {
			t.Errorf("stored %v", l)
		}
	}
	if rows, sum := s.total(); rows != 3 || sum != 4 || tally.rows.Load() != 0 {
		t.Errorf("%d rows, %d in all, %d wait", rows, sum, tally.rows.Load())
	}
}

func BenchmarkTallyAdd(b *testing.B) {
	for _, people := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			tally := tallyOver(newSink())
			b.Cleanup(tally.close)
			about := make([]storage.SubjectKey, 1000)
			n := 0
			for b.Loop() {
				for i := range about {
					about[i] = someone(n % people)
					n++
				}
				if err := tally.addDisclosures(b.Context(), 1, disclosureKind{1, "shop", "newsletter"}, about...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/address")
		})
	}
}

// inOrder is a store that keeps the keys in the order in which they were added.
type inOrder struct {
	*sink

	keys []storage.SubjectKey
}

func (s *inOrder) AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []storage.Learnt) error {
	for i := range counts {
		s.keys = append(s.keys, counts[i].Key)
	}
	return s.sink.AddDisclosures(ctx, id, expires, counts)
}

// toldOf returns subjects with the keys, and ids that begin as the digests do.
func toldOf(keys ...storage.SubjectKey) []Told {
	told := make([]Told, len(keys))
	for i, key := range keys {
		told[i] = Told{Key: key, Subject: consent.SubjectID(key.Digest[:16])}
	}
	return told
}

func TestTally_Lists_AreStoredInTheirOrder_InSmallTransactions(t *testing.T) {
	const perList = maxRowsPerTransaction*2 + 7
	s := &inOrder{sink: newSink()}
	tally := tallyOver(s)
	var want []storage.SubjectKey
	for n := range 3 {
		keys := make([]storage.SubjectKey, perList)
		for i := range keys {
			keys[i] = someone(n*perList + i)
		}
		want = append(want, keys...)
		told := toldOf(keys...)
		if err := tally.addList(t.Context(), 1, disclosureKind{1, "shop", "newsletter"}, told); err != nil {
			t.Fatal(err)
		}
		clear(told) // The caller may use it again.
	}
	if waiting := tally.rows.Load(); waiting != 3*perList {
		t.Errorf("%d rows wait", waiting)
	}
	tally.close()
	if !slices.Equal(s.keys, want) {
		t.Error("they were stored in another order")
	}
	if rows, sum := s.total(); rows != 3*perList || sum != 3*perList || s.most > maxRowsPerTransaction || tally.rows.Load() != 0 {
		t.Errorf("%d rows, %d in all, an addition of %d, %d wait", rows, sum, s.most, tally.rows.Load())
	}
}

func TestTally_AListWithTooMuchBeforeIt_Waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		tally := tallyOver(s)
		defer tally.close()
		tally.flushThreshold, tally.maxRows = 3, 5
		s.failWith(func() (bool, error) { return false, errAway })
		kind := disclosureKind{1, "shop", ""}
		if err := tally.addList(t.Context(), 1, kind, toldOf(someone(0), someone(1), someone(2), someone(3), someone(4))); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := tally.addList(ctx, 1, kind, toldOf(someone(5))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v while nothing can be stored, want the end of the deadline", err)
		}
		s.failWith(func() (bool, error) { return true, nil })
		if err := tally.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows, _ := s.total(); rows != 5 {
			t.Errorf("%d rows, want 5: what returned an error counts nothing", rows)
		}
	})
}
