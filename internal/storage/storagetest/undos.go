package storagetest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func undoTests() []Test {
	return []Test{
		{"Load_Events_AreAllWithTheKey_EachOnce_WithTheirBatches", testLoadEventsOfAKey},
		{"Tx_Batch_IsThatOfTheReader", testTxBatch},
	}
}

// testLoadEventsOfAKey records a fact four times, with a batch of its own each time: the undo of one leaves the others.
func testLoadEventsOfAKey(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	var records []storage.Record
	for position := int64(4); position <= 6; position++ {
		e := record(position, 1).Event
		e.Key, e.Batch = eventKey(1), consent.BatchID{byte(position)}
		records = append(records, recordOf(&e))
	}
	void := consent.Event{
		Position: 7, Recorded: instant(7), Occurred: instant(7), Subject: id(2), Actor: "officer", Key: eventKey(7),
		Facts: consent.Facts{Kind: consent.KindVoid, VoidPosition: 2},
	}
	Write(t, store, &storage.Changes{Head: head(7), Records: append(records, recordOf(&void))})
	one, two := storage.EventRef{Subject: key(1), Key: eventKey(1)}, storage.EventRef{Subject: key(2), Key: eventKey(2)}
	got := load(t, store, storage.Load{Events: []storage.EventRef{one, two, one}})
	Same(t, "the events", got.Events, map[storage.EventRef][]storage.BatchedAt{
		one: {
			{Position: 1, Batch: record(1, 1).Event.Batch},
			{Position: 4, Batch: consent.BatchID{4}},
			{Position: 5, Batch: consent.BatchID{5}},
			{Position: 6, Batch: consent.BatchID{6}},
		},
		two: {{Position: 2, Batch: record(2, 2).Event.Batch, Void: true}},
	})
}

func testTxBatch(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 1)
	batch := record(1, 1).Event.Batch
	for _, after := range []int64{0, 1, 3, 4} {
		want, err := store.Batch(t.Context(), batch, after, 2)
		NoError(t, "Batch", err)
		err = store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
			got, err := tx.Batch(ctx, batch, after, 2)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %d (-reader +transaction):\n%s", after, diff)
			}
			return nil, err //nolint:nilnil // Nothing is what the port takes for no changes.
		})
		NoError(t, "Write", err)
	}
}
