package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func initialiseTests() []Test {
	return []Test{
		{"Initialise_StoresTheHeadAsGiven", testInitialise},
		{"Initialise_Again_ReturnsErrInitialisedAndKeepsTheHead", testInitialiseAgain},
		{"Initialise_AtOnce_OneSucceeds", testInitialiseAtOnce},
		{"Calls_WithoutHead_ReturnErrNotInitialised", testNotInitialised},
	}
}

// call is a call of the port that needs a head.
type call struct {
	name string
	run  func(ctx context.Context, s storage.Store) error
}

// calls are all calls of the port but Initialise and Close.
func calls() []call {
	return append(tableCalls(), []call{
		{"Head", func(ctx context.Context, s storage.Store) error { _, err := s.Head(ctx); return err }},
		{"States", func(ctx context.Context, s storage.Store) error { _, _, err := s.States(ctx, keys(0, 3)); return err }},
		{"States of no keys", func(ctx context.Context, s storage.Store) error { _, _, err := s.States(ctx, nil); return err }},
		{"EventsOf", func(ctx context.Context, s storage.Store) error {
			_, _, err := s.EventsOf(ctx, keys(0, 3), 0, 0)
			return err
		}},
		{"PositionAt", func(ctx context.Context, s storage.Store) error { _, _, err := s.PositionAt(ctx, begin); return err }},
		{"Records", func(ctx context.Context, s storage.Store) error {
			_, _, err := s.Records(ctx, keys(0, 3), 0, 10)
			return err
		}},
		{"Ledger", func(ctx context.Context, s storage.Store) error { _, _, err := s.Ledger(ctx, 0, 10); return err }},
		{"SubjectIDs", func(ctx context.Context, s storage.Store) error {
			_, err := s.SubjectIDs(ctx, consent.SubjectID{}, 10)
			return err
		}},
		{"SubjectsIn", func(ctx context.Context, s storage.Store) error {
			_, _, err := s.SubjectsIn(ctx, storage.AllIDs(), 10)
			return err
		}},
		{"SubjectsByID", func(ctx context.Context, s storage.Store) error { _, _, err := s.SubjectsByID(ctx, nil); return err }},
		{"Catalogs", func(ctx context.Context, s storage.Store) error { _, _, err := s.Catalogs(ctx, 0); return err }},
		{"Size", func(ctx context.Context, s storage.Store) error { _, err := s.Size(ctx); return err }},
		{"Refs", func(ctx context.Context, s storage.Store) error { _, _, err := s.Refs(ctx, 0); return err }},
		{"Follow", func(ctx context.Context, s storage.Store) error {
			_, _, err := s.Follow(ctx, storage.Mark{}, 10)
			return err
		}},
		{"Hashes", func(ctx context.Context, s storage.Store) error { _, _, err := s.Hashes(ctx, []int64{1}); return err }},
		{"Snapshot", func(ctx context.Context, s storage.Store) error {
			return s.Snapshot(ctx, func(context.Context, storage.Snapshot) error { return errors.New("read was called") })
		}},
		{"Write", func(ctx context.Context, s storage.Store) error {
			return s.Write(ctx, storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
				return nil, errors.New("decide was called")
			})
		}},
		{"DeleteExpiredRequests", func(ctx context.Context, s storage.Store) error {
			_, err := s.DeleteExpiredRequests(ctx, begin, 10)
			return err
		}},
		{"AddDisclosures", func(ctx context.Context, s storage.Store) error {
			return s.AddDisclosures(ctx, digest("addition", 1), begin, []storage.Learnt{learnt(1, 1, 1)})
		}},
		{"Outlines", func(ctx context.Context, s storage.Store) error { _, err := s.Outlines(ctx, 0, 10); return err }},
		{"DisclosuresBefore", func(ctx context.Context, s storage.Store) error {
			_, _, err := s.DisclosuresBefore(ctx, 1, nil)
			return err
		}},
		{"Disclosures", func(ctx context.Context, s storage.Store) error {
			_, err := s.Disclosures(ctx, []consent.SubjectID{id(1)})
			return err
		}},
		{"DeleteDisclosures", func(ctx context.Context, s storage.Store) error {
			_, err := s.DeleteDisclosures(ctx, 1, nil, 10)
			return err
		}},
	}...)
}

// fails holds that every call fails with the error.
func fails(ctx context.Context, t *testing.T, store storage.Store, want error) {
	t.Helper()
	for _, c := range calls() {
		if err := c.run(ctx, store); !errors.Is(err, want) {
			t.Errorf("%s returned the error %v, want %v", c.name, err, want)
		}
	}
}

func testInitialise(t *testing.T, open Open) {
	store := Opened(t, open)
	want := head(3)
	NoError(t, "Initialise", store.Initialise(t.Context(), want))
	got, err := store.Head(t.Context())
	NoError(t, "Head", err)
	Same(t, "the head", got, want)
}

func testInitialiseAgain(t *testing.T, open Open) {
	store := Initialised(t, open)
	other := head(5)
	other.StoreID = [16]byte{9}
	if err := store.Initialise(t.Context(), other); !errors.Is(err, storage.ErrInitialised) {
		t.Errorf("Initialise returned the error %v, want ErrInitialised", err)
	}
	got, err := store.Head(t.Context())
	NoError(t, "Head", err)
	Same(t, "the head", got, head(0))
}

func testInitialiseAtOnce(t *testing.T, open Open) {
	store := Opened(t, open)
	results := make([]error, 8)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = store.Initialise(t.Context(), head(int64(i))) })
	}
	wg.Wait()
	winner := -1
	for i, err := range results {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("Initialise %d and %d both succeeded", winner, i)
		case !errors.Is(err, storage.ErrInitialised):
			t.Errorf("Initialise %d returned the error %v, want ErrInitialised", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("no Initialise succeeded")
	}
	got, err := store.Head(t.Context())
	NoError(t, "Head", err)
	Same(t, "the head", got, head(int64(winner)))
}

func testNotInitialised(t *testing.T, open Open) {
	fails(t.Context(), t, Opened(t, open), storage.ErrNotInitialised)
}
