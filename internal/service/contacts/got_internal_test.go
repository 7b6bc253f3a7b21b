package contacts

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// TestReader_ReadsTheContactsOfThePersons_HoweverManyLieBetweenThem reads parts of an audience from tables that are dense and sparse.
func TestReader_ReadsTheContactsOfThePersons_HoweverManyLieBetweenThem(t *testing.T) {
	sparse, dense := false, false
	rapid.Check(t, func(t *rapid.T) {
		digest := rapid.Custom(func(t *rapid.T) [32]byte { return [32]byte{rapid.ByteRange(0, 30).Draw(t, "person")} })
		var table []sendtable.Place
		for i, person := range rapid.SliceOfN(digest, 0, 60).Draw(t, "contacts") {
			table = append(table, sendtable.Place{Folded: person, Contact: campaign.Contact{Until: int64(i)}})
		}
		slices.SortStableFunc(table, func(x, y sendtable.Place) int { return compare(x.Folded, y.Folded) })
		in := func(wanted func([32]byte) bool) (rows []sendtable.Place) {
			for i := range table {
				if wanted(table[i].Folded) {
					rows = append(rows, table[i])
				}
			}
			return rows
		}
		r := Reader{
			limit: rapid.IntRange(1, 10).Draw(t, "limit"),
			of: func(_ context.Context, _ storage.TableReader, persons [][32]byte, found func(*sendtable.Place)) error {
				for _, row := range in(func(one [32]byte) bool { return slices.Contains(persons, one) }) {
					found(&row)
				}
				return nil
			},
			between: func(_ context.Context, _ storage.TableReader, first, last [32]byte, limit int, found func(*sendtable.Place)) error {
				rows := in(func(one [32]byte) bool { return compare(first, one) <= 0 && compare(one, last) <= 0 })
				for _, row := range rows[:min(limit, len(rows))] {
					found(&row)
				}
				return nil
			},
		}
		persons := rapid.SliceOfNDistinct(digest, 1, 20, rapid.ID[[32]byte]).Draw(t, "persons")
		slices.SortFunc(persons, compare)
		for part := range slices.Chunk(persons, 10) {
			got, err := r.places(t.Context(), part)
			if err != nil {
				t.Fatal(err)
			}
			want := in(func(one [32]byte) bool { return slices.Contains(part, one) })
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		}
		sparse, dense = sparse || r.sparse.Load(), dense || !r.sparse.Load() && len(table) > r.limit
	})
	if !sparse || !dense {
		t.Errorf("a sparse table was read: %t, a dense one %t", sparse, dense)
	}
}
