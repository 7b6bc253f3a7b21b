package storagetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func followTests() []Test {
	return []Test{
		{"Follow_ReturnsTheHeadAndWhatChangedAfterTheMark", testFollow},
		{"Follow_NothingChanged_NoNewsAndTheHeadOfNow", testFollowQuiet},
		{"Follow_AtMostLimitEvents_TheMarkStaysBehind", testFollowLimit},
		{"Follow_RowsGoneOrChangedWithoutAnEvent_AreToldByTheirKeys", testFollowReread},
		{"Follow_RereadIsAlwaysTakenWhole_WhateverTheLimit", testFollowRereadLimit},
		{"Follow_SubjectThatChangedTwice_IsToldOnce", testFollowOnce},
		{"Follow_ConfirmationMails_AreLeftOut", testFollowMails},
		{"Follow_HeadBelowTheMark_NoNews", testFollowBelow},
		{"Follow_RevisionsNotKept_Reload", testFollowReload},
		{"Follow_RevisionsForgottenByAPurge_Reload", testPurgeFollowers},
		{"Follow_HeadLeavesAndStates_AreOfOneSnapshot", testFollowSnapshot},
		{"Follow_FromTheRangesOfEachState_MissesNothing", testFollowFromRanges},
		{"EachState_OfARange_EachSubjectInItOnce", testEachState},
		{"EachState_EachFails_ReturnsThatError", testEachStateFails},
		{"EachState_WithoutHead_ReturnsErrNotInitialised", testEachStateNoHead},
		{"EachState_ClosedOrCancelled_ReturnsItsError", testEachStateEnds},
	}
}

func byKey(states []storage.KeyedState) []storage.KeyedState {
	return slices.SortedFunc(slices.Values(states), func(a, b storage.KeyedState) int {
		return cmp.Or(cmp.Compare(a.Key.Form, b.Key.Form), bytes.Compare(a.Key.Digest[:], b.Key.Digest[:]))
	})
}

// wantNews wants the news after a mark, and returns the new one.
func wantNews(t testing.TB, store storage.Store, since storage.Mark, limit int, wantHead storage.Head, want storage.News) storage.Mark {
	t.Helper()
	h, news, err := store.Follow(t.Context(), since, limit)
	NoError(t, "Follow", err)
	Same(t, "the head", h, wantHead)
	news.States, want.States = byKey(news.States), byKey(want.States)
	Same(t, "the news", news, want)
	return news.Mark
}

func keyed(n int, position int64) storage.KeyedState {
	return storage.KeyedState{Key: key(n), Packed: state(n, position).Packed}
}

func leaves(records ...storage.Record) [][32]byte {
	var all [][32]byte
	for i := range records {
		all = append(all, records[i].LeafHash)
	}
	return all
}

// revised returns a head after the event at the position with another revision.
func revised(position, revision int64) storage.Head {
	h := head(position)
	h.Revision = revision
	return h
}

func mark(position int64) storage.Mark { h := head(position); return storage.MarkOf(&h) }

func testFollow(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{
		Head: head(4), Subjects: []storage.Subject{subject(1), subject(2), subject(4)}, States: []storage.State{state(1, 3), state(4, 4)},
		Records: []storage.Record{record(1, 1), record(2, 2), record(3, 1), catalogRecord(4)},
	})
	wantNews(t, store, storage.Mark{}, 10, head(4), storage.News{
		Mark: mark(4), Leaves: leaves(record(1, 1), record(2, 2), record(3, 1), catalogRecord(4)),
		States: []storage.KeyedState{keyed(1, 3), {Key: key(2)}},
	})
	wantNews(t, store, mark(2), 10, head(4), storage.News{
		Mark: mark(4), Leaves: leaves(record(3, 1), catalogRecord(4)), States: []storage.KeyedState{keyed(1, 3)},
	})
}

func testFollowQuiet(t *testing.T, open Open) {
	store := Initialised(t, open)
	wantNews(t, store, mark(0), 10, head(0), storage.News{Mark: mark(0)})
	Write(t, store, everything())
	for range 3 {
		wantNews(t, store, mark(3), 10, head(3), storage.News{Mark: mark(3)})
	}
	other := head(3)
	other.ClientsVersion++
	Write(t, store, &storage.Changes{Head: other})
	wantNews(t, store, mark(3), 10, other, storage.News{Mark: mark(3)})
	got, _, err := store.Follow(t.Context(), mark(3), 10)
	NoError(t, "Follow", err)
	got.Tree[0]++ // what was returned is the caller's
	wantNews(t, store, mark(3), 10, other, storage.News{Mark: mark(3)})
}

func testFollowLimit(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1)
	at := wantNews(t, store, mark(0), 2, head(3), storage.News{
		Mark: mark(2), Leaves: leaves(record(1, 1), record(2, 2)), States: []storage.KeyedState{keyed(1, 3), keyed(2, 2)},
	})
	wantNews(t, store, at, 0, head(3), storage.News{Mark: at})
	wantNews(t, store, at, -1, head(3), storage.News{Mark: at})
	wantNews(t, store, at, 2, head(3), storage.News{
		Mark: mark(3), Leaves: leaves(record(3, 1)), States: []storage.KeyedState{keyed(1, 3)},
	})
}

// tombstone is what is left of subject n.
func tombstone(n int) storage.Subject {
	return storage.Subject{Key: key(n), KeyVersion: 2, FoldVersion: 1, Erased: instant(1)}
}

func testFollowReread(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 4, 5)
	fresh := subject(4)
	fresh.ID = id(40)
	Write(t, store, &storage.Changes{
		Head: revised(4, 4), Subjects: []storage.Subject{tombstone(1), fresh}, DropSubjects: []storage.SubjectKey{key(2)},
		States: []storage.State{state(5, 9)}, Reread: []storage.SubjectKey{key(1), key(2), key(5), key(4), key(2), key(8)},
	})
	news := storage.News{Mark: storage.Mark{Position: 4, Revision: 4}, States: []storage.KeyedState{
		{Key: key(1), Gone: true}, {Key: key(2), Gone: true}, {Key: key(4)}, keyed(5, 9), {Key: key(8), Gone: true},
	}}
	wantNews(t, store, mark(4), 10, revised(4, 4), news)
	// The events before are of subjects to which nothing leads any more.
	news.Leaves = leaves(record(1, 1), record(2, 2), record(3, 4), record(4, 5))
	wantNews(t, store, storage.Mark{}, 10, revised(4, 4), news)
	wantNews(t, store, news.Mark, 10, revised(4, 4), storage.News{Mark: news.Mark})
	Write(t, store, &storage.Changes{Head: revised(4, 5), Reread: []storage.SubjectKey{key(5)}})
	wantNews(t, store, news.Mark, 10, revised(4, 5), storage.News{
		Mark: storage.Mark{Position: 4, Revision: 5}, States: []storage.KeyedState{keyed(5, 9)},
	})
}

func testFollowRereadLimit(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2)
	Write(t, store, &storage.Changes{
		Head: revised(2, 4), DropSubjects: []storage.SubjectKey{key(1)}, Reread: []storage.SubjectKey{key(1), key(4), key(5)},
	})
	Write(t, store, &storage.Changes{Head: revised(2, 5), Reread: []storage.SubjectKey{key(6)}})
	wantNews(t, store, mark(0), 0, revised(2, 5), storage.News{
		Mark: storage.Mark{Revision: 5}, States: []storage.KeyedState{
			{Key: key(1), Gone: true}, {Key: key(4), Gone: true}, {Key: key(5), Gone: true}, {Key: key(6), Gone: true},
		},
	})
}

func testFollowOnce(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 1)
	Write(t, store, &storage.Changes{Head: revised(2, 4), Reread: []storage.SubjectKey{key(1)}})
	Write(t, store, &storage.Changes{Head: revised(2, 5), Reread: []storage.SubjectKey{key(1)}})
	wantNews(t, store, mark(0), 10, revised(2, 5), storage.News{
		Mark: storage.Mark{Position: 2, Revision: 5}, Leaves: leaves(record(1, 1), record(2, 1)),
		States: []storage.KeyedState{keyed(1, 2)},
	})
}

func testFollowMails(t *testing.T, open Open) {
	store := Initialised(t, open)
	if key(3).Form != consent.FormMail {
		t.Fatal("subject 3 is no longer of mails")
	}
	appendAll(t, store, 3, 2)
	Write(t, store, &storage.Changes{Head: revised(2, 4), Reread: []storage.SubjectKey{key(3), key(7)}})
	wantNews(t, store, mark(0), 10, revised(2, 4), storage.News{
		Mark: storage.Mark{Position: 2, Revision: 4}, Leaves: leaves(record(1, 3), record(2, 2)),
		States: []storage.KeyedState{keyed(2, 2)},
	})
	Same(t, "all states", allStates(t, store), []storage.KeyedState{keyed(2, 2)})
}

func testFollowBelow(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2)
	Write(t, store, &storage.Changes{Head: revised(2, 5), Reread: []storage.SubjectKey{key(1)}})
	for _, since := range []storage.Mark{{Position: 3, Revision: 1}, {Position: 1, Revision: 6}, {Position: 9, Revision: 9}} {
		wantNews(t, store, since, 10, revised(2, 5), storage.News{Mark: since})
	}
}

func testFollowReload(t *testing.T, open Open) {
	const first = 3 // of the fixtures
	store := Initialised(t, open)
	appendAll(t, store, 1)
	Write(t, store, &storage.Changes{Head: revised(1, first+1), Reread: []storage.SubjectKey{key(2)}})
	Write(t, store, &storage.Changes{Head: revised(1, first+storage.RevisionsKept), Reread: []storage.SubjectKey{key(4)}})
	told := storage.News{
		Mark: storage.Mark{Position: 1, Revision: first + storage.RevisionsKept}, Leaves: leaves(record(1, 1)),
		States: []storage.KeyedState{keyed(1, 1), {Key: key(2), Gone: true}, {Key: key(4), Gone: true}},
	}
	wantNews(t, store, mark(0), 10, revised(1, first+storage.RevisionsKept), told)
	Write(t, store, &storage.Changes{Head: revised(1, first+1+storage.RevisionsKept), Reread: []storage.SubjectKey{key(6)}})
	wantNews(t, store, mark(0), 10, revised(1, first+1+storage.RevisionsKept), storage.News{Mark: mark(0), Reload: true})
	// A rebuild leaves no keys, and is far ahead at once.
	Write(t, store, &storage.Changes{Head: revised(1, first+2*(1+storage.RevisionsKept))})
	wantNews(t, store, told.Mark, 10, revised(1, first+2*(1+storage.RevisionsKept)), storage.News{Mark: told.Mark, Reload: true})
}

func testPurgeFollowers(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2)
	NoError(t, "Purge", store.Purge(t.Context()))
	wantNews(t, store, mark(2), 10, head(2), storage.News{Mark: mark(2)}) // there was nothing to forget
	Write(t, store, &storage.Changes{Head: revised(2, 4), DropSubjects: []storage.SubjectKey{key(1)}, Reread: []storage.SubjectKey{key(1)}})
	followed := storage.Mark{Position: 2, Revision: 4}
	NoError(t, "Purge", store.Purge(t.Context()))
	after := revised(2, 4+storage.RevisionsKept+1)
	wantNews(t, store, followed, 10, after, storage.News{Mark: followed, Reload: true})
	NoError(t, "Purge", store.Purge(t.Context()))
	wantNews(t, store, storage.MarkOf(&after), 10, after, storage.News{Mark: storage.MarkOf(&after)})
	wantNews(t, store, storage.Mark{Revision: after.Revision - 1}, 10, after, storage.News{ // the key is kept no longer
		Mark: storage.MarkOf(&after), Leaves: leaves(record(1, 1), record(2, 2)), States: []storage.KeyedState{keyed(2, 2)},
	})
}

// One writer adds an event and moves the states of four subjects on with it, one of them by its key alone.
func testFollowSnapshot(t *testing.T, open Open) {
	const steps = 100
	store := Initialised(t, open)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			h := head(0)
			for at := storage.MarkOf(&h); at.Position < steps; {
				h, news, err := store.Follow(t.Context(), at, 1000)
				if err != nil {
					t.Errorf("Follow: %v", err)
					return
				}
				if storage.MarkOf(&h) != news.Mark || int64(len(news.Leaves)) != h.Position-at.Position {
					t.Errorf("from %v to %v with %d leaves, the head stands at %d", at, news.Mark, len(news.Leaves), h.Position)
					return
				}
				if want := min(h.Position-at.Position, 1) * 2; int64(len(news.States)) != want {
					t.Errorf("%d states, want %d", len(news.States), want)
				}
				for _, s := range news.States {
					if s.Packed[3] != byte(h.Position) {
						t.Errorf("a state stands at %d, the head at %d", s.Packed[3], h.Position)
					}
				}
				at = news.Mark
			}
		})
	}
	for position := int64(1); position <= steps; position++ {
		Write(t, store, &storage.Changes{
			Head: revised(position, 3+position), Records: []storage.Record{record(position, 1)}, Reread: []storage.SubjectKey{key(2)},
			Subjects: []storage.Subject{subject(1), subject(2)}, States: []storage.State{state(1, position), state(2, position)},
		})
	}
	wg.Wait()
}

// statesIn returns the states of a range.
func statesIn(t testing.TB, store storage.Store, ids storage.IDRange) []storage.KeyedState {
	t.Helper()
	all := []storage.KeyedState{}
	of, err := store.EachState(t.Context(), ids, func(s storage.KeyedState) error {
		s.Packed = bytes.Clone(s.Packed)
		all = append(all, s)
		return nil
	})
	NoError(t, "EachState", err)
	now, err := store.Head(t.Context())
	NoError(t, "Head", err)
	Same(t, "the head", of, now)
	return byKey(all)
}

func allStates(t testing.TB, store storage.Store) []storage.KeyedState {
	t.Helper()
	return statesIn(t, store, storage.AllIDs())
}

// idsAfter returns the ids after that of one subject up to and with that of another. Those of the fixtures ascend.
func idsAfter(n, through int) storage.IDRange {
	return storage.IDRange{After: id(n), Through: id(through)}
}

func testFollowFromRanges(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 0, 1, 2, 4, 5)
	first, err := store.Head(t.Context())
	NoError(t, "Head", err)
	taken := map[storage.SubjectKey]string{}
	position, dropped := int64(5), false
	for _, n := range []int{4, 1, 5, 0, 2} { // ranges of one subject each, in another order than that of their ids
		for _, s := range statesIn(t, store, idsAfter(n-1, n)) {
			taken[s.Key] = string(s.Packed)
		}
		if dropped {
			continue
		}
		// What was read goes, another gets an id that lies in a range that was read, and all others change.
		dropped = true
		h := head(position)
		h.Revision++
		moved := subject(1)
		moved.ID = id(4)
		Write(t, store, &storage.Changes{
			Head: h, Subjects: []storage.Subject{moved}, DropSubjects: []storage.SubjectKey{key(4)}, Reread: []storage.SubjectKey{key(1), key(4)},
		})
		for _, n := range []int{0, 2, 5, 6} {
			position++
			h.Position = position
			Write(t, store, &storage.Changes{
				Head: h, Records: []storage.Record{record(position, n)}, Subjects: []storage.Subject{subject(n)},
				States: []storage.State{state(n, position)},
			})
		}
	}
	_, news, err := store.Follow(t.Context(), storage.MarkOf(&first), 100)
	NoError(t, "Follow", err)
	for _, s := range news.States {
		taken[s.Key] = string(s.Packed)
		if s.Gone {
			delete(taken, s.Key)
		}
	}
	want := map[storage.SubjectKey]string{}
	for _, s := range allStates(t, store) {
		want[s.Key] = string(s.Packed)
	}
	Same(t, "what was taken in", taken, want)
}

func testEachState(t *testing.T, open Open) {
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1), Subjects: []storage.Subject{tombstone(50)}}
	var want []storage.KeyedState
	for n := range 40 {
		changes.Subjects = append(changes.Subjects, subject(n))
		s := storage.KeyedState{Key: key(n)}
		if n%3 > 0 {
			changes.States = append(changes.States, state(n, 1))
			s = keyed(n, 1)
		}
		if s.Key.Form != consent.FormMail {
			want = append(want, s)
		}
	}
	Write(t, store, changes)
	Same(t, "all states", allStates(t, store), byKey(want))
	for _, c := range []struct {
		ids  storage.IDRange
		want []storage.KeyedState
	}{
		{idsAfter(3, 5), []storage.KeyedState{keyed(4, 1), keyed(5, 1)}},
		{idsAfter(5, 9), []storage.KeyedState{{Key: key(6)}, keyed(8, 1), {Key: key(9)}}}, // 7 is of mails
		{storage.IDRange{Through: id(0)}, []storage.KeyedState{{Key: key(0)}}},
		{storage.IDRange{After: id(37), Through: storage.AllIDs().Through}, []storage.KeyedState{keyed(38, 1)}},
		{idsAfter(5, 5), []storage.KeyedState{}},
		{idsAfter(5, 3), []storage.KeyedState{}},
	} {
		Same(t, "the states", statesIn(t, store, c.ids), byKey(c.want))
	}
}

func testEachStateFails(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 0, 4, 8)
	want, calls := errors.New("enough"), 0
	_, err := store.EachState(t.Context(), storage.AllIDs(), func(storage.KeyedState) error {
		if calls++; calls > 1 {
			return want
		}
		return nil
	})
	if err != want { //nolint:errorlint // The port promises that very error.
		t.Errorf("EachState returned the error %v, want %v itself", err, want)
	}
	Same(t, "calls", calls, 2)
	Same(t, "what is read after that", len(allStates(t, store)), 3)
}

func testEachStateNoHead(t *testing.T, open Open) {
	none := func(storage.KeyedState) error { return nil }
	if _, err := Opened(t, open).EachState(t.Context(), storage.AllIDs(), none); !errors.Is(err, storage.ErrNotInitialised) {
		t.Errorf("EachState returned the error %v, want ErrNotInitialised", err)
	}
}

func testEachStateEnds(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	none := func(storage.KeyedState) error { return nil }
	if _, err := store.EachState(ctx, storage.AllIDs(), none); !errors.Is(err, context.Canceled) {
		t.Errorf("EachState returned the error %v, want that of its context", err)
	}
	NoError(t, "Close", store.Close())
	if _, err := store.EachState(t.Context(), storage.AllIDs(), none); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("EachState returned the error %v, want ErrClosed", err)
	}
}
