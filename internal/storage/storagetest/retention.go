package storagetest

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func retentionTests() []Test {
	return []Test{
		{"Outlines_AfterThePosition_ByPosition_AtMostLimit", testOutlines},
		{"DisclosuresBefore_CountsDaysBeforeTheDay", testDisclosuresBefore},
		{"Write_DropSubjects_DeletesTheRowsOnly", testDropSubjects},
		{"Write_DropClaims_DeletesThem", testDropClaims},
	}
}

func testOutlines(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(3), Records: []storage.Record{record(1, 1), record(2, 2), catalogRecord(3)}})
	Write(t, store, &storage.Changes{Head: head(3), DropEvidence: []int64{1}})
	all := []storage.Outline{
		{Position: 1, Subject: id(1), Kind: consent.KindGrant, Occurred: instant(1) - 500_000},
		{Position: 2, Subject: id(2), Kind: consent.KindGrant, Occurred: instant(2) - 500_000, Evidence: true},
		{Position: 3, Kind: consent.KindCatalog, Occurred: instant(3)},
	}
	for _, c := range []struct {
		after int64
		limit int
		want  []storage.Outline
	}{{0, 10, all}, {1, 1, all[1:2]}, {3, 10, nil}, {0, 0, nil}} {
		got, err := store.Outlines(t.Context(), c.after, c.limit)
		NoError(t, "Outlines", err)
		Same(t, "the outlines", got, c.want)
	}
}

func testDisclosuresBefore(t *testing.T, open Open) {
	store := people(t, open, 4)
	add(t, store, 1, learnt(3, 7, 5), learnt(2, 8, 1), learnt(1, 9, 1))
	for _, c := range []struct{ before, n, earliest int64 }{{7, 0, 0}, {9, 2, 7}, {10, 3, 7}} {
		n, earliest, err := store.DisclosuresBefore(t.Context(), c.before, nil)
		NoError(t, "DisclosuresBefore", err)
		Same(t, "how many and from when", []int64{n, earliest}, []int64{c.n, c.earliest})
	}
}

func testDropSubjects(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	Write(t, store, &storage.Changes{Head: head(3), DropSubjects: []storage.SubjectKey{key(1), key(7)}})
	_, left := states(t, store, keys(0, 10))
	if _, there := left[key(1)]; there || len(left) != 2 {
		t.Errorf("left are %v", left)
	}
	_, records, err := store.Ledger(t.Context(), 0, 10)
	NoError(t, "Ledger", err)
	Same(t, "the ledger", records, everything().Records)
	loaded := load(t, store, storage.Load{IDs: []consent.SubjectID{id(1)}})
	Same(t, "the state", loaded.States[id(1)], state(1, 1))
}

func testDropClaims(t *testing.T, open Open) {
	store := Initialised(t, open)
	claim := func(n byte) tables.Claim {
		return tables.Claim{ID: [16]byte{n}, Until: instant(int64(n)), Sealed: []byte{n}}
	}
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(tables.AddClaim, claim(1), claim(2), claim(3))})
	Write(t, store, &storage.Changes{Head: head(1), Tables: []storage.Statement{
		tables.DropClaim([16]byte{1}), tables.DropClaim([16]byte{3}), tables.DropClaim([16]byte{9}),
	}})
	got, err := tables.Claims(t.Context(), store, [16]byte{}, 10)
	NoError(t, "Claims", err)
	Same(t, "the claims", got, []tables.Claim{claim(2)})
}
