package storagetest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func disclosureTests() []Test {
	return []Test{
		{"AddDisclosures_AddsToWhatIsCounted", testDisclosuresAdd},
		{"AddDisclosures_GivenTwice_CountedTwice", testDisclosuresTwice},
		{"AddDisclosures_UnderTwoKeysOfOneSubject_CountedTwice", testDisclosuresTwoKeys},
		{"AddDisclosures_KeyThatLeadsToNobody_IsLeftOut", testDisclosuresOfNobody},
		{"AddDisclosures_UnderAKeyAndTheIDItLedTo_CountForWhomTheKeyLeadsToNow", testDisclosuresByID},
		{"AddDisclosures_AfterAnErasure_CountForWhomTheKeyLeadsToNow", testDisclosuresAfterErasure},
		{"AddDisclosures_WhileSubjectsAreErased_LeaveNothingUnderTheOldIDs", testDisclosuresWhileErased},
		{"AddDisclosures_OfBeforeTheErasureOfTheirSubject_AreLeftOut", testDisclosuresOfBeforeErasure},
		{"AddDisclosures_SameID_CountedOnce", testDisclosuresOnce},
		{"AddDisclosures_SameIDAfterItExpired_CountedAgain", testDisclosuresExpired},
		{"AddDisclosures_TwoThousand_AreCounted", testDisclosuresMany},
		{"AddDisclosures_AtOnce_AllAreCounted", testDisclosuresAtOnce},
		{"AddDisclosures_WhileTheHeadIsLocked_WaitsForNothingButTheDatabase", testDisclosuresUnlocked},
		{"AddDisclosures_AfterReopening_AreThere", testDisclosuresDurable},
		{"Disclosures_BySubjectDayClientChannel_OfTheSubjectsOnly", testDisclosuresOrder},
		{"Readers_ByDayClientChannel_CountEachSubjectOnce", testReaders},
		{"Readers_OfNothing_AreNone", testReadersOfNothing},
		{"DeleteDisclosures_BeforeTheDay_TheEarliestFirst_AtMostLimit", testDisclosuresDelete},
		{"DeleteDisclosures_OfSubjectsInExcept_AreLeftAlone", testDisclosuresExcept},
		{"Write_ForgetDisclosures_DeletesThoseOfTheSubjects", testDisclosuresForget},
		{"Tx_Disclosures_ReturnsThoseUnderTheLock", testTxDisclosures},
		{"Write_ForgetDisclosures_UntilADay_KeepsLaterOnesOrHandsThemOn", testDisclosuresForgetUntil},
	}
}

func disclosure(n int, day, count int64) storage.Disclosure {
	return storage.Disclosure{Subject: id(n), Day: day, Client: "shop", Channel: "newsletter", Count: count}
}

// learnt is what is added to make the disclosure.
func learnt(n int, day, count int64) storage.Learnt {
	return storage.Learnt{Key: key(n), Day: day, Client: "shop", Channel: "newsletter", Count: count}
}

// people returns a store with the subjects from 0 to n.
func people(t testing.TB, open Open, n int) storage.Store {
	t.Helper()
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(0), Subjects: subjects(n)})
	return store
}

func subjects(n int) []storage.Subject {
	var all []storage.Subject
	for i := range n {
		all = append(all, subject(i))
	}
	return all
}

// add adds disclosures under the n-th id.
func add(t testing.TB, store storage.Store, n int, counts ...storage.Learnt) {
	t.Helper()
	NoError(t, "AddDisclosures", store.AddDisclosures(t.Context(), digest("addition", n), begin, counts))
}

// disclosed checks what is counted for the subjects 0 to 9.
func disclosed(t testing.TB, store storage.Store, want ...storage.Disclosure) {
	t.Helper()
	var ids []consent.SubjectID
	for n := range 10 {
		ids = append(ids, id(9-n))
	}
	got, err := store.Disclosures(t.Context(), ids)
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures", got, want)
}

func testDisclosuresAdd(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(1, 5, 2), learnt(2, 5, 1))
	add(t, store, 2, learnt(1, 5, 1<<40), learnt(1, 6, 7))
	add(t, store, 3)
	disclosed(t, store, disclosure(1, 5, 1<<40+2), disclosure(1, 6, 7), disclosure(2, 5, 1))
	hold(t, store, &storage.Changes{Head: head(0), Subjects: subjects(10)})
}

func testDisclosuresTwice(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(2, 5, 1), learnt(1, 5, 2), learnt(2, 5, 3))
	disclosed(t, store, disclosure(1, 5, 2), disclosure(2, 5, 4))
}

// A subject has one key as a rule, and another one besides when a digest key took the place of an older one.
func testDisclosuresTwoKeys(t *testing.T, open Open) {
	store := Initialised(t, open)
	other := subject(1)
	other.Key = key(5)
	Write(t, store, &storage.Changes{Head: head(0), Subjects: []storage.Subject{subject(1), other}})
	add(t, store, 1, learnt(1, 5, 2), learnt(5, 5, 3), learnt(5, 6, 1))
	disclosed(t, store, disclosure(1, 5, 5), disclosure(1, 6, 1))
}

func testDisclosuresOfNobody(t *testing.T, open Open) {
	store := people(t, open, 3)
	erased := subject(2)
	erased.ID, erased.Address, erased.Erased = consent.SubjectID{}, nil, begin
	Write(t, store, &storage.Changes{Head: head(1), Subjects: []storage.Subject{erased}})
	elsewhere := learnt(1, 5, 1)
	elsewhere.Key.Form++
	add(t, store, 1, learnt(1, 5, 2), learnt(2, 5, 2), learnt(3, 5, 2), elsewhere, storage.Learnt{Day: 5, Client: "shop", Count: 1})
	disclosed(t, store, disclosure(1, 5, 2))
	nobody, err := store.Disclosures(t.Context(), []consent.SubjectID{{}})
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures of an unknown id", nobody, []storage.Disclosure{})
	add(t, store, 1, learnt(2, 5, 2), learnt(3, 5, 2)) // The addition is remembered all the same.
	Write(t, store, &storage.Changes{Head: head(2), Subjects: subjects(4)})
	add(t, store, 1, learnt(2, 5, 2), learnt(3, 5, 2))
	disclosed(t, store, disclosure(1, 5, 2))
}

func testDisclosuresAfterErasure(t *testing.T, open Open) {
	store := people(t, open, 4)
	add(t, store, 1, learnt(1, 5, 1), learnt(2, 5, 1), learnt(3, 5, 1))
	again, dead := subject(1), subject(2)
	again.ID, dead.ID = id(8), consent.SubjectID{}
	Write(t, store, &storage.Changes{
		Head: head(1), Subjects: []storage.Subject{again, dead}, DropSubjects: []storage.SubjectKey{key(3)},
		ForgetDisclosures: forget(id(1), id(2), id(3)),
	})
	disclosed(t, store)
	add(t, store, 2, learnt(1, 5, 2), learnt(2, 5, 2), learnt(3, 5, 2))
	disclosed(t, store, disclosure(8, 5, 2))
}

// The rows are many, for many may be added at once.
func testDisclosuresByID(t *testing.T, open Open) {
	const n = 300
	store := people(t, open, n)
	again, dead, late := subject(1), subject(2), subject(4)
	again.ID, dead.ID, late.Erased = id(n), consent.SubjectID{}, begin+1
	Write(t, store, &storage.Changes{Head: head(1), Subjects: []storage.Subject{again, dead, late}})
	var all []storage.Learnt
	for i := range n {
		l := learnt(i, 5, 1)
		l.Subject, l.At = id(i), begin
		if i == 150 {
			l.Count = 7
		}
		all = append(all, l)
	}
	other := learnt(3, 5, 1) // with the id of another subject
	other.Subject = id(0)
	add(t, store, 1, append(all, other)...)
	disclosed(t, store, disclosure(0, 5, 1), disclosure(3, 5, 2), disclosure(5, 5, 1), disclosure(6, 5, 1), disclosure(7, 5, 1),
		disclosure(8, 5, 1), disclosure(9, 5, 1))
	got, err := store.Disclosures(t.Context(), []consent.SubjectID{id(149), id(150), id(151), id(n - 1), id(n)})
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures of others", got, []storage.Disclosure{
		disclosure(149, 5, 1), disclosure(150, 5, 7), disclosure(151, 5, 1), disclosure(n-1, 5, 1), disclosure(n, 5, 1),
	})
}

// An addition knows the key only, and not that its subject is about to be cut off.
func testDisclosuresWhileErased(t *testing.T, open Open) {
	const writers, rounds = 3, 25
	store := people(t, open, 4)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := 0; ; r++ {
				select {
				case <-done:
					return
				default:
				}
				counts := []storage.Learnt{learnt(3-w, 5, 1), learnt(1, 5, 1), learnt(2, 5, 1)}
				if err := store.AddDisclosures(t.Context(), digest(fmt.Sprint("writer ", w), r), begin, counts); err != nil {
					t.Errorf("AddDisclosures: %v", err)
				}
			}
		})
	}
	var dead []consent.SubjectID
	for r := range rounds {
		was, is := id(100+2*r), id(102+2*r)
		if r == 0 {
			was = id(1)
		}
		fresh := subject(1)
		fresh.ID = is
		Write(t, store, &storage.Changes{
			Head: head(int64(r) + 1), Subjects: []storage.Subject{fresh}, ForgetDisclosures: forget(was, id(2)),
		})
		dead = append(dead, was)
	}
	close(done)
	wg.Wait()
	left, err := store.Disclosures(t.Context(), dead)
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures under the ids of subjects that were erased", left, []storage.Disclosure{})
}

// A key can lead to a subject although what was held before was erased: to a fresh one, or to one that outlives erasures.
func testDisclosuresOfBeforeErasure(t *testing.T, open Open) {
	const day = int64(begin / (24 * 3600 * 1_000_000))
	store := people(t, open, 4)
	again, lives := subject(1), subject(2)
	again.ID = id(8)
	again.Erased, lives.Erased = begin, begin
	Write(t, store, &storage.Changes{Head: head(1), Subjects: []storage.Subject{again, lives}, ForgetDisclosures: forget(id(1))})
	of := func(n int, at consent.Instant, count int64) storage.Learnt {
		l := learnt(n, at.Day(), count)
		l.At = at
		return l
	}
	const aDay = 24 * 3600 * 1_000_000
	add(t, store, 1, of(1, begin-1, 1), of(1, begin-aDay, 2), of(2, begin-1, 4), of(2, begin-3*aDay, 8), of(3, begin-1, 16))
	disclosed(t, store, disclosure(3, day, 16))
	add(t, store, 2, of(1, begin, 1), of(1, begin+1, 2), of(1, begin+aDay, 4), of(2, begin+1, 8), of(1, begin-1, 16), of(3, begin+1, 32))
	disclosed(t, store, disclosure(2, day, 8), disclosure(3, day, 48), disclosure(8, day, 3), disclosure(8, day+1, 4))
}

func testDisclosuresOnce(t *testing.T, open Open) {
	store := people(t, open, 10)
	for range 3 {
		add(t, store, 1, learnt(1, 5, 2))
	}
	add(t, store, 1, learnt(2, 5, 2))
	disclosed(t, store, disclosure(1, 5, 2))
}

func testDisclosuresExpired(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(1, 5, 2))
	n, err := store.DeleteExpiredRequests(t.Context(), begin-1, 10)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many had expired", n, 0)
	add(t, store, 1, learnt(1, 5, 2))
	n, err = store.DeleteExpiredRequests(t.Context(), begin, 10)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many had expired", n, 1)
	add(t, store, 1, learnt(1, 5, 2))
	disclosed(t, store, disclosure(1, 5, 4))
}

func testDisclosuresMany(t *testing.T, open Open) {
	store := people(t, open, 2000)
	var counts []storage.Learnt
	var want []storage.Disclosure
	var ids []consent.SubjectID
	for n := range 2000 {
		counts = append(counts, learnt(n, 5, int64(n)+1))
		want = append(want, disclosure(n, 5, int64(n)+1))
		ids = append(ids, id(n))
	}
	add(t, store, 1, counts...)
	got, err := store.Disclosures(t.Context(), ids)
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures", got, want)
}

// Every writer adds to the same rows in an order of its own, which must neither lose counts nor end in a deadlock.
func testDisclosuresAtOnce(t *testing.T, open Open) {
	const writers, rounds = 4, 10
	store := people(t, open, 10)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				var counts []storage.Learnt
				for n := range 10 {
					counts = append(counts, learnt((n*(2*w+1)+r)%10, 5, 1))
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
		NoError(t, "Disclosures", err)
		for _, row := range rows {
			want += row.Count
		}
	}
	Same(t, "the sum of the counts", want, int64(writers*rounds*10))
}

// SQLite has one writer, so there it waits for that; the test is that it gets through when that is free.
func testDisclosuresUnlocked(t *testing.T, open Open) {
	store := people(t, open, 10)
	added := make(chan error, 1)
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		go func() {
			added <- store.AddDisclosures(context.WithoutCancel(t.Context()), digest("addition", 1), begin, []storage.Learnt{learnt(1, 5, 2)})
		}()
		return &storage.Changes{Head: head(1)}, nil
	})
	NoError(t, "Write", err)
	NoError(t, "AddDisclosures", <-added)
	disclosed(t, store, disclosure(1, 5, 2))
	hold(t, store, &storage.Changes{Head: head(1), Subjects: subjects(10)})
}

func testDisclosuresDurable(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(1, 5, 2))
	NoError(t, "Close", store.Close())
	disclosed(t, Opened(t, open), disclosure(1, 5, 2))
}

func testDisclosuresOrder(t *testing.T, open Open) {
	store := people(t, open, 12)
	var want []storage.Disclosure
	of := func(n int, day int64, client, channel string) storage.Learnt {
		if n < 10 {
			want = append(want, storage.Disclosure{Subject: id(n), Day: day, Client: client, Channel: channel, Count: 1})
		}
		return storage.Learnt{Key: key(n), Day: day, Client: client, Channel: channel, Count: 1}
	}
	all := []storage.Learnt{
		of(1, -1, "shop", ""), of(1, 5, "Shop", "b"), of(1, 5, "a-b", "b"), of(1, 5, "a_c", ""), of(1, 5, "a_c", "A"), of(1, 5, "a_c", "a"),
		of(2, 4, "a", "a"), of(11, 5, "x", "y"),
	}
	add(t, store, 1, all[6], all[3], all[0], all[5], all[2], all[4], all[1], all[7])
	disclosed(t, store, want...)
	none, err := store.Disclosures(t.Context(), nil)
	NoError(t, "Disclosures", err)
	Same(t, "the disclosures of an unknown subject", none, []storage.Disclosure{})
}

// beforeAll is before every disclosure.
func beforeAll() *storage.Readership { return &storage.Readership{Day: math.MinInt64} }

func testReaders(t *testing.T, open Open) {
	store := people(t, open, 10)
	of := func(n int, day int64, client, channel string, count int64) storage.Learnt {
		return storage.Learnt{Key: key(n), Day: day, Client: client, Channel: channel, Count: count}
	}
	add(t, store, 1, of(1, 4, "shop", "a", 1), of(1, 5, "shop", "a", 2), of(2, 5, "shop", "a", 3), of(1, 5, "Shop", "a", 1),
		of(1, 5, "shop", "", 7), of(2, 6, "shop", "b", 1), of(3, 6, "officer", "", 1))
	want := []storage.Readership{
		{Day: 4, Client: "shop", Channel: "a", Subjects: 1, Count: 1},
		{Day: 5, Client: "Shop", Channel: "a", Subjects: 1, Count: 1},
		{Day: 5, Client: "shop", Subjects: 1, Count: 7},
		{Day: 5, Client: "shop", Channel: "a", Subjects: 2, Count: 5},
		{Day: 6, Client: "officer", Subjects: 1, Count: 1},
		{Day: 6, Client: "shop", Channel: "b", Subjects: 1, Count: 1},
	}
	for _, c := range []struct {
		which storage.ReadBy
		after *storage.Readership
		limit int
		want  []storage.Readership
		total storage.Readership
	}{
		{storage.ReadBy{}, beforeAll(), 10, want, storage.Readership{Day: 4, Subjects: 3, Count: 16}},
		{storage.ReadBy{}, &want[1], 2, want[2:4], storage.Readership{Day: 4, Subjects: 3, Count: 16}},
		{storage.ReadBy{Since: 6}, beforeAll(), 10, want[4:], storage.Readership{Day: 6, Subjects: 2, Count: 2}},
		{storage.ReadBy{Since: 6}, &want[0], 10, want[4:], storage.Readership{Day: 6, Subjects: 2, Count: 2}},
		{
			storage.ReadBy{Since: 5, Client: "shop"},
			beforeAll(), 10,
			[]storage.Readership{want[2], want[3], want[5]},
			storage.Readership{Day: 5, Client: "shop", Subjects: 2, Count: 13},
		},
	} {
		got, err := store.Readers(t.Context(), c.which, c.after, c.limit)
		NoError(t, "Readers", err)
		Same(t, fmt.Sprintf("the readers of %+v", c.which), got, c.want)
		total, err := store.CountReaders(t.Context(), c.which)
		NoError(t, "CountReaders", err)
		Same(t, fmt.Sprintf("all of %+v", c.which), total, c.total)
	}
}

func testReadersOfNothing(t *testing.T, open Open) {
	store := people(t, open, 2)
	add(t, store, 1, learnt(1, 5, 2))
	got, err := store.Readers(t.Context(), storage.ReadBy{Client: "nobody"}, beforeAll(), 10)
	NoError(t, "Readers", err)
	Same(t, "the readers of another client", len(got), 0)
	total, err := store.CountReaders(t.Context(), storage.ReadBy{Since: 6})
	NoError(t, "CountReaders", err)
	Same(t, "all of later days", total, storage.Readership{})
}

func testDisclosuresDelete(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(3, 1, 1), learnt(2, 2, 1), learnt(1, 3, 1), learnt(1, 4, 1))
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
		NoError(t, "DeleteDisclosures", err)
		Same(t, "how many", n, c.want)
		disclosed(t, store, c.left...)
	}
}

func testDisclosuresExcept(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(1, 1, 1), learnt(2, 1, 1), learnt(3, 2, 1), learnt(4, 3, 1))
	except := []consent.SubjectID{id(1), id(3)}
	count, earliest, err := store.DisclosuresBefore(t.Context(), 4, except)
	NoError(t, "DisclosuresBefore", err)
	Same(t, "how many and from when", []int64{count, earliest}, []int64{2, 1})
	n, err := store.DeleteDisclosures(t.Context(), 4, except, 10)
	NoError(t, "DeleteDisclosures", err)
	Same(t, "how many", n, 2)
	disclosed(t, store, disclosure(1, 1, 1), disclosure(3, 2, 1))
}

func testDisclosuresForget(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(1, 1, 1), learnt(1, 2, 1), learnt(2, 1, 1), learnt(3, 1, 1))
	Write(t, store, &storage.Changes{Head: head(1), ForgetDisclosures: forget(id(1), id(3), id(4))})
	disclosed(t, store, disclosure(2, 1, 1))
}

func testDisclosuresForgetUntil(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1,
		learnt(1, 4, 1), learnt(1, 5, 2), learnt(1, 6, 3), learnt(1, 7, 4), learnt(2, 5, 1), learnt(2, 6, 1), learnt(2, 7, 1), learnt(3, 5, 1))
	Write(t, store, &storage.Changes{Head: head(1), ForgetDisclosures: []storage.ForgottenDisclosures{
		{Subject: id(1), Until: 5, Heir: id(2)}, {Subject: id(2), Until: 5}, // as if the first had been cut off from its key
	}})
	disclosed(t, store, disclosure(2, 6, 4), disclosure(2, 7, 5), disclosure(3, 5, 1))
	Write(t, store, &storage.Changes{Head: head(2), ForgetDisclosures: []storage.ForgottenDisclosures{
		{Subject: id(2), Until: 6, Heir: id(4)}, {Subject: id(4), Until: 6, Heir: id(5)}, {Subject: id(6), Until: 9, Heir: id(7)},
	}})
	disclosed(t, store, disclosure(3, 5, 1), disclosure(5, 7, 5))
}

// forget says that all disclosures of subjects are deleted.
func forget(ids ...consent.SubjectID) []storage.ForgottenDisclosures {
	list := make([]storage.ForgottenDisclosures, len(ids))
	for i := range ids {
		list[i] = storage.ForgottenDisclosures{Subject: ids[i], Until: math.MaxInt64}
	}
	return list
}

func testTxDisclosures(t *testing.T, open Open) {
	store := people(t, open, 10)
	add(t, store, 1, learnt(2, 6, 1), learnt(1, 5, 2), learnt(3, 5, 1))
	err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		got, err := tx.Disclosures(ctx, []consent.SubjectID{id(2), id(1), id(4)})
		NoError(t, "Disclosures", err)
		Same(t, "the disclosures", got, []storage.Disclosure{disclosure(1, 5, 2), disclosure(2, 6, 1)})
		return nil, nil
	})
	NoError(t, "Write", err)
}
