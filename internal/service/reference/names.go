package reference

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Names caches the references, which never change and are never taken back: the numbers that packed states use for names. Reads
// work on an immutable table, so that checks do not contend.
type Names struct {
	store storage.Reader
	table atomic.Pointer[Table] // replaced under mu only
	mu    sync.Mutex
}

type nameKey struct {
	kind consent.RefKind
	name string
}

// Table is the references up to a number. It implements codec.Names. Tables of which one extends the other share what both have, so that to
// add a name costs the same however many there are: a table can be extended once.
type Table struct {
	refs    []storage.Ref // by number - 1
	sums    [][32]byte    // of the references up to each
	goods   int           // how many of refs are kinds of goods
	numbers *numbering    // nil: refs is empty
}

// numbering finds the numbers of names. It may have more names than the tables that share it.
type numbering struct {
	mu     sync.RWMutex
	byName map[nameKey]int32
}

// add adds the number of a name, unless it has one: a table of another history must not take it from those that share the numbers.
func (n *numbering) add(ref *storage.Ref) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := nameKey{ref.Kind, ref.Name}
	if _, ok := n.byName[key]; !ok {
		n.byName[key] = ref.Number
	}
}

func (n *numbering) number(key nameKey) int32 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.byName[key]
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
	if t.numbers == nil {
		return 0, false
	}
	n := t.numbers.number(nameKey{kind, name})
	if n == 0 || int(n) > len(t.refs) {
		return 0, false
	}
	return n, true
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

// extendedWith returns a table that has the refs, too, which follow its own without a gap. It is called once for a table at most, for what it
// adds stands behind that table in memory that both share.
func (t *Table) extendedWith(refs []storage.Ref) (*Table, error) {
	for i := range refs {
		if number := len(t.refs) + i + 1; int(refs[i].Number) != number {
			return nil, fmt.Errorf("the references of the database have a gap before number %d", refs[i].Number)
		}
	}
	next := &Table{refs: append(t.refs, refs...), sums: t.sums, goods: t.goods, numbers: t.numbers}
	if next.numbers == nil {
		next.numbers = &numbering{byName: make(map[nameKey]int32, len(refs))}
	}
	for i := range refs {
		next.sums = append(next.sums, sumRefs(next.sum(len(next.sums)), refs[i]))
		next.numbers.add(&refs[i])
		if refs[i].Kind == consent.RefGoods {
			next.goods++
		}
	}
	return next, nil
}

// NewNames are the names of a table and those that a transaction gives numbers. It implements codec.Names for packing.
type NewNames struct {
	table   *Table
	refs    []storage.Ref     // those added
	goods   int               // how many of refs are kinds of goods
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
	if kind == consent.RefGoods {
		n.goods++
	}
	n.numbers[nameKey{kind, name}] = number
	return true
}

// Goods returns how many kinds of goods have numbers.
func (n *NewNames) Goods() int { return n.table.goods + n.goods }

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
	n.replace(table)
	return table, nil
}

// replace caches a table that shares nothing with the one that is cached.
func (n *Names) replace(table *Table) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.table.Store(table)
}

// OfLocked returns the table of a head that is locked: no other transaction has counted more.
func (n *Names) OfLocked(ctx context.Context, head *storage.Head) (*Table, error) {
	table, err := n.Of(ctx, head)
	if err != nil || len(table.refs) == int(head.Refs) {
		return table, err
	}
	if table, err = NewTable(table.refs[:head.Refs]); err == nil {
		n.replace(table)
	}
	return table, err
}

// Learn adds references that are committed.
func (n *Names) Learn(refs []storage.Ref) (*Table, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
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
	n.table.Store(next)
	return next, nil
}
