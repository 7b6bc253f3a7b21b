package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func testRereadSubjects(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	head, err := store.Head(t.Context())
	storagetest.NoError(t, "Head", err)
	first := head.Revision
	keyOf := func(n byte) storage.SubjectKey {
		return storage.SubjectKey{Form: consent.FormExact, Digest: [32]byte{n}}
	}
	for _, keys := range [][]storage.SubjectKey{{keyOf(1)}, {keyOf(2), keyOf(3), keyOf(4)}, {keyOf(5)}} {
		head.Revision++
		storagetest.Write(t, store, &storage.Changes{Head: head, Reread: keys})
	}
	for _, c := range []struct {
		after, upTo int64
		most        int
		want        []storage.SubjectKey
		last        int64
	}{
		{0, 3, 10, []storage.SubjectKey{keyOf(1), keyOf(2), keyOf(3), keyOf(4), keyOf(5)}, 3},
		{0, 3, 4, []storage.SubjectKey{keyOf(1), keyOf(2), keyOf(3), keyOf(4)}, 2},
		{0, 3, 3, []storage.SubjectKey{keyOf(1)}, 1},
		{1, 3, 1, []storage.SubjectKey{keyOf(2), keyOf(3), keyOf(4)}, 2},
		{2, 3, 1, []storage.SubjectKey{keyOf(5)}, 3},
		{3, 3, 1, []storage.SubjectKey{}, 3},
	} {
		got, last, err := tables.RereadSubjects(t.Context(), store, first+c.after, first+c.upTo, c.most)
		storagetest.NoError(t, "RereadSubjects", err)
		storagetest.Same(t, "the subjects", got, c.want)
		storagetest.Same(t, "the last revision", last-first, c.last)
	}
}
