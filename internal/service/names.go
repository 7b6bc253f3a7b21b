package service

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// names caches the references, which never change and are never taken back: the numbers that packed states use for names. Reads
// work on an immutable table, so that checks do not contend.
type names struct {
	store storage.Reader
	table atomic.Pointer[nameTable]
}

type nameKey struct {
	kind consent.RefKind
	name string
}

// nameTable is the references up to a number. It implements consent.Names.
type nameTable struct {
	refs    []storage.Ref // by number - 1
	numbers map[nameKey]int32
}

func newNameCache(store storage.Reader) *names {
	n := &names{store: store}
	n.table.Store(&nameTable{})
	return n
}

// Number implements consent.Names.
func (t *nameTable) Number(kind consent.RefKind, name string) (int32, bool) {
	n, ok := t.numbers[nameKey{kind, name}]
	return n, ok
}

// Name implements consent.Names.
func (t *nameTable) Name(kind consent.RefKind, number int32) (string, bool) {
	if number < 1 || int(number) > len(t.refs) || t.refs[number-1].Kind != kind {
		return "", false
	}
	return t.refs[number-1].Name, true
}

// with returns a table that has the refs, too, which follow its own without a gap.
func (t *nameTable) with(refs []storage.Ref) (*nameTable, error) {
	next := &nameTable{refs: append(make([]storage.Ref, 0, len(t.refs)+len(refs)), t.refs...), numbers: map[nameKey]int32{}}
	for _, r := range refs {
		if int(r.Number) != len(next.refs)+1 {
			return nil, fmt.Errorf("the references of the database have a gap before number %d", r.Number)
		}
		next.refs = append(next.refs, r)
	}
	for _, r := range next.refs {
		next.numbers[nameKey{r.Kind, r.Name}] = r.Number
	}
	return next, nil
}

// newNames are the names of a table and those that a transaction gives numbers. It implements consent.Names for packing.
type newNames struct {
	table   *nameTable
	refs    []storage.Ref
	numbers map[nameKey]int32 // of refs
}

// Number implements consent.Names.
func (n *newNames) Number(kind consent.RefKind, name string) (int32, bool) {
	if number, ok := n.table.Number(kind, name); ok {
		return number, true
	}
	number, ok := n.numbers[nameKey{kind, name}]
	return number, ok
}

// Name implements consent.Names.
func (n *newNames) Name(kind consent.RefKind, number int32) (string, bool) {
	if at := int(number) - len(n.table.refs) - 1; at >= 0 && at < len(n.refs) && n.refs[at].Kind == kind {
		return n.refs[at].Name, true
	}
	return n.table.Name(kind, number)
}

// give gives a name the next number, and reports whether it had none.
func (n *newNames) give(kind consent.RefKind, name string) bool {
	if _, ok := n.Number(kind, name); ok {
		return false
	}
	number := int32(len(n.table.refs) + len(n.refs) + 1)
	n.refs = append(n.refs, storage.Ref{Number: number, Kind: kind, Name: name})
	n.numbers[nameKey{kind, name}] = number
	return true
}

// refresh reads the references that came since.
func (n *names) refresh(ctx context.Context) (*nameTable, error) {
	table := n.table.Load()
	_, refs, err := n.store.Refs(ctx, int32(len(table.refs)))
	if err != nil {
		return nil, fault(err)
	}
	return n.learn(refs)
}

// learn adds references that are committed.
func (n *names) learn(refs []storage.Ref) (*nameTable, error) {
	for {
		table := n.table.Load()
		for len(refs) > 0 && int(refs[0].Number) <= len(table.refs) {
			refs = refs[1:] // Somebody else learnt it meanwhile.
		}
		if len(refs) == 0 {
			return table, nil
		}
		next, err := table.with(refs)
		if err != nil {
			return nil, err
		}
		if n.table.CompareAndSwap(table, next) {
			return next, nil
		}
	}
}
