package reference

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Names caches the references, which never change and are never taken back: the numbers that packed states use for names. Reads
// work on an immutable table, so that checks do not contend.
type Names struct {
	store storage.Reader
	table atomic.Pointer[Table]
}

type nameKey struct {
	kind consent.RefKind
	name string
}

// Table is the references up to a number. It implements codec.Names.
type Table struct {
	refs    []storage.Ref // by number - 1
	sums    [][32]byte    // of the references up to each
	numbers map[nameKey]int32
}

// sum returns the sum of the first n references, which the head holds of all: the numbers of another history are worth nothing, and may be
// as many.
func (t *Table) sum(n int) (sum [32]byte) {
	if n > 0 {
		sum = t.sums[n-1]
	}
	return sum
}

// sumRefs returns the sum of references that follow those of a sum.
func sumRefs(sum [32]byte, refs ...storage.Ref) [32]byte {
	for _, r := range refs {
		b := binary.BigEndian.AppendUint32(sum[:], uint32(r.Number))
		b = append(append(b, byte(r.Kind)), r.Name...)
		sum = sha256.Sum256(b)
	}
	return sum
}

// Fits reports whether the table has the references that the head counts.
func (t *Table) Fits(head *storage.Head) bool {
	n := int(head.Refs)
	return n <= len(t.refs) && (head.RefsSum == [32]byte{} || t.sum(n) == head.RefsSum)
}

func newNameCache(store storage.Reader) *Names {
	n := &Names{store: store}
	n.table.Store(&Table{})
	return n
}

// Number implements codec.Names.
func (t *Table) Number(kind consent.RefKind, name string) (int32, bool) {
	n, ok := t.numbers[nameKey{kind, name}]
	return n, ok
}

// Name implements codec.Names.
func (t *Table) Name(kind consent.RefKind, number int32) (string, bool) {
	if number < 1 || int(number) > len(t.refs) || t.refs[number-1].Kind != kind {
		return "", false
	}
	return t.refs[number-1].Name, true
}

// NewTable returns the table of all references of a store, by number.
func NewTable(refs []storage.Ref) (*Table, error) { return (&Table{}).extendedWith(refs) }

// extendedWith returns a table that has the refs, too, which follow its own without a gap.
func (t *Table) extendedWith(refs []storage.Ref) (*Table, error) {
	next := &Table{refs: slices.Clone(t.refs), sums: slices.Clone(t.sums), numbers: map[nameKey]int32{}}
	for _, r := range refs {
		if int(r.Number) != len(next.refs)+1 {
			return nil, fmt.Errorf("the references of the database have a gap before number %d", r.Number)
		}
		next.refs = append(next.refs, r)
		next.sums = append(next.sums, sumRefs(next.sum(len(next.sums)), r))
	}
	for _, r := range next.refs {
		next.numbers[nameKey{r.Kind, r.Name}] = r.Number
	}
	return next, nil
}

// NewNames are the names of a table and those that a transaction gives numbers. It implements codec.Names for packing.
type NewNames struct {
	table   *Table
	refs    []storage.Ref     // those added
	numbers map[nameKey]int32 // of refs
}

// Extend returns the names of the table, to which more can be given numbers.
func (t *Table) Extend() *NewNames { return &NewNames{table: t, numbers: map[nameKey]int32{}} }

// Sum returns the sum of all references, those added included.
func (n *NewNames) Sum() [32]byte { return sumRefs(n.table.sum(len(n.table.refs)), n.refs...) }

// Number implements codec.Names.
func (n *NewNames) Number(kind consent.RefKind, name string) (int32, bool) {
	if number, ok := n.table.Number(kind, name); ok {
		return number, true
	}
	number, ok := n.numbers[nameKey{kind, name}]
	return number, ok
}

// Name implements codec.Names.
func (n *NewNames) Name(kind consent.RefKind, number int32) (string, bool) {
	if at := int(number) - len(n.table.refs) - 1; at >= 0 && at < len(n.refs) && n.refs[at].Kind == kind {
		return n.refs[at].Name, true
	}
	return n.table.Name(kind, number)
}

// Added returns the references that were given numbers.
func (n *NewNames) Added() []storage.Ref { return n.refs }

// Add gives a name the next number, and reports whether it had none.
func (n *NewNames) Add(kind consent.RefKind, name string) bool {
	if _, ok := n.Number(kind, name); ok {
		return false
	}
	number := int32(len(n.table.refs) + len(n.refs) + 1)
	n.refs = append(n.refs, storage.Ref{Number: number, Kind: kind, Name: name})
	n.numbers[nameKey{kind, name}] = number
	return true
}

// Of returns a table that fits the head. Where the one that is cached is of another history, as after a backup was restored, all is read
// anew.
func (n *Names) Of(ctx context.Context, head *storage.Head) (*Table, error) {
	table := n.table.Load()
	if table.Fits(head) {
		return table, nil
	}
	if int(head.Refs) > len(table.refs) {
		_, refs, err := n.store.Refs(ctx, int32(len(table.refs)))
		if err != nil {
			return nil, env.StoreFault(err)
		}
		if table, err = n.Learn(refs); err != nil {
			return nil, err
		}
		if table.Fits(head) {
			return table, nil
		}
	}
	_, refs, err := n.store.Refs(ctx, 0)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	if table, err = NewTable(refs); err != nil {
		return nil, err
	}
	if !table.Fits(head) {
		return nil, env.OtherHistory()
	}
	n.table.Store(table)
	return table, nil
}

// OfLocked returns the table of a head that is locked: no other transaction has counted more.
func (n *Names) OfLocked(ctx context.Context, head *storage.Head) (*Table, error) {
	table, err := n.Of(ctx, head)
	if err != nil || len(table.refs) == int(head.Refs) {
		return table, err
	}
	if table, err = NewTable(table.refs[:head.Refs]); err == nil {
		n.table.Store(table)
	}
	return table, err
}

// Learn adds references that are committed.
func (n *Names) Learn(refs []storage.Ref) (*Table, error) {
	for {
		table := n.table.Load()
		for len(refs) > 0 && int(refs[0].Number) <= len(table.refs) {
			refs = refs[1:] // Another goroutine learnt it meanwhile.
		}
		if len(refs) == 0 {
			return table, nil
		}
		next, err := table.extendedWith(refs)
		if err != nil {
			return nil, err
		}
		if n.table.CompareAndSwap(table, next) {
			return next, nil
		}
	}
}
