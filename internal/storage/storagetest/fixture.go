package storagetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// begin is the first instant of the fixtures.
const begin consent.Instant = 1_790_000_000_000_000

func digest(what string, n int) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), uint64(n)))
}

// key returns the key of subject n.
func key(n int) storage.SubjectKey {
	return storage.SubjectKey{Form: consent.Form(1 + n%4), Digest: digest("key", n)}
}

func keys(from, to int) []storage.SubjectKey {
	var all []storage.SubjectKey
	for n := from; n < to; n++ {
		all = append(all, key(n))
	}
	return all
}

// id returns the id of subject n. Ids ascend with n.
func id(n int) consent.SubjectID {
	var id consent.SubjectID
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	copy(id[8:], "subject!")
	return id
}

func subject(n int) storage.Subject {
	return storage.Subject{Key: key(n), ID: id(n), KeyVersion: 0xfedcba98, FoldVersion: 3, Address: []byte{byte(n), 0, 1, 255}}
}

func state(n int, position int64) storage.State {
	return storage.State{Subject: id(n), Position: position, Packed: []byte{1, byte(n), 0, byte(position)}}
}

func eventKey(position int64) consent.EventKey {
	sum := digest("event", int(position))
	return consent.EventKey(sum[:16])
}

// instant returns the time at which the event at the position was recorded.
func instant(position int64) consent.Instant { return begin + consent.Instant(position)*1_000_000 }

// record returns a grant of subject n at the position.
func record(position int64, n int) storage.Record {
	return recordOf(&consent.Event{
		Position: position, Recorded: instant(position), Occurred: instant(position) - 500_000, Subject: id(n), Actor: "shop",
		Key: eventKey(position), Batch: consent.BatchID{1, 2, byte(n)}, Evidence: digest("evidence", n),
		Facts: consent.Facts{Kind: consent.KindGrant, Channels: []string{"newsletter"}, Basis: "consent", Source: "web_form"},
	})
}

func recordOf(e *consent.Event) storage.Record {
	header := codec.AppendHeader(nil, e)
	leaf := sha256.Sum256(append([]byte{0}, header...))
	return storage.Record{
		Event: *e, Header: header, Evidence: []byte{0xee, byte(e.Position)}, LeafHash: leaf, TreeHashes: leaf[:],
	}
}

// catalogRecord returns an event without subject, evidence, batch and tree hashes.
func catalogRecord(position int64) storage.Record {
	r := recordOf(&consent.Event{
		Position: position, Recorded: instant(position), Occurred: instant(position), Actor: "admin", Key: eventKey(position),
		Facts: consent.Facts{Kind: consent.KindCatalog, CatalogVersion: 1, Document256: digest("catalog", 1)},
	})
	r.Evidence, r.TreeHashes = nil, nil
	return r
}

// head returns a head after the event at the position.
func head(position int64) storage.Head {
	h := storage.Head{
		StoreID: [16]byte{0xaa, 1, 2, 15: 0xff}, KeysCheck: []byte("keys check"), Position: position, CatalogVersion: 7,
		ClientsVersion: 8, Refs: 9, RefsSum: digest("refs", 1), CatalogsSum: digest("catalogs", 1),
		ListsSum: digest("lists", 1), DigestKeys: []uint32{4_000_000_000, 1}, FoldVersion: 2, Revision: 3, Undone: 4,
	}
	if position > 0 {
		h.Recorded = instant(position)
		sum := digest("tree", int(position))
		h.Tree = sum[:]
	}
	return h
}

func catalog(version int64) storage.Catalog {
	c := storage.Catalog{
		Version: version, Position: version + 10, Recorded: instant(version), SHA256: digest("catalog", int(version)),
		Document: fmt.Sprintf("version: %d # Grüße\n", version),
	}
	if version > 1 {
		c.Effective = instant(version + 1)
	}
	return c
}

func ref(number int32) storage.Ref {
	return storage.Ref{Number: number, Kind: consent.RefDeclaration, Name: fmt.Sprintf("terms@%d", number)}
}

func client(id string) tables.Client {
	return tables.Client{
		ID: id, Department: "marketing", AllDepartments: true, Scopes: []string{"check", "record"},
		Lists: []string{"ecg", "partner-x"}, KeyHash: digest(id, 0),
		Created: begin,
	}
}

// Each returns the statements of the rows.
func Each[Row any](of func(*Row) storage.Statement, rows ...Row) []storage.Statement {
	var statements []storage.Statement
	for i := range rows {
		statements = append(statements, of(&rows[i]))
	}
	return statements
}

func request(n int, expires consent.Instant) storage.Request {
	return storage.Request{ID: digest("request", n), BodyMAC: []byte{1, byte(n)}, Answer: []byte{2, byte(n)}, Expires: expires}
}

// Write stores changes.
func Write(t testing.TB, store storage.Store, changes *storage.Changes) {
	t.Helper()
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		return changes, nil
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
}

// load returns what a write sees.
func load(t testing.TB, store storage.Store, what storage.Load) *storage.Loaded {
	t.Helper()
	var loaded *storage.Loaded
	err := store.Write(t.Context(), what, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		loaded = tx.Loaded()
		return nil, nil
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return loaded
}

// NoError ends the test on an error.
func NoError(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// Same compares; nil and empty are the same.
func Same(t testing.TB, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return // Which is found a hundred times faster than that there is no difference.
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// states returns the subjects by key.
func states(t testing.TB, store storage.Store, keys []storage.SubjectKey) (storage.Head, map[storage.SubjectKey]storage.SubjectState) {
	t.Helper()
	head, found, err := store.States(t.Context(), keys)
	NoError(t, "States", err)
	byKey := map[storage.SubjectKey]storage.SubjectState{}
	for _, s := range found {
		if _, twice := byKey[s.Key]; twice {
			t.Errorf("States returned the key %v twice", s.Key)
		}
		byKey[s.Key] = s
	}
	return head, byKey
}
