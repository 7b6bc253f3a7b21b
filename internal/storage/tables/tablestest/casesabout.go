package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

func caseAboutTests() []storagetest.Test {
	return []storagetest.Test{{Name: "CasesAbout_APersonByOneWay_LastFirst", Run: testCasesAbout}}
}

func testCasesAbout(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, mailed, other, blank := caseOf(1), caseOf(2), caseOf(3), caseOf(4), caseOf(5), caseOf(6)
	for _, c := range []*casetable.Case{&first, &second, &third, &other, &blank} {
		c.Origin = "page"
	}
	second.State, second.Closed = casetable.StateClosed, instant(70)
	other.Folded = append([]byte{1}, other.Folded[1:]...)
	blank.Folded = nil
	putCases(t, store, second, first, mailed, third, other, blank)
	want := func(store storage.Store, limit int, want ...casetable.Case) {
		t.Helper()
		rows, err := casetable.CasesAbout(t.Context(), store, [32]byte{}, "page", limit)
		storagetest.NoError(t, "CasesAbout", err)
		storagetest.Same(t, "the cases", rows, want)
	}
	want(store, 10, third, second, first)
	want(store, 2, third, second)
	want(store, 0)
	writeTables(t, store, casetable.BlankCasesAbout([32]byte{})...)
	want(store, 10)
}
