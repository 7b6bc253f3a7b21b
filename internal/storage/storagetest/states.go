package storagetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func statesTests() []Test {
	return []Test{
		{"States_ReturnsTheSubjectsThatExistWithTheirStates", testStates},
		{"States_NoKeys_ReturnNoneAndTheHead", testStatesNoKeys},
		{"States_NoSubjectMatches_ReturnsTheHead", testStatesNoMatch},
		{"States_KeyTwice_IsReturnedOnce", testStatesTwice},
		{"States_KeyOfAnotherForm_IsAnotherSubject", testStatesForm},
		{"States_DoesNotChangeTheKeysGiven", testStatesKeysKept},
		{"States_TwentyFiveThousandKeys", testStatesMany},
		{"States_HeadAndStates_AreOfOneSnapshot", testStatesSnapshot},
	}
}

func testStates(t *testing.T, open Open) {
	store := Initialised(t, open)
	tombstone := storage.Subject{Key: key(3), KeyVersion: 2, FoldVersion: 1, Erased: instant(1)}
	Write(t, store, &storage.Changes{
		Head:     head(4),
		Subjects: []storage.Subject{subject(1), subject(2), tombstone, subject(4)},
		States:   []storage.State{state(1, 1), state(4, 4)},
	})
	h, got := states(t, store, []storage.SubjectKey{key(9), key(3), key(2), key(1)})
	Same(t, "the head", h, head(4))
	Same(t, "the subjects", got, map[storage.SubjectKey]storage.SubjectState{
		key(1): {Subject: subject(1), State: state(1, 1)},
		key(2): {Subject: subject(2)},
		key(3): {Subject: tombstone},
	})
}

func testStatesNoKeys(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	h, got := states(t, store, nil)
	Same(t, "the head", h, head(3))
	Same(t, "the subjects", got, map[storage.SubjectKey]storage.SubjectState{})
}

func testStatesNoMatch(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	h, got := states(t, store, keys(5, 9))
	Same(t, "the head", h, head(3))
	Same(t, "the subjects", got, map[storage.SubjectKey]storage.SubjectState{})
}

func testStatesTwice(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	_, got, err := store.States(t.Context(), []storage.SubjectKey{key(1), key(2), key(1), key(1)})
	NoError(t, "States", err)
	if len(got) != 2 {
		t.Errorf("got %d subjects for two keys, one of them given three times", len(got))
	}
}

func testStatesForm(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	other := key(1)
	other.Form++
	_, got := states(t, store, []storage.SubjectKey{other})
	Same(t, "the subjects", got, map[storage.SubjectKey]storage.SubjectState{})
}

func testStatesKeysKept(t *testing.T, open Open) {
	store := Initialised(t, open)
	given := []storage.SubjectKey{key(5), key(1), key(5), key(2), key(0)}
	before := slices.Clone(given)
	_, _, err := store.States(t.Context(), given)
	NoError(t, "States", err)
	Same(t, "the keys given", given, before)
}

func testStatesMany(t *testing.T, open Open) {
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1)}
	for n := 0; n < 25_000; n += 50 {
		changes.Subjects = append(changes.Subjects, subject(n))
		changes.States = append(changes.States, state(n, 1))
	}
	Write(t, store, changes)
	_, got := states(t, store, keys(0, 25_000))
	if len(got) != len(changes.Subjects) {
		t.Fatalf("got %d subjects, want %d", len(got), len(changes.Subjects))
	}
	for i := range changes.Subjects {
		Same(t, "a subject", got[changes.Subjects[i].Key],
			storage.SubjectState{Subject: changes.Subjects[i], State: changes.States[i]})
	}
}

// One writer moves the head and the states of four subjects on together. No reader may see them apart.
func testStatesSnapshot(t *testing.T, open Open) {
	store := Initialised(t, open)
	step := func(position int64) {
		changes := &storage.Changes{Head: head(position)}
		for n := range 4 {
			changes.Subjects = append(changes.Subjects, subject(n))
			changes.States = append(changes.States, state(n, position))
		}
		Write(t, store, changes)
	}
	step(1)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				if err := atOnePosition(t, store); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for position := range int64(100) {
		step(position + 2)
	}
	close(done)
	wg.Wait()
}

func atOnePosition(t *testing.T, store storage.Store) error {
	h, subjects, err := store.States(t.Context(), keys(0, 4))
	if err != nil {
		return fmt.Errorf("read the states: %w", err)
	}
	if len(subjects) != 4 {
		return fmt.Errorf("got %d subjects, want 4", len(subjects))
	}
	for i := range subjects {
		if got := subjects[i].State.Position; got != h.Position {
			return fmt.Errorf("a state stands at %d, the head at %d", got, h.Position)
		}
	}
	return nil
}
