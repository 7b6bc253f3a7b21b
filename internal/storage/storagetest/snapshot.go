package storagetest

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
)

func snapshotTests() []Test {
	return []Test{
		{"Hashes_OfThePositionsThatExist_EachOnce", testHashes},
		{"Hashes_NoPositions_ReturnNoneAndTheHead", testHashesOfNone},
		{"Snapshot_Rows_AreTheColumnsAsTheyStand", testSnapshotRows},
		{"Snapshot_Rows_Page_ByPositionAndLimit", testSnapshotRowPages},
		{"Snapshot_Subjects_WithStatesAndHeaders_InOrder", testSnapshotSubjects},
		{"Snapshot_CatalogsAndRefs_AllInOrder", testSnapshotLists},
		{"Snapshot_StaysTheSameWhileOthersWrite", testSnapshotStays},
		{"Snapshot_ErrorOfRead_IsGivenBackAsItIs", testSnapshotError},
		{"Snapshot_CalledAfterItsEnd_IsAnError", testSnapshotEnded},
		{"Snapshot_CancelledBetweenPages_ReturnsItsError", testSnapshotCancelled},
		{"Snapshot_CloseBetweenPages_ReturnsErrClosed", testSnapshotClosed},
	}
}

// reads reads a snapshot of the store.
func reads(t *testing.T, store storage.Store, read func(s storage.Snapshot)) {
	t.Helper()
	NoError(t, "Snapshot", store.Snapshot(t.Context(), func(_ context.Context, s storage.Snapshot) error {
		read(s)
		return nil
	}))
}

// rowOf returns a record as its columns hold it.
func rowOf(r storage.Record) storage.Row {
	row := storage.Row{
		Position: r.Event.Position, Subject: r.Event.Subject[:], Key: r.Event.Key[:], Kind: int64(r.Event.Kind),
		Recorded: int64(r.Event.Recorded), Occurred: int64(r.Event.Occurred), Actor: r.Event.Actor, Header: r.Header,
		Evidence: r.Evidence, LeafHash: r.LeafHash[:], TreeHashes: r.TreeHashes,
	}
	if r.Event.Batch != (consent.BatchID{}) {
		row.Batch = r.Event.Batch[:]
	}
	return row
}

func testHashes(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	h, got, err := store.Hashes(t.Context(), []int64{3, 9, 1, 3, -5, 0})
	NoError(t, "Hashes", err)
	Same(t, "the head", h, head(3))
	first, third := record(1, 1), catalogRecord(3)
	Same(t, "the hashes", got, map[int64]ledger.NodeHashes{
		1: {Leaf: first.LeafHash, Tree: first.TreeHashes}, 3: {Leaf: third.LeafHash},
	})
}

func testHashesOfNone(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	h, got, err := store.Hashes(t.Context(), nil)
	NoError(t, "Hashes", err)
	Same(t, "the head", h, head(3))
	Same(t, "the hashes", got, map[int64]ledger.NodeHashes{})
}

func testSnapshotRows(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	reads(t, store, func(s storage.Snapshot) {
		Same(t, "the head", s.Head(), head(3))
		rows, err := s.Rows(t.Context(), math.MinInt64, 10)
		NoError(t, "Rows", err)
		Same(t, "the rows", rows, []storage.Row{rowOf(record(1, 1)), rowOf(record(2, 2)), rowOf(catalogRecord(3))})
	})
}

func testSnapshotRowPages(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(7), Records: []storage.Record{
		record(-2, 1), record(1, 1), record(2, 1), record(5, 1), record(7, 1),
	}})
	reads(t, store, func(s storage.Snapshot) {
		for _, c := range []struct {
			after int64
			limit int
			want  []int64
		}{
			{math.MinInt64, 2, []int64{-2, 1}},
			{1, 2, []int64{2, 5}},
			{5, 9, []int64{7}},
			{7, 9, nil},
			{0, 0, nil},
			{0, 9, []int64{1, 2, 5, 7}},
		} {
			rows, err := s.Rows(t.Context(), c.after, c.limit)
			NoError(t, "Rows", err)
			var got []int64
			for i := range rows {
				got = append(got, rows[i].Position)
			}
			Same(t, "the positions", got, c.want)
		}
	})
}

func testSnapshotSubjects(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{
		Head:    head(5),
		Records: []storage.Record{record(1, 2), record(2, 1), catalogRecord(3), record(4, 2), record(5, 4)},
		States:  []storage.State{state(2, 4), state(3, 1), state(4, 5)},
	})
	want := []storage.SubjectHistory{
		{ID: id(1), Headers: headers(record(2, 1))},
		{ID: id(2), State: state(2, 4), Headers: headers(record(1, 2), record(4, 2))},
		{ID: id(3), State: state(3, 1)},
		{ID: id(4), State: state(4, 5), Headers: headers(record(5, 4))},
	}
	reads(t, store, func(s storage.Snapshot) {
		for _, c := range []struct {
			after consent.SubjectID
			limit int
			want  []storage.SubjectHistory
		}{
			{consent.SubjectID{}, 9, want}, {consent.SubjectID{}, 2, want[:2]}, {id(2), 9, want[2:]}, {id(4), 9, nil}, {id(1), 0, nil},
		} {
			got, err := s.Subjects(t.Context(), c.after, c.limit)
			NoError(t, "Subjects", err)
			Same(t, "the subjects", got, c.want)
		}
	})
}

func testSnapshotLists(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	reads(t, store, func(s storage.Snapshot) {
		catalogs, err := s.Catalogs(t.Context())
		NoError(t, "Catalogs", err)
		Same(t, "the catalogs", catalogs, []storage.Catalog{catalog(1), catalog(2)})
		refs, err := s.Refs(t.Context())
		NoError(t, "Refs", err)
		Same(t, "the references", refs, []storage.Ref{ref(1), ref(2)})
	})
}

func testSnapshotStays(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1)
	reads(t, store, func(s storage.Snapshot) {
		appendAll(t, store, 1, 2)
		rows, err := s.Rows(t.Context(), 0, 10)
		NoError(t, "Rows", err)
		appendAll(t, store, 2)
		subjects, err := s.Subjects(t.Context(), consent.SubjectID{}, 10)
		NoError(t, "Subjects", err)
		if s.Head().Position != 1 || len(rows) != 1 || len(subjects) != 1 || subjects[0].State.Position != 1 {
			t.Errorf("the head is at %d, with %d rows and %d subjects; want one of each", s.Head().Position, len(rows), len(subjects))
		}
	})
	reads(t, store, func(s storage.Snapshot) { Same(t, "the head afterwards", s.Head(), head(4)) })
}

func testSnapshotError(t *testing.T, open Open) {
	store := Initialised(t, open)
	want := errors.New("enough")
	err := store.Snapshot(t.Context(), func(context.Context, storage.Snapshot) error { return want })
	if err != want { //nolint:errorlint // As it is, not wrapped.
		t.Errorf("Snapshot returned the error %v, want %v", err, want)
	}
	appendAll(t, store, 1)
}

func testSnapshotEnded(t *testing.T, open Open) {
	store := Initialised(t, open)
	var kept storage.Snapshot
	reads(t, store, func(s storage.Snapshot) { kept = s })
	if _, err := kept.Rows(t.Context(), 0, 1); err == nil {
		t.Error("the rows of a snapshot that has ended were read")
	}
}

func testSnapshotCancelled(t *testing.T, open Open) {
	store := Initialised(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	err := store.Snapshot(ctx, func(ctx context.Context, s storage.Snapshot) error {
		cancel()
		_, err := s.Rows(ctx, 0, 1)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot returned the error %v, want that of its context", err)
	}
	appendAll(t, store, 1)
}

// Close may wait for the snapshot, or end it; the snapshot sees it with one of its next pages.
func testSnapshotClosed(t *testing.T, open Open) {
	store := Initialised(t, open)
	closed := make(chan error, 1)
	err := store.Snapshot(t.Context(), func(ctx context.Context, s storage.Snapshot) error {
		go func() { closed <- store.Close() }()
		for {
			if _, err := s.Rows(ctx, 0, 1); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Snapshot returned the error %v, want ErrClosed", err)
	}
	NoError(t, "Close", <-closed)
}
