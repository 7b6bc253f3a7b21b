package restated

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// inRow is how many positions a row has at most.
const inRow = 1000

// Notes are which batches state, as the transaction has left it so far, what events of other batches have recorded.
type Notes struct {
	noted  map[consent.BatchID]map[int64]bool // by this transaction
	stored map[int64][]consent.BatchID        // of the positions that were asked for
}

// Note notes that a batch states what the event at a position does, and reports whether the transaction had not noted it yet.
func (n *Notes) Note(batch consent.BatchID, position int64) bool {
	if n.noted[batch][position] {
		return false
	}
	if n.noted == nil {
		n.noted = map[consent.BatchID]map[int64]bool{}
	}
	if n.noted[batch] == nil {
		n.noted[batch] = map[int64]bool{}
	}
	n.noted[batch][position] = true
	return true
}

// Load reads the batches that state what the events at positions do, unless it has read them.
func (n *Notes) Load(ctx context.Context, tx storage.TableReader, positions []int64) error {
	positions = slices.DeleteFunc(slices.Clone(positions), func(position int64) bool { _, read := n.stored[position]; return read })
	slices.Sort(positions)
	if n.stored == nil {
		n.stored = map[int64][]consent.BatchID{}
	}
	for _, position := range positions {
		n.stored[position] = nil
	}
	return tables.RestatedAt(ctx, tx, positions, n.stored)
}

// Batches returns the batches that state what the event at one of the positions does, in the order of their ids, once these were loaded.
func (n *Notes) Batches(positions ...int64) []consent.BatchID {
	var all []consent.BatchID
	for _, position := range positions {
		all = append(all, n.stored[position]...)
		for batch, noted := range n.noted {
			if noted[position] {
				all = append(all, batch)
			}
		}
	}
	slices.SortFunc(all, compareBatches)
	return slices.Compact(all)
}

// Statements stores what was noted.
func (n *Notes) Statements() []storage.Statement {
	var all []storage.Statement
	for _, batch := range slices.SortedFunc(maps.Keys(n.noted), compareBatches) {
		for row := range slices.Chunk(slices.Sorted(maps.Keys(n.noted[batch])), inRow) {
			all = append(all, tables.PutRestated(&tables.Restated{Batch: batch, Positions: row}))
		}
	}
	return all
}

func compareBatches(a, b consent.BatchID) int { return bytes.Compare(a[:], b[:]) }
