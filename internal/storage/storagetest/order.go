package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func orderTests() []Test {
	return []Test{
		{"Write_ConcurrentWriters_OneOrderWithoutGaps", func(t *testing.T, open Open) {
			store := Initialised(t, open)
			OneOrder(t, []storage.Store{store}, 8, 25)
		}},
		{"Write_DecidersNeverOverlap", testNoOverlap},
		{"Write_EachSeesWhatTheLastStored", testSeesLast},
	}
}

// OneOrder has writers of all the stores, which are stores of one database, add events at once while a reader of each store
// follows. It checks that positions have no gap, that every acknowledged event is there once, and that every reader sees
// events in the order of their positions, and misses none.
func OneOrder(t *testing.T, stores []storage.Store, writers, each int) {
	t.Helper()
	total := int64(len(stores) * writers * each)
	var wg sync.WaitGroup
	var acknowledged sync.Map
	for i, store := range stores {
		for w := range writers {
			wg.Go(func() {
				for range each {
					n := i*writers + w
					position, err := append1(t.Context(), store, n)
					if err != nil {
						t.Errorf("Write: %v", err)
						return
					}
					if other, twice := acknowledged.LoadOrStore(position, n); twice {
						t.Errorf("position %d was given to writers %d and %v", position, n, other)
					}
				}
			})
		}
		wg.Go(func() {
			if err := follow(t.Context(), store, total, &acknowledged); err != nil {
				t.Errorf("reader of store %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for position := range total {
		if _, ok := acknowledged.Load(position + 1); !ok {
			t.Errorf("position %d was not given to any writer", position+1)
		}
	}
}

// follow reads the ledger from its begin to the position, as it grows.
func follow(ctx context.Context, store storage.Store, to int64, acknowledged *sync.Map) error {
	const limit = 7
	for last := int64(0); last < to; {
		highest := int64(0)
		acknowledged.Range(func(position, _ any) bool {
			highest = max(highest, position.(int64)) //nolint:errcheck // Only positions are keys.
			return true
		})
		head, records, err := store.Ledger(ctx, last, limit)
		if err != nil {
			return err
		}
		for i := range records {
			if got := records[i].Event.Position; got != last+1 {
				return fmt.Errorf("position %d follows %d", got, last)
			}
			last++
		}
		if head.Position < highest {
			return fmt.Errorf("the head stands at %d although %d was acknowledged before", head.Position, highest)
		}
		if len(records) < limit && head.Position != last {
			return fmt.Errorf("the head stands at %d, but the last event of the same snapshot is %d", head.Position, last)
		}
	}
	return nil
}

func testNoOverlap(t *testing.T, open Open) {
	store := Initialised(t, open)
	var deciding atomic.Int32
	var wg sync.WaitGroup
	refused := errors.New("refused")
	for range 8 {
		wg.Go(func() {
			for i := range 10 {
				err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
					if n := deciding.Add(1); n != 1 {
						t.Errorf("%d writes decide at once", n)
					}
					defer deciding.Add(-1)
					if _, err := tx.Events(ctx, nil); err != nil {
						return nil, err
					}
					if i%2 == 0 {
						return nil, refused
					}
					return &storage.Changes{Head: tx.Loaded().Head}, nil
				})
				if err != nil && !errors.Is(err, refused) {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func testSeesLast(t *testing.T, open Open) {
	store := Initialised(t, open)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				err := store.Write(t.Context(), storage.Load{Subjects: keys(0, 1), Requests: [][32]byte{request(1, 0).ID}}, oneMore(t))
				if err != nil {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	wg.Wait()
	_, subjects := states(t, store, keys(0, 1))
	if got := subjects[key(0)].State.Position; got != 80 {
		t.Errorf("the state stands at %d after 80 writes", got)
	}
}

// oneMore moves the head, a state and a request on by one, and checks that all stand at the same position.
func oneMore(t *testing.T) func(context.Context, storage.Tx) (*storage.Changes, error) {
	return func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		loaded := tx.Loaded()
		position := loaded.Head.Position
		if got := loaded.Subjects[key(0)].State.Position; got != position {
			t.Errorf("under the head at %d the state stands at %d", position, got)
		}
		if got := int64(loaded.Requests[request(1, 0).ID].Expires); got != position {
			t.Errorf("under the head at %d the request stands at %d", position, got)
		}
		return &storage.Changes{
			Head:     head(position + 1),
			Subjects: []storage.Subject{subject(0)},
			States:   []storage.State{state(0, position+1)},
			Requests: []storage.Request{request(1, consent.Instant(position+1))},
		}, nil
	}
}
