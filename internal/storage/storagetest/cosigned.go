package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func cosignedTests() []Test {
	return []Test{
		{"MergeCosigned_GetsWhatIsStoredOfTheSize_AndStoresWhatItReturns", testMergeCosigned},
		{"MergeCosigned_AtOnce_LosesNone", testMergeCosignedAtOnce},
		{"MergeCosigned_ErrorOfMerge_IsGivenBackAndNothingStored", testMergeCosignedError},
		{"LatestCosigned_OfTheLargestSize_OrNone", testLatestCosigned},
		{"Snapshot_Cosigned_Page_BySizeAndLimit", testSnapshotCosigned},
	}
}

// cosigned stores a note of a size.
func cosigned(t *testing.T, store storage.Store, size int64, note string) {
	t.Helper()
	NoError(t, "MergeCosigned", tables.MergeCosigned(t.Context(), store, size, func(string) (string, error) { return note, nil }))
}

func testMergeCosigned(t *testing.T, open Open) {
	store := Initialised(t, open)
	var got []string
	for _, c := range []struct {
		size int64
		note string
	}{{5, "a"}, {5, "a\nGrüße"}, {6, "c"}, {5, "d"}} {
		NoError(t, "MergeCosigned", tables.MergeCosigned(t.Context(), store, c.size, func(stored string) (string, error) {
			got = append(got, stored)
			return c.note, nil
		}))
	}
	Same(t, "what merge was given", got, []string{"", "a", "", "a\nGrüße"})
}

func testMergeCosignedAtOnce(t *testing.T, open Open) {
	store := Initialised(t, open)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() {
			errs[n] = tables.MergeCosigned(t.Context(), store, 1, func(stored string) (string, error) {
				return fmt.Sprintf("%s[%d]", stored, n), nil
			})
		})
	}
	wg.Wait()
	_, latest, err := tables.LatestCosigned(t.Context(), store)
	NoError(t, "LatestCosigned", err)
	for n := range errs {
		NoError(t, "MergeCosigned", errs[n])
		if !strings.Contains(latest.Note, fmt.Sprintf("[%d]", n)) {
			t.Errorf("%q lacks what %d added", latest.Note, n)
		}
	}
}

func testMergeCosignedError(t *testing.T, open Open) {
	store := Initialised(t, open)
	want := errors.New("no")
	if err := tables.MergeCosigned(t.Context(), store, 1, func(string) (string, error) { return "x", want }); err != want { //nolint:errorlint // As it is, not wrapped.
		t.Errorf("MergeCosigned returned the error %v, want %v", err, want)
	}
	_, latest, err := tables.LatestCosigned(t.Context(), store)
	NoError(t, "LatestCosigned", err)
	Same(t, "the latest", latest, tables.CosignedCheckpoint{})
	cosigned(t, store, 1, "y") // The lock was given back.
}

func testLatestCosigned(t *testing.T, open Open) {
	store := Initialised(t, open)
	h, got, err := tables.LatestCosigned(t.Context(), store)
	NoError(t, "LatestCosigned", err)
	Same(t, "the head", h, head(0))
	Same(t, "the latest of none", got, tables.CosignedCheckpoint{})
	cosigned(t, store, 20, "twenty")
	cosigned(t, store, 3, "three")
	_, got, err = tables.LatestCosigned(t.Context(), store)
	NoError(t, "LatestCosigned", err)
	Same(t, "the latest", got, tables.CosignedCheckpoint{Size: 20, Note: "twenty"})
}

func testSnapshotCosigned(t *testing.T, open Open) {
	store := Initialised(t, open)
	for _, size := range []int64{7, -2, 3} {
		cosigned(t, store, size, fmt.Sprint(size))
	}
	reads(t, store, func(s storage.Snapshot) {
		cosigned(t, store, 9, "later")
		for _, c := range []struct {
			after int64
			limit int
			want  []int64
		}{{math.MinInt64, 9, []int64{-2, 3, 7}}, {-2, 1, []int64{3}}, {7, 9, nil}, {0, 0, nil}} {
			page, err := tables.Cosigned(context.WithoutCancel(t.Context()), s, c.after, c.limit)
			NoError(t, "Cosigned", err)
			var got []int64
			for _, row := range page {
				got = append(got, row.Size)
				Same(t, "the note", row.Note, fmt.Sprint(row.Size))
			}
			Same(t, "the sizes", got, c.want)
		}
	})
}
