package txn

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// restatedRow is how many positions a row has at most.
const restatedRow = 1000

// restated is which batches state, as the transaction has left it so far, what events of other batches have recorded.
type restated struct {
	noted  map[consent.BatchID]map[int64]bool // by this transaction
	stored map[int64][]consent.BatchID        // of the positions that were asked for
}

// note notes that a batch states what the event at a position does, and reports whether the transaction had not noted it yet.
func (r *restated) note(batch consent.BatchID, position int64) bool {
	if r.noted[batch][position] {
		return false
	}
	if r.noted == nil {
		r.noted = map[consent.BatchID]map[int64]bool{}
	}
	if r.noted[batch] == nil {
		r.noted[batch] = map[int64]bool{}
	}
	r.noted[batch][position] = true
	return true
}

// load reads the batches that state what the events at positions do, unless it has read them.
func (r *restated) load(ctx context.Context, tx storage.TableReader, positions []int64) error {
	positions = slices.DeleteFunc(slices.Clone(positions), func(position int64) bool { _, read := r.stored[position]; return read })
	slices.Sort(positions)
	if r.stored == nil {
		r.stored = map[int64][]consent.BatchID{}
	}
	for _, position := range positions {
		r.stored[position] = nil
	}
	return tables.RestatedAt(ctx, tx, positions, r.stored)
}

// batches returns the batches that state what the event at one of the positions does, in the order of their ids, once these were loaded.
func (r *restated) batches(positions ...int64) []consent.BatchID {
	var all []consent.BatchID
	for _, position := range positions {
		all = append(all, r.stored[position]...)
		for batch, noted := range r.noted {
			if noted[position] {
				all = append(all, batch)
			}
		}
	}
	slices.SortFunc(all, compareBatches)
	return slices.Compact(all)
}

// statements stores what was noted.
func (r *restated) statements() []storage.Statement {
	var all []storage.Statement
	for _, batch := range slices.SortedFunc(maps.Keys(r.noted), compareBatches) {
		for row := range slices.Chunk(slices.Sorted(maps.Keys(r.noted[batch])), restatedRow) {
			all = append(all, tables.PutRestated(&tables.Restated{Batch: batch, Positions: row}))
		}
	}
	return all
}

func compareBatches(a, b consent.BatchID) int { return bytes.Compare(a[:], b[:]) }
