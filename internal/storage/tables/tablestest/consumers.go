package tablestest

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func consumerTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Consumers_ByIdInPages_AndThoseNotRevoked", Run: testConsumers},
		{Name: "AddConsumer_ThatExists_IsAnErrorAndStoresNothing", Run: testAddConsumerTwice},
		{Name: "RevokeConsumer_EndsItAndDestroysItsKey", Run: testRevokeConsumer},
		{Name: "AcknowledgeConsumer_TakesWhatWasSaidLast", Run: testAcknowledgeConsumer},
		{Name: "DropConsumer_ThatWasNotSeenSince", Run: testDropConsumer},
		{Name: "ListHashes_OfSubjects_InTheirOrder_TheLastStoredOfEach", Run: testListHashes},
		{Name: "ListHashes_OfVeryManySubjects_AreAllFound", Run: testManyListHashes},
		{Name: "FeedRemovals_OfWhatAConsumerLacks_InPages", Run: testFeedRemovals},
		{Name: "PutFeedRemoval_OfOnePersonTwice_LeavesTheLast", Run: testPutFeedRemoval},
		{Name: "DropFeedRemovals_OfWhatExpiredOrAllHave_NotesTheLast", Run: testDropFeedRemovals},
		{Name: "PendingFeedRemovals_OfThoseThatAreTold", Run: testPendingFeedRemovals},
		{Name: "RereadSubjects_OfWholeRevisions_MoreOnlyWhereOneHasMore", Run: testRereadSubjects},
	}
}

func consumer(id string) tables.Consumer {
	return tables.Consumer{
		ID: id, Client: "sync", Channels: []string{"news", "offers"}, Kinds: []string{"refusal"}, Form: "keyed", Key: []byte{1, 2},
		Created: instant(1), CreatedBy: "admin", Acknowledged: storage.Mark{Position: 3, Revision: 4},
	}
}

func testConsumers(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	bare := tables.Consumer{ID: "Z", Client: "sync", Form: "plain", Created: instant(2), CreatedBy: "admin"}
	ended := consumer("a-b")
	ended.Key, ended.Revoked, ended.Seen = nil, instant(3), instant(4)
	all := []tables.Consumer{bare, consumer("a"), ended, consumer("a_c")}
	writeTables(t, store, storagetest.Each(tables.AddConsumer, all[2], all[0], all[3], all[1])...)
	var paged []tables.Consumer
	for after := ""; ; {
		h, page, err := tables.Consumers(t.Context(), store, after, 3)
		storagetest.NoError(t, "Consumers", err)
		now, err := store.Head(t.Context())
		storagetest.NoError(t, "Head", err)
		storagetest.Same(t, "the head", h, now)
		if len(page) == 0 {
			break
		}
		paged, after = append(paged, page...), page[len(page)-1].ID
	}
	storagetest.Same(t, "all pages", paged, all)
	_, active, err := tables.ActiveConsumers(t.Context(), store)
	storagetest.NoError(t, "ActiveConsumers", err)
	storagetest.Same(t, "those not revoked", active, []tables.Consumer{bare, all[1], all[3]})
	_, one, err := tables.ConsumerOf(t.Context(), store, "a-b")
	storagetest.NoError(t, "ConsumerOf", err)
	storagetest.Same(t, "the one", one, []tables.Consumer{ended})
	other := consumer("b")
	other.Client = "other"
	all[1].Seen = instant(8)
	writeTables(t, store, storagetest.Each(tables.PutConsumer, other, all[1])...)
	_, own, err := tables.ConsumersOfClient(t.Context(), store, "sync")
	storagetest.NoError(t, "ConsumersOfClient", err)
	storagetest.Same(t, "those of a client", own, all)
}

func testDropConsumer(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	seen := consumer("seen")
	seen.Seen = instant(5)
	writeTables(t, store, storagetest.Each(tables.AddConsumer, consumer("new"), seen)...)
	for _, c := range []struct {
		id   string
		at   int64
		want []tables.Consumer
	}{
		{"new", 0, []tables.Consumer{consumer("new"), seen}},
		{"seen", 4, []tables.Consumer{consumer("new"), seen}},
		{"new", 1, []tables.Consumer{seen}},
		{"none", 9, []tables.Consumer{seen}},
		{"seen", 5, nil},
	} {
		writeTables(t, store, tables.DropConsumer(c.id, instant(c.at)))
		_, all, err := tables.Consumers(t.Context(), store, "", 10)
		storagetest.NoError(t, "Consumers", err)
		storagetest.Same(t, "the consumers", all, c.want)
	}
}

func testAddConsumerTwice(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddConsumer, consumer("a"))...)
	again := consumer("a")
	again.Client = "other"
	if err := store.WriteTables(t.Context(), storagetest.Each(tables.AddConsumer, consumer("b"), again)...); err == nil {
		t.Error("a consumer with an existing id was stored")
	}
	_, all, err := tables.Consumers(t.Context(), store, "", 10)
	storagetest.NoError(t, "Consumers", err)
	storagetest.Same(t, "the consumers", all, []tables.Consumer{consumer("a")})
}

func testRevokeConsumer(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddConsumer, consumer("a"), consumer("b"))...)
	writeTables(t, store, tables.RevokeConsumer("a", instant(9)), tables.RevokeConsumer("none", instant(9)))
	revoked := consumer("a")
	revoked.Revoked, revoked.Key = instant(9), nil
	_, all, err := tables.Consumers(t.Context(), store, "", 10)
	storagetest.NoError(t, "Consumers", err)
	storagetest.Same(t, "the consumers", all, []tables.Consumer{revoked, consumer("b")})
}

func testAcknowledgeConsumer(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddConsumer, consumer("a"), consumer("b"))...)
	for _, upTo := range []storage.Mark{{Position: 9, Revision: 8}, {Position: 7}} {
		writeTables(t, store, tables.AcknowledgeConsumer("a", upTo, instant(5)))
		want := consumer("a")
		want.Acknowledged, want.Seen = upTo, instant(5)
		_, all, err := tables.Consumers(t.Context(), store, "", 10)
		storagetest.NoError(t, "Consumers", err)
		storagetest.Same(t, "the consumers", all, []tables.Consumer{want, consumer("b")})
	}
}

func listHash(n int, spelling byte) tables.ListHash {
	return tables.ListHash{Subject: id(n), Spelling: [16]byte{spelling}, Sealed: []byte{byte(n), spelling}}
}

func testListHashes(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	newer := listHash(1, 2)
	newer.Sealed = []byte("newer")
	writeTables(t, store, storagetest.Each(tables.PutListHash, listHash(1, 2), listHash(1, 0), listHash(2, 0), listHash(3, 0), newer)...)
	for _, c := range []struct {
		of   []consent.SubjectID
		want []tables.ListHash
	}{
		{nil, nil},
		{[]consent.SubjectID{id(1)}, []tables.ListHash{listHash(1, 0), newer}},
		{[]consent.SubjectID{id(3), id(9), id(1)}, []tables.ListHash{listHash(3, 0), listHash(1, 0), newer}},
	} {
		got, err := tables.ListHashes(t.Context(), store, c.of)
		storagetest.NoError(t, "ListHashes", err)
		storagetest.Same(t, "the hashes", got, c.want)
	}
}

func testManyListHashes(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	var ids []consent.SubjectID
	var want []tables.ListHash
	for n := 1; n <= 201; n++ {
		ids, want = append(ids, id(n)), append(want, listHash(n, 0))
	}
	slices.Reverse(ids)
	writeTables(t, store, storagetest.Each(tables.PutListHash, want...)...)
	slices.Reverse(want)
	got, err := tables.ListHashes(t.Context(), store, ids)
	storagetest.NoError(t, "ListHashes", err)
	storagetest.Same(t, "the hashes", got, want)
}

func removal(n byte, position, revision int64) tables.FeedRemoval {
	return tables.FeedRemoval{
		At: storage.Mark{Position: position, Revision: revision}, ID: [16]byte{n}, Sealed: []byte{n}, Expires: instant(int64(n)),
	}
}

func testFeedRemovals(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	all := []tables.FeedRemoval{removal(1, 5, 0), removal(2, 5, 1), removal(3, 8, 2), removal(4, 8, 2)}
	writeTables(t, store, storagetest.Each(tables.PutFeedRemoval, all[3], all[0], all[2], all[1])...)
	mark := func(position, revision int64) storage.Mark {
		return storage.Mark{Position: position, Revision: revision}
	}
	// A reader may come to positions and revisions at different times: each removal is told once, whatever the marks between.
	for _, c := range []struct {
		marks []storage.Mark
		want  [][]tables.FeedRemoval
	}{
		{[]storage.Mark{{}, mark(9, 9), mark(10, 10)}, [][]tables.FeedRemoval{all, nil}},
		{[]storage.Mark{{}, mark(4, 0), mark(5, 0), mark(5, 1), mark(9, 1), mark(9, 2)}, [][]tables.FeedRemoval{nil, all[:1], all[1:2], nil, all[2:]}},
		{[]storage.Mark{{}, mark(4, 2), mark(5, 2), mark(8, 2), mark(9, 9)}, [][]tables.FeedRemoval{nil, all[:2], all[2:], nil}},
	} {
		for i, want := range c.want {
			var paged []tables.FeedRemoval
			for after := (tables.FeedRemoval{}); ; {
				page, err := tables.FeedRemovals(t.Context(), store, c.marks[i], c.marks[i+1], &after, 2)
				storagetest.NoError(t, "FeedRemovals", err)
				if len(page) == 0 {
					break
				}
				paged, after = append(paged, page...), page[len(page)-1]
			}
			storagetest.Same(t, "the removals", paged, want)
		}
	}
}

func removalsLeft(t *testing.T, store storage.Store, want ...tables.FeedRemoval) {
	t.Helper()
	got, err := tables.FeedRemovals(t.Context(), store, storage.Mark{}, storage.Mark{Position: 99, Revision: 99}, &tables.FeedRemoval{}, 10)
	storagetest.NoError(t, "FeedRemovals", err)
	storagetest.Same(t, "the removals", got, want)
}

func testPutFeedRemoval(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	again := removal(1, 7, 2)
	again.Sealed, again.Expires = []byte("again"), instant(9)
	writeTables(t, store, storagetest.Each(tables.PutFeedRemoval, removal(1, 5, 1), removal(2, 6, 1), again)...)
	removalsLeft(t, store, removal(2, 6, 1), again)
}

func testDropFeedRemovals(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.PutFeedRemoval, removal(1, 9, 9), removal(2, 5, 1), removal(3, 5, 2), removal(4, 6, 1))...)
	dropped := func(want storage.Mark) {
		t.Helper()
		got, err := tables.DroppedFeedRemovals(t.Context(), store)
		storagetest.NoError(t, "DroppedFeedRemovals", err)
		storagetest.Same(t, "up to where they were dropped", got, want)
	}
	drop := func(expired, told int64, upTo storage.Mark) {
		t.Helper()
		writeTables(t, store, tables.DropFeedRemovals(tables.EndedRemovals{Expired: instant(expired), Told: instant(told), UpTo: upTo})...)
	}
	drop(0, 1, storage.Mark{Position: 8, Revision: 9}) // Nothing.
	removalsLeft(t, store, removal(2, 5, 1), removal(3, 5, 2), removal(4, 6, 1), removal(1, 9, 9))
	dropped(storage.Mark{})
	drop(0, 4, storage.Mark{Position: 5, Revision: 1})
	removalsLeft(t, store, removal(3, 5, 2), removal(4, 6, 1), removal(1, 9, 9))
	dropped(storage.Mark{Position: 5, Revision: 1})
	drop(1, 2, storage.Mark{Position: 9, Revision: 9}) // The one has expired; the others are to stay for longer, whatever consumers have.
	removalsLeft(t, store, removal(3, 5, 2), removal(4, 6, 1))
	dropped(storage.Mark{Position: 9, Revision: 9})
	drop(0, 4, storage.Mark{Position: 6, Revision: 2})
	removalsLeft(t, store)
	dropped(storage.Mark{Position: 9, Revision: 9}) // It never goes back.
}

func testPendingFeedRemovals(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	with := func(id, form string, has storage.Mark) tables.Consumer {
		c := consumer(id)
		c.Form, c.Key, c.Acknowledged = form, nil, has
		return c
	}
	revoked := with("gone", "plain", storage.Mark{})
	revoked.Revoked = instant(2)
	writeTables(t, store, storagetest.Each(tables.AddConsumer, with("all", "plain", storage.Mark{Position: 9, Revision: 9}), with("none", "md5", storage.Mark{}),
		with("half", "plain", storage.Mark{Position: 6, Revision: 1}), with("keyed", "keyed", storage.Mark{}), revoked)...)
	writeTables(t, store, storagetest.Each(tables.PutFeedRemoval, removal(1, 9, 9), removal(2, 5, 1), removal(3, 6, 2))...)
	for _, c := range []struct {
		id     string
		expire int64
		want   []tables.PendingRemovals
	}{
		{"", 9, []tables.PendingRemovals{{Consumer: "half", Count: 2}, {Consumer: "none", Count: 3}}},
		{"", 2, []tables.PendingRemovals{{Consumer: "half", Count: 1}, {Consumer: "none", Count: 2}}},
		{"none", 9, []tables.PendingRemovals{{Consumer: "none", Count: 3}}},
		{"all", 9, nil},
		{"keyed", 9, nil},
		{"gone", 9, nil},
		{"nothing", 9, nil},
	} {
		got, err := tables.PendingFeedRemovals(t.Context(), store, c.id, "keyed", instant(c.expire))
		storagetest.NoError(t, "PendingFeedRemovals", err)
		storagetest.Same(t, "what is pending", got, c.want)
	}
}
