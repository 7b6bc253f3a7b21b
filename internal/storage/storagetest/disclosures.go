package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func disclosureTests() []test {
	return []test{
		{"AddDisclosures_AddsToWhatIsCounted", testDisclosuresAdd},
		{"AddDisclosures_GivenTwice_CountedTwice", testDisclosuresTwice},
		{"AddDisclosures_SameID_CountedOnce", testDisclosuresOnce},
		{"AddDisclosures_SameIDAfterItExpired_CountedAgain", testDisclosuresExpired},
		{"AddDisclosures_TwoThousand_AreCounted", testDisclosuresMany},
		{"AddDisclosures_AtOnce_AllAreCounted", testDisclosuresAtOnce},
		{"AddDisclosures_WhileTheHeadIsLocked_WaitsForNothingButTheDatabase", testDisclosuresUnlocked},
		{"AddDisclosures_AfterReopening_AreThere", testDisclosuresDurable},
		{"Disclosures_BySubjectDayClientChannel_OfTheSubjectsOnly", testDisclosuresOrder},
		{"DeleteDisclosures_BeforeTheDay_TheEarliestFirst_AtMostLimit", testDisclosuresDelete},
		{"DeleteDisclosures_OfSubjectsInExcept_AreLeftAlone", testDisclosuresExcept},
		{"Write_ForgetDisclosures_DeletesThoseOfTheSubjects", testDisclosuresForget},
	}
}

func disclosure(n int, day, count int64) storage.Disclosure {
	return storage.Disclosure{Subject: id(n), Day: day, Client: "shop", Channel: "newsletter", Count: count}
}

// add adds disclosures under the n-th id.
func add(t testing.TB, store storage.Store, n int, counts ...storage.Disclosure) {
	t.Helper()
	noError(t, "AddDisclosures", store.AddDisclosures(t.Context(), digest("addition", n), begin, counts))
}

// disclosed checks what is counted for the subjects 0 to 9.
func disclosed(t testing.TB, store storage.Store, want ...storage.Disclosure) {
	t.Helper()
	var ids []consent.SubjectID
	for n := range 10 {
		ids = append(ids, id(9-n))
	}
	got, err := store.Disclosures(t.Context(), ids)
	noError(t, "Disclosures", err)
	same(t, "the disclosures", got, want)
}

func testDisclosuresAdd(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(1, 5, 2), disclosure(2, 5, 1))
	add(t, store, 2, disclosure(1, 5, 1<<40), disclosure(1, 6, 7))
	add(t, store, 3)
	disclosed(t, store, disclosure(1, 5, 1<<40+2), disclosure(1, 6, 7), disclosure(2, 5, 1))
	hold(t, store, &storage.Changes{Head: head(0)})
}

func testDisclosuresTwice(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(2, 5, 1), disclosure(1, 5, 2), disclosure(2, 5, 3))
	disclosed(t, store, disclosure(1, 5, 2), disclosure(2, 5, 4))
}

func testDisclosuresOnce(t *testing.T, open Open) {
	store := initialised(t, open)
	for range 3 {
		add(t, store, 1, disclosure(1, 5, 2))
	}
	add(t, store, 1, disclosure(2, 5, 2))
	disclosed(t, store, disclosure(1, 5, 2))
}

func testDisclosuresExpired(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(1, 5, 2))
	n, err := store.DeleteExpiredRequests(t.Context(), begin-1, 10)
	noError(t, "DeleteExpiredRequests", err)
	same(t, "how many had expired", n, 0)
	add(t, store, 1, disclosure(1, 5, 2))
	n, err = store.DeleteExpiredRequests(t.Context(), begin, 10)
	noError(t, "DeleteExpiredRequests", err)
	same(t, "how many had expired", n, 1)
	add(t, store, 1, disclosure(1, 5, 2))
	disclosed(t, store, disclosure(1, 5, 4))
}

func testDisclosuresMany(t *testing.T, open Open) {
	store := initialised(t, open)
	var counts []storage.Disclosure
	var ids []consent.SubjectID
	for n := range 2000 {
		counts = append(counts, disclosure(n, 5, int64(n)+1))
		ids = append(ids, id(n))
	}
	add(t, store, 1, counts...)
	got, err := store.Disclosures(t.Context(), ids)
	noError(t, "Disclosures", err)
	same(t, "the disclosures", got, counts)
}

// Every writer adds to the same rows in an order of its own, which must neither lose counts nor end in a deadlock.
func testDisclosuresAtOnce(t *testing.T, open Open) {
	const writers, rounds = 4, 10
	store := initialised(t, open)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				var counts []storage.Disclosure
				for n := range 10 {
					counts = append(counts, disclosure((n*(2*w+1)+r)%10, 5, 1))
				}
				if err := store.AddDisclosures(t.Context(), digest(fmt.Sprint("writer ", w), r), begin, counts); err != nil {
					t.Errorf("AddDisclosures: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var want int64
	for n := range 10 {
		rows, err := store.Disclosures(t.Context(), []consent.SubjectID{id(n)})
		noError(t, "Disclosures", err)
		for _, row := range rows {
			want += row.Count
		}
	}
	same(t, "the sum of the counts", want, int64(writers*rounds*10))
}

// SQLite has one writer, so there it waits for that; the test is that it gets through when that is free.
func testDisclosuresUnlocked(t *testing.T, open Open) {
	store := initialised(t, open)
	added := make(chan error, 1)
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		go func() {
			added <- store.AddDisclosures(context.WithoutCancel(t.Context()), digest("addition", 1), begin, []storage.Disclosure{disclosure(1, 5, 2)})
		}()
		return &storage.Changes{Head: head(1)}, nil
	})
	noError(t, "Write", err)
	noError(t, "AddDisclosures", <-added)
	disclosed(t, store, disclosure(1, 5, 2))
	hold(t, store, &storage.Changes{Head: head(1)})
}

func testDisclosuresDurable(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(1, 5, 2))
	noError(t, "Close", store.Close())
	disclosed(t, opened(t, open), disclosure(1, 5, 2))
}

func testDisclosuresOrder(t *testing.T, open Open) {
	store := initialised(t, open)
	of := func(n int, day int64, client, channel string) storage.Disclosure {
		return storage.Disclosure{Subject: id(n), Day: day, Client: client, Channel: channel, Count: 1}
	}
	want := []storage.Disclosure{
		of(1, -1, "shop", ""), of(1, 5, "Shop", "b"), of(1, 5, "a-b", "b"), of(1, 5, "a_c", ""), of(1, 5, "a_c", "A"), of(1, 5, "a_c", "a"),
		of(2, 4, "a", "a"),
	}
	add(t, store, 1, want[6], want[3], want[0], want[5], want[2], want[4], want[1], of(11, 5, "x", "y"))
	disclosed(t, store, want...)
	none, err := store.Disclosures(t.Context(), nil)
	noError(t, "Disclosures", err)
	same(t, "the disclosures of nobody", none, []storage.Disclosure{})
}

func testDisclosuresDelete(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(3, 1, 1), disclosure(2, 2, 1), disclosure(1, 3, 1), disclosure(1, 4, 1))
	for _, c := range []struct {
		before      int64
		limit, want int
		left        []storage.Disclosure
	}{
		{1, 10, 0, []storage.Disclosure{disclosure(1, 3, 1), disclosure(1, 4, 1), disclosure(2, 2, 1), disclosure(3, 1, 1)}},
		{4, 2, 2, []storage.Disclosure{disclosure(1, 3, 1), disclosure(1, 4, 1)}},
		{4, 0, 0, []storage.Disclosure{disclosure(1, 3, 1), disclosure(1, 4, 1)}},
		{4, 2, 1, []storage.Disclosure{disclosure(1, 4, 1)}},
		{4, 2, 0, []storage.Disclosure{disclosure(1, 4, 1)}},
	} {
		n, err := store.DeleteDisclosures(t.Context(), c.before, nil, c.limit)
		noError(t, "DeleteDisclosures", err)
		same(t, "how many", n, c.want)
		disclosed(t, store, c.left...)
	}
}

func testDisclosuresExcept(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(1, 1, 1), disclosure(2, 1, 1), disclosure(3, 2, 1), disclosure(4, 3, 1))
	except := []consent.SubjectID{id(1), id(3)}
	count, earliest, err := store.DisclosuresBefore(t.Context(), 4, except)
	noError(t, "DisclosuresBefore", err)
	same(t, "how many and from when", []int64{count, earliest}, []int64{2, 1})
	n, err := store.DeleteDisclosures(t.Context(), 4, except, 10)
	noError(t, "DeleteDisclosures", err)
	same(t, "how many", n, 2)
	disclosed(t, store, disclosure(1, 1, 1), disclosure(3, 2, 1))
}

func testDisclosuresForget(t *testing.T, open Open) {
	store := initialised(t, open)
	add(t, store, 1, disclosure(1, 1, 1), disclosure(1, 2, 1), disclosure(2, 1, 1), disclosure(3, 1, 1))
	write(t, store, &storage.Changes{Head: head(1), ForgetDisclosures: []consent.SubjectID{id(1), id(3), id(4)}})
	disclosed(t, store, disclosure(2, 1, 1))
}
