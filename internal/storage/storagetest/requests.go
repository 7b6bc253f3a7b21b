package storagetest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func requestTests() []Test {
	return []Test{
		{"DeleteExpiredRequests_AtOrBeforeT", testRequestsExpire},
		{"DeleteExpiredRequests_AtMostLimit_ReturnsHowMany", testRequestsLimit},
	}
}

func withRequests(t *testing.T, open Open) storage.Store {
	t.Helper()
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1)}
	for n := range 5 {
		changes.Requests = append(changes.Requests, request(n, instant(int64(n))))
	}
	Write(t, store, changes)
	return store
}

// kept returns which of the requests of withRequests are there.
func kept(t *testing.T, store storage.Store) []int {
	t.Helper()
	var ids [][32]byte
	for n := range 5 {
		ids = append(ids, request(n, 0).ID)
	}
	loaded := load(t, store, storage.Load{Requests: ids})
	var kept []int
	for n := range 5 {
		if _, ok := loaded.Requests[ids[n]]; ok {
			kept = append(kept, n)
		}
	}
	return kept
}

func testRequestsExpire(t *testing.T, open Open) {
	store := withRequests(t, open)
	n, err := store.DeleteExpiredRequests(t.Context(), instant(2)-1, 100)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many", n, 2)
	Same(t, "the requests left", kept(t, store), []int{2, 3, 4})
	n, err = store.DeleteExpiredRequests(t.Context(), instant(2), 100)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many", n, 1)
	Same(t, "the requests left", kept(t, store), []int{3, 4})
	n, err = store.DeleteExpiredRequests(t.Context(), instant(2), 100)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many", n, 0)
}

func testRequestsLimit(t *testing.T, open Open) {
	store := withRequests(t, open)
	for _, want := range []int{2, 2, 1, 0} {
		n, err := store.DeleteExpiredRequests(t.Context(), instant(10), 2)
		NoError(t, "DeleteExpiredRequests", err)
		Same(t, "how many", n, want)
	}
	n, err := store.DeleteExpiredRequests(t.Context(), instant(10), 0)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "how many of at most none", n, 0)
}
