package storagetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/testkit"
)

func loadTests() []Test {
	return []Test{
		{"Load_NothingAskedFor_HeadAndReferencesOnly", testLoadNothing},
		{"Load_ReturnsWhatIsAskedForAndExists", testLoadAll},
		{"Load_KeysTwice_AreLoadedOnce", testLoadTwice},
		{"Load_EventOfAnotherSubject_IsNotRecorded", testLoadEvents},
		{"Load_ThousandsOfKeys", testLoadMany},
		{"Load_Now_IsReadAfterTheLockWasHad", testLoadNow},
		{"TxEvents_BySubjectInOrderOfPosition_SubjectsWithoutEventsAreMissing", testTxEvents},
	}
}

func testLoadNothing(t *testing.T, open Open) {
	clock := testkit.NewClock(begin.Time())
	store := openedAt(t, open, clock.Now)
	initialise(t, store)
	Write(t, store, everything())
	Same(t, "what was loaded", load(t, store, storage.Load{}), &storage.Loaded{
		Head: head(3), Now: begin,
	})
}

func testLoadAll(t *testing.T, open Open) {
	clock := testkit.NewClock(instant(100).Time())
	store := openedAt(t, open, clock.Now)
	initialise(t, store)
	all := everything()
	Write(t, store, all)
	recorded := storage.EventRef{Subject: key(2), Key: eventKey(2)}
	got := load(t, store, storage.Load{
		Subjects: []storage.SubjectKey{key(1), key(3), key(7)},
		IDs:      []consent.SubjectID{id(2), id(7)},
		Events:   []storage.EventRef{recorded, {Subject: key(2), Key: eventKey(7)}, {Subject: key(7), Key: eventKey(1)}},
		Requests: [][32]byte{request(1, 0).ID, request(7, 0).ID},
	})
	Same(t, "what was loaded", got, &storage.Loaded{
		Head: head(3),
		Now:  instant(100),
		Subjects: map[storage.SubjectKey]storage.SubjectState{
			key(1): {Subject: all.Subjects[0], State: all.States[0]},
			key(3): {Subject: all.Subjects[2]},
		},
		States:   map[consent.SubjectID]storage.State{id(2): all.States[1]},
		Events:   map[storage.EventRef][]storage.BatchedAt{recorded: {{Position: 2, Batch: all.Records[1].Event.Batch}}},
		Requests: map[[32]byte]storage.Request{request(1, 0).ID: request(1, begin)}, // expired long ago
	})
}

func testLoadTwice(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	ref := storage.EventRef{Subject: key(1), Key: eventKey(1)}
	got := load(t, store, storage.Load{
		Subjects: []storage.SubjectKey{key(1), key(1)},
		IDs:      []consent.SubjectID{id(1), id(1)},
		Events:   []storage.EventRef{ref, ref},
		Requests: [][32]byte{request(1, 0).ID, request(1, 0).ID},
	})
	if len(got.Subjects) != 1 || len(got.States) != 1 || len(got.Events) != 1 || len(got.Requests) != 1 {
		t.Errorf("loaded %d subjects, %d states, %d events, %d requests, want 1 of each",
			len(got.Subjects), len(got.States), len(got.Events), len(got.Requests))
	}
}

func testLoadEvents(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	got := load(t, store, storage.Load{Events: []storage.EventRef{{Subject: key(1), Key: eventKey(2)}}})
	Same(t, "the events that are recorded", got.Events, map[storage.EventRef][]storage.BatchedAt{})
}

func testLoadMany(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	var what storage.Load
	what.Subjects = keys(0, 5000)
	for n := range 5000 {
		what.IDs = append(what.IDs, id(n))
		what.Events = append(what.Events, storage.EventRef{Subject: key(n), Key: eventKey(int64(n))})
		what.Requests = append(what.Requests, request(n, 0).ID)
	}
	got := load(t, store, what)
	if len(got.Subjects) != 3 || len(got.States) != 2 || len(got.Events) != 2 || len(got.Requests) != 2 {
		t.Errorf("loaded %d subjects, %d states, %d events, %d requests, want 3, 2, 2, 2",
			len(got.Subjects), len(got.States), len(got.Events), len(got.Requests))
	}
}

// Every write moves the clock while it has the lock. One that had read the clock before it had the lock would be too early.
func testLoadNow(t *testing.T, open Open) {
	clock := testkit.NewClock(begin.Time())
	store := openedAt(t, open, clock.Now)
	initialise(t, store)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards last, for the race detector: it does not know of locks in a database
	last := clock.Now().Add(-time.Second)
	for range 8 {
		wg.Go(func() {
			for range 10 {
				err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
					mu.Lock()
					defer mu.Unlock()
					if got, want := tx.Loaded().Now.Time(), last.Add(time.Second); !got.Equal(want) {
						t.Errorf("Now is %v, want %v", got, want)
					}
					last = tx.Loaded().Now.Time()
					clock.Advance(time.Second)
					return nil, nil
				})
				if err != nil {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func testTxEvents(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 3, 2, 1)
	err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		got, err := tx.Events(ctx, []consent.SubjectID{id(2), id(9), id(1), id(2)})
		NoError(t, "Events", err)
		Same(t, "the events", got, map[consent.SubjectID][][]byte{
			id(1): headers(record(1, 1), record(3, 1), record(6, 1)),
			id(2): headers(record(2, 2), record(5, 2)),
		})
		none, err := tx.Events(ctx, nil)
		NoError(t, "Events", err)
		Same(t, "the events of no subjects", none, map[consent.SubjectID][][]byte{})
		return nil, nil
	})
	NoError(t, "Write", err)
}
