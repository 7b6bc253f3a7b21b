package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func externalListTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "ExternalLists_AndTheirVersions_AreStoredOnce", Run: testExternalLists},
		{Name: "ListChunks_AreReadInOrder_AndStayWhatTheyWere", Run: testListChunks},
		{Name: "ListActivations_AreReadByPosition", Run: testListActivations},
	}
}

func testExternalLists(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	list := func(id string) tables.ExternalList {
		return tables.ExternalList{
			ID: id, Name: "Grüße", Binds: "all", Form: "md5", Freshness: "P7D", WhenStale: "deny", Created: instant(1), CreatedBy: "admin",
		}
	}
	writeTables(t, store, storagetest.Each(tables.AddExternalList, list("b"), list("a"), list("B"))...)
	if err := store.WriteTables(t.Context(), storagetest.Each(tables.AddExternalList, list("a"))...); err == nil {
		t.Error("a list with an existing id was stored")
	}
	all, err := tables.ExternalLists(t.Context(), store, "", 2)
	storagetest.NoError(t, "ExternalLists", err)
	storagetest.Same(t, "the first lists", all, []tables.ExternalList{list("B"), list("a")})
	all, err = tables.ExternalLists(t.Context(), store, "a", 2)
	storagetest.NoError(t, "ExternalLists", err)
	storagetest.Same(t, "the others", all, []tables.ExternalList{list("b")})
	one, err := tables.ExternalListOf(t.Context(), store, "c")
	storagetest.NoError(t, "ExternalListOf", err)
	storagetest.Same(t, "a list that there is not", one, []tables.ExternalList(nil))

	version := func(id string, number int64) tables.ExternalListVersion {
		return tables.ExternalListVersion{
			List: id, Version: number, SHA256: [32]byte{31: byte(int(number))}, Size: 40, Entries: 2, Asked: 1, Obtained: instant(2), Uploaded: instant(3),
			UploadedBy: "admin",
		}
	}
	writeTables(t, store, storagetest.Each(tables.AddExternalListVersion, version("a", 1), version("a", 2), version("b", 1))...)
	if err := store.WriteTables(t.Context(), storagetest.Each(tables.AddExternalListVersion, version("a", 2))...); err == nil {
		t.Error("a version with an existing number was stored")
	}
	versions, err := tables.ExternalListVersions(t.Context(), store, "a")
	storagetest.NoError(t, "ExternalListVersions", err)
	storagetest.Same(t, "the versions", versions, []tables.ExternalListVersion{version("a", 2), version("a", 1)})
}

func testListChunks(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	sum, other := [32]byte{31: byte(1)}, [32]byte{31: byte(2)}
	writeTables(t, store, tables.PutListChunk(sum, 1, []byte{2}), tables.PutListChunk(sum, 0, []byte{1}), tables.PutListChunk(other, 0, []byte{9}),
		tables.PutListChunk(sum, 2, []byte{3}), tables.PutListChunk(sum, 1, []byte{8}))
	chunks, err := tables.ListChunks(t.Context(), store, sum, 0, 2)
	storagetest.NoError(t, "ListChunks", err)
	storagetest.Same(t, "the first chunks", chunks, [][]byte{{1}, {2}})
	chunks, err = tables.ListChunks(t.Context(), store, sum, 2, 2)
	storagetest.NoError(t, "ListChunks", err)
	storagetest.Same(t, "the last chunk", chunks, [][]byte{{3}})
}

func testListActivations(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	activation := func(position int64) tables.ListActivation {
		return tables.ListActivation{Position: position, List: "a", Version: 1, Header: []byte{byte(position)}}
	}
	writeTables(t, store, storagetest.Each(tables.AddListActivation, activation(10), activation(9))...)
	all, err := tables.ListActivations(t.Context(), store, 0)
	storagetest.NoError(t, "ListActivations", err)
	storagetest.Same(t, "the activations", all, []tables.ListActivation{activation(9), activation(10)})
	all, err = tables.ListActivations(t.Context(), store, 9)
	storagetest.NoError(t, "ListActivations", err)
	storagetest.Same(t, "the last", all, []tables.ListActivation{activation(10)})
}
