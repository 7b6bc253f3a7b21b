package storagetest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func listTests() []Test {
	return []Test{
		{"SubjectIDs_InOrder_OfEventsAndOfStates_EachOnce", testSubjectIDs},
		{"SubjectIDs_Page", testSubjectIDsPages},
		{"SubjectIDs_WithoutNobody", testSubjectIDsNobody},
		{"SubjectsIn_ARange_InOrderOfIDs_WithTheirStates", testSubjectsIn},
		{"SubjectsByID_EachOnce_WithoutTheirStates", testSubjectsByID},
		{"SubjectsIn_SeveralOfOneID_AreInOnePage", testSubjectsInSameID},
		{"Catalogs_GreaterThanAfter_ByVersion", testCatalogs},
		{"Refs_GreaterThanAfter_ByNumber", testRefs},
		{"Clients_ById", testClients},
	}
}

// withSubjects has subjects 1, 3 and 5 with events and 2, 3 and 6 with states.
func withSubjects(t *testing.T, open Open) storage.Store {
	t.Helper()
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{
		Head:    head(5),
		Records: []storage.Record{record(1, 5), record(2, 1), record(3, 3), record(4, 1), catalogRecord(5)},
		States:  []storage.State{state(6, 1), state(3, 3), state(2, 2)},
	})
	return store
}

func testSubjectIDs(t *testing.T, open Open) {
	store := withSubjects(t, open)
	got, err := store.SubjectIDs(t.Context(), consent.SubjectID{}, 100)
	NoError(t, "SubjectIDs", err)
	Same(t, "the ids", got, []consent.SubjectID{id(1), id(2), id(3), id(5), id(6)})
}

func testSubjectIDsPages(t *testing.T, open Open) {
	store := withSubjects(t, open)
	var got []consent.SubjectID
	for after := (consent.SubjectID{}); ; {
		page, err := store.SubjectIDs(t.Context(), after, 2)
		NoError(t, "SubjectIDs", err)
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Fatalf("a page of at most 2 has %d ids", len(page))
		}
		got = append(got, page...)
		after = page[len(page)-1]
	}
	Same(t, "the ids of all pages", got, []consent.SubjectID{id(1), id(2), id(3), id(5), id(6)})
	none, err := store.SubjectIDs(t.Context(), consent.SubjectID{}, 0)
	NoError(t, "SubjectIDs", err)
	Same(t, "at most none", none, []consent.SubjectID{})
}

func testSubjectIDsNobody(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(1), Records: []storage.Record{catalogRecord(1)}})
	got, err := store.SubjectIDs(t.Context(), consent.SubjectID{}, 10)
	NoError(t, "SubjectIDs", err)
	Same(t, "the ids", got, []consent.SubjectID{})
}

func testSubjectsIn(t *testing.T, open Open) {
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1), Subjects: []storage.Subject{tombstone(50)}}
	of := map[int]storage.SubjectState{}
	for _, n := range []int{7, 2, 9, 4, 1} { // in another order than that of their ids, and of each form
		changes.Subjects = append(changes.Subjects, subject(n))
		s := storage.SubjectState{Subject: subject(n)}
		if n != 4 {
			s.State = state(n, 1)
			changes.States = append(changes.States, s.State)
		}
		of[n] = s
	}
	changes.States = append(changes.States, state(3, 1)) // that nothing leads to
	Write(t, store, changes)
	for _, c := range []struct {
		ids   storage.IDRange
		limit int
		want  []int
	}{
		{storage.AllIDs(), 10, []int{1, 2, 4, 7, 9}},
		{storage.AllIDs(), 5, []int{1, 2, 4, 7, 9}},
		{storage.AllIDs(), 2, []int{1, 2}},
		{idsAfter(2, 9), 2, []int{4, 7}},
		{idsAfter(2, 9), 3, []int{4, 7, 9}},
		{idsAfter(2, 8), 9, []int{4, 7}},
		{idsAfter(9, 60), 9, nil},
		{idsAfter(5, 3), 9, nil},
		{storage.AllIDs(), 0, nil},
		{storage.AllIDs(), -1, nil},
	} {
		var want []storage.SubjectState
		for _, n := range c.want {
			want = append(want, of[n])
		}
		h, got, err := store.SubjectsIn(t.Context(), c.ids, c.limit)
		NoError(t, "SubjectsIn", err)
		Same(t, "the subjects", got, want)
		Same(t, "the head", h, head(1))
	}
}

func testSubjectsByID(t *testing.T, open Open) {
	store := Initialised(t, open)
	twin := subject(4)
	twin.ID = id(2)
	Write(t, store, &storage.Changes{
		Head: head(1), Subjects: []storage.Subject{subject(1), subject(2), subject(3), twin, tombstone(50)}, States: []storage.State{state(1, 1)},
	})
	h, got, err := store.SubjectsByID(t.Context(), []consent.SubjectID{id(2), id(77), id(1), id(2), {}})
	NoError(t, "SubjectsByID", err)
	want := []storage.Subject{subject(1), subject(2), twin}
	for _, list := range [][]storage.Subject{got, want} {
		slices.SortFunc(list, func(a, b storage.Subject) int { return bytes.Compare(a.Key.Digest[:], b.Key.Digest[:]) })
	}
	Same(t, "the subjects", got, want)
	Same(t, "the head", h, head(1))
	h, got, err = store.SubjectsByID(t.Context(), nil)
	NoError(t, "SubjectsByID of none", err)
	Same(t, "the subjects", got, []storage.Subject(nil))
	Same(t, "the head", h, head(1))
}

func testSubjectsInSameID(t *testing.T, open Open) {
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1)}
	for _, n := range []int{1, 2, 3, 4} {
		s := subject(n)
		if n == 3 {
			s.ID = id(2)
		}
		changes.Subjects = append(changes.Subjects, s)
	}
	Write(t, store, changes)
	_, got, err := store.SubjectsIn(t.Context(), storage.AllIDs(), 2)
	NoError(t, "SubjectsIn", err)
	found := map[storage.SubjectKey]bool{}
	for i := range got {
		found[got[i].Key] = true
	}
	Same(t, "the keys", found, map[storage.SubjectKey]bool{key(1): true, key(2): true, key(3): true})
}

func testCatalogs(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(1), Catalogs: []storage.Catalog{catalog(3), catalog(1), catalog(2)}})
	for _, c := range []struct {
		after int64
		want  []storage.Catalog
	}{
		{0, []storage.Catalog{catalog(1), catalog(2), catalog(3)}}, {2, []storage.Catalog{catalog(3)}}, {3, nil},
	} {
		h, got, err := store.Catalogs(t.Context(), c.after)
		NoError(t, "Catalogs", err)
		Same(t, "the catalogs", got, c.want)
		Same(t, "the head", h, head(1))
	}
}

func testRefs(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(1), Refs: []storage.Ref{ref(3), ref(1), ref(2)}})
	for _, c := range []struct {
		after int32
		want  []storage.Ref
	}{
		{0, []storage.Ref{ref(1), ref(2), ref(3)}}, {2, []storage.Ref{ref(3)}}, {3, nil},
	} {
		h, got, err := store.Refs(t.Context(), c.after)
		NoError(t, "Refs", err)
		Same(t, "the references", got, c.want)
		Same(t, "the head", h, head(1))
	}
}

func testClients(t *testing.T, open Open) {
	store := Initialised(t, open)
	revoked := client("b")
	revoked.Revoked, revoked.Scopes, revoked.AllDepartments, revoked.Department = instant(1), nil, false, ""
	revoked.KeyExpires, revoked.PriorHash, revoked.PriorExpires = instant(2), digest("prior", 0), instant(3)
	Write(t, store, &storage.Changes{
		Head: head(1), Tables: Each(tables.PutClient, client("a_c"), revoked, client("Z"), client("a-b"), client("a")),
	})
	h, got, err := tables.Clients(t.Context(), store)
	NoError(t, "Clients", err)
	Same(t, "the clients", got, []tables.Client{client("Z"), client("a"), client("a-b"), client("a_c"), revoked})
	Same(t, "the head", h, head(1))
}
