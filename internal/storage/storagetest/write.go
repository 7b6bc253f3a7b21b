package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func writeTests() []Test {
	return []Test{
		{"Write_ReturnsNil_EveryReadSeesTheChanges", testWriteStores},
		{"Write_ExistingKeys_AreReplaced", testWriteReplaces},
		{"Write_ExistingRecordsReferencesAndCatalogs_AreAnError", testWriteNeverReplaces},
		{"Write_KeyTwice_TheLastCounts", testWriteTwice},
		{"Write_DecideFails_StoresNothingAndReturnsThatError", testWriteDecideFails},
		{"Write_NilChanges_StoreNothing", testWriteNil},
		{"Write_DecidePanics_StoresNothingAndTheLockIsFree", testWritePanics},
		{"Write_AThousandEvents_AreStored", testWriteLarge},
		{"Write_AfterReopening_IsThere", testWriteDurable},
	}
}

// everything has a row for every table.
func everything() *storage.Changes {
	tombstone := storage.Subject{Key: key(3), KeyVersion: 1, FoldVersion: 1, Erased: instant(3)}
	return &storage.Changes{
		Head:     head(3),
		Records:  []storage.Record{record(1, 1), record(2, 2), catalogRecord(3)},
		Subjects: []storage.Subject{subject(1), subject(2), tombstone},
		States:   []storage.State{state(1, 1), state(2, 2)},
		Refs:     []storage.Ref{ref(1), ref(2)},
		Catalogs: []storage.Catalog{catalog(1), catalog(2)},
		Tables:   Each(tables.PutClient, client("admin"), client("shop")),
		Requests: []storage.Request{request(1, begin), request(2, begin+1)},
	}
}

// hold checks that the store holds exactly the changes.
func hold(t *testing.T, store storage.Store, want *storage.Changes) {
	t.Helper()
	h, records, err := store.Ledger(t.Context(), 0, 10_000)
	NoError(t, "Ledger", err)
	Same(t, "the head", h, want.Head)
	Same(t, "the ledger", records, want.Records)
	_, refs, err := store.Refs(t.Context(), 0)
	NoError(t, "Refs", err)
	Same(t, "the references", refs, want.Refs)
	_, catalogs, err := store.Catalogs(t.Context(), 0)
	NoError(t, "Catalogs", err)
	Same(t, "the catalogs", catalogs, want.Catalogs)
	_, clients, err := tables.Clients(t.Context(), store)
	NoError(t, "Clients", err)
	Same(t, "the clients", Each(tables.PutClient, clients...), want.Tables)

	wantSubjects, wantRequests := map[storage.SubjectKey]storage.SubjectState{}, map[[32]byte]storage.Request{}
	for _, s := range want.Subjects {
		row := storage.SubjectState{Subject: s}
		for _, state := range want.States {
			if state.Subject == s.ID {
				row.State = state
			}
		}
		wantSubjects[s.Key] = row
	}
	for _, r := range want.Requests {
		wantRequests[r.ID] = r
	}
	_, subjects := states(t, store, keys(0, 10))
	Same(t, "the subjects", subjects, wantSubjects)
	var requests [][32]byte
	for n := range 10 {
		requests = append(requests, request(n, 0).ID)
	}
	Same(t, "the requests", load(t, store, storage.Load{Requests: requests}).Requests, wantRequests)
}

func testWriteStores(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	hold(t, store, everything())
}

// replaced returns other rows with the keys of everything, of the tables with rows that may be replaced, with all others.
func replaced() *storage.Changes {
	c := everything()
	c.Head = head(9)
	c.Subjects[0] = storage.Subject{Key: key(1), KeyVersion: 5, FoldVersion: 6, Erased: instant(1)}
	c.Subjects[2] = subject(3)
	c.States[1] = state(2, 8)
	admin, shop := client("admin"), client("shop")
	admin.Revoked = instant(4)
	admin.KeyExpires, admin.PriorHash, admin.PriorExpires = instant(5), digest("prior", 1), instant(6)
	shop.Scopes, shop.Lists, shop.AllDepartments = nil, nil, false
	c.Tables = Each(tables.PutClient, admin, shop)
	c.Requests[1] = request(2, instant(9))
	c.Requests[1].Answer = []byte("other")
	return c
}

func testWriteReplaces(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	again := replaced()
	again.Records, again.Refs, again.Catalogs = nil, nil, nil
	Write(t, store, again)
	hold(t, store, replaced())
}

func testWriteNeverReplaces(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	for what, c := range map[string]*storage.Changes{
		"a record":    {Records: everything().Records[:1]},
		"a reference": {Refs: everything().Refs[:1]},
		"a catalog":   {Catalogs: everything().Catalogs[:1]},
	} {
		c.Head = head(9)
		err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) { return c, nil })
		if err == nil || errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown) {
			t.Errorf("%s with an existing key: %v, want an error that is final", what, err)
		}
	}
	hold(t, store, everything())
}

func testWriteTwice(t *testing.T, open Open) {
	store := Initialised(t, open)
	first, last := everything(), replaced()
	Write(t, store, &storage.Changes{
		Head:     last.Head,
		Records:  last.Records,
		Subjects: append(first.Subjects, last.Subjects...),
		States:   append(first.States, last.States...),
		Refs:     last.Refs,
		Catalogs: last.Catalogs,
		Tables:   append(first.Tables, last.Tables...),
		Requests: append(first.Requests, last.Requests...),
	})
	hold(t, store, replaced())
}

func testWriteDecideFails(t *testing.T, open Open) {
	store := Initialised(t, open)
	want := errors.New("refused by rule")
	calls := 0
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		calls++
		return everything(), want
	})
	if err != want { //nolint:errorlint // The port promises that very error.
		t.Errorf("Write returned the error %v, want %v itself", err, want)
	}
	if calls != 1 {
		t.Errorf("decide was called %d times, want once", calls)
	}
	hold(t, store, &storage.Changes{Head: head(0)})
}

func testWriteNil(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, nil)
	hold(t, store, &storage.Changes{Head: head(0)})
	Write(t, store, everything())
	hold(t, store, everything())
}

func testWritePanics(t *testing.T, open Open) {
	store := Initialised(t, open)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of decide did not reach the caller")
			}
		}()
		err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
			panic("a fault of the program")
		})
		t.Errorf("Write returned the error %v", err)
	}()
	hold(t, store, &storage.Changes{Head: head(0)})
	Write(t, store, everything())
	hold(t, store, everything())
}

func testWriteLarge(t *testing.T, open Open) {
	const n = 1000
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(n)}
	for i := range n {
		changes.Records = append(changes.Records, record(int64(i+1), i))
		changes.Subjects = append(changes.Subjects, subject(i))
		changes.States = append(changes.States, state(i, int64(i+1)))
	}
	Write(t, store, changes)
	_, records, err := store.Ledger(t.Context(), 0, 2*n)
	NoError(t, "Ledger", err)
	Same(t, "the ledger", records, changes.Records)
	_, subjects := states(t, store, keys(0, n))
	for i := range n {
		Same(t, "a subject", subjects[key(i)], storage.SubjectState{Subject: subject(i), State: state(i, int64(i+1))})
	}
}

func testWriteDurable(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	NoError(t, "Close", store.Close())
	hold(t, Opened(t, open), everything())
}

// append1 adds an event of subject n after the head, with its state.
func append1(ctx context.Context, store storage.Store, n int) (position int64, err error) {
	err = store.Write(ctx, storage.Load{Subjects: []storage.SubjectKey{key(n)}},
		func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
			position = tx.Loaded().Head.Position + 1
			return &storage.Changes{
				Head:     head(position),
				Records:  []storage.Record{record(position, n)},
				Subjects: []storage.Subject{subject(n)},
				States:   []storage.State{state(n, position)},
			}, nil
		})
	return position, err
}

// appendAll adds an event for each of the subjects.
func appendAll(t testing.TB, store storage.Store, subjects ...int) {
	t.Helper()
	for _, n := range subjects {
		_, err := append1(t.Context(), store, n)
		NoError(t, "Write", err)
	}
}

func positions(records []storage.Record) []int64 {
	var all []int64
	for i := range records {
		all = append(all, records[i].Event.Position)
	}
	return all
}

func headers(records ...storage.Record) [][]byte {
	var all [][]byte
	for i := range records {
		all = append(all, records[i].Header)
	}
	return all
}
