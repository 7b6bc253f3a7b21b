package tablestest

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func restatedTests() []storagetest.Test {
	return []storagetest.Test{{Name: "Restated_AreFoundByPosition_InPages_AndDroppedByBatch", Run: testRestated}}
}

func testRestated(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	a, b := consent.BatchID{1}, consent.BatchID{2}
	rows := []tables.Restated{
		{Batch: a, Positions: []int64{7}},
		{Batch: a, Positions: []int64{3, 4, 900}},
		{Batch: b, Positions: []int64{7}},
		{Batch: b, Positions: []int64{901, 1 << 40}},
	}
	for range 2 { // A row that is there already is not added.
		writeTables(t, store, storagetest.Each(tables.PutRestated, rows...)...)
	}
	in := func(first, last int64, limit int) (found [][]int64, of []consent.BatchID) {
		t.Helper()
		var after tables.Restated
		for {
			page, err := tables.RestatedIn(t.Context(), store, first, last, &after, limit)
			storagetest.NoError(t, "RestatedIn", err)
			for i := range page {
				found, of = append(found, page[i].Positions), append(of, page[i].Batch)
				if i > 0 && slices.Max(page[i].Positions) < slices.Max(page[i-1].Positions) {
					t.Errorf("%v comes after %v", page[i].Positions, page[i-1].Positions)
				}
			}
			if len(page) < limit {
				break
			}
			after = page[len(page)-1]
		}
		slices.SortStableFunc(found, slices.Compare)
		slices.SortFunc(of, func(a, b consent.BatchID) int { return slices.Compare(a[:], b[:]) })
		return found, of
	}
	for _, c := range []struct {
		first, last int64
		want        [][]int64
		of          []consent.BatchID
	}{
		{1, 2, nil, nil},
		{1, 3, [][]int64{{3, 4, 900}}, []consent.BatchID{a}},
		{7, 7, [][]int64{{3, 4, 900}, {7}, {7}}, []consent.BatchID{a, a, b}},
		{900, 901, [][]int64{{3, 4, 900}, {901, 1 << 40}}, []consent.BatchID{a, b}},
		{1 << 40, 1 << 41, [][]int64{{901, 1 << 40}}, []consent.BatchID{b}},
	} {
		for _, limit := range []int{1, 2, 10} {
			found, of := in(c.first, c.last, limit)
			storagetest.Same(t, "the positions", found, c.want)
			storagetest.Same(t, "their batches", of, c.of)
		}
	}
	writeTables(t, store, tables.DropRestated(a))
	for batch, want := range map[consent.BatchID]bool{a: false, b: true, {9}: false} {
		got, err := tables.Restates(t.Context(), store, batch)
		storagetest.NoError(t, "Restates", err)
		storagetest.Same(t, "a batch has rows", got, want)
	}
	found, _ := in(1, 1<<40, 10)
	storagetest.Same(t, "the rows of the other batch", found, [][]int64{{7}, {901, 1 << 40}})
}
