package ledger

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// log is a ledger as it is stored: the hashes by position, and the root at every size.
type log struct {
	stored map[int64]NodeHashes
	roots  [][HashSize]byte
}

func newLog(t *testing.T, size int64) *log {
	t.Helper()
	tree, err := ParseTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &log{stored: map[int64]NodeHashes{}, roots: [][HashSize]byte{tree.Root()}}
	for position := range size {
		leaf := leafOf(position + 1)
		l.stored[position+1] = NodeHashes{Leaf: leaf, Tree: tree.Append(leaf)}
		l.roots = append(l.roots, tree.Root())
	}
	return l
}

func leafOf(position int64) [HashSize]byte { return LeafHash(fmt.Appendf(nil, "header %d", position)) }

func (l *log) read(positions []int64) (map[int64]NodeHashes, error) {
	found := map[int64]NodeHashes{}
	for _, p := range positions {
		if h, ok := l.stored[p]; ok {
			found[p] = h
		}
	}
	return found, nil
}

func TestProofs_AreAcceptedByAnotherImplementation_AtManySizes(t *testing.T) {
	const size = 70
	l := newLog(t, size)
	for to := int64(1); to <= size; to++ {
		root, err := Reader(l.read).Root(to)
		if err != nil || root != l.roots[to] {
			t.Fatalf("root at %d: %x, %v", to, root, err)
		}
		for from := int64(1); from <= to; from++ {
			proof, err := Reader(l.read).ProveEntry(from, to)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(toLog(proof), to, l.roots[to], from-1, leafOf(from)); err != nil {
				t.Errorf("position %d of %d: %v", from, to, err)
			}
			if err := CheckEntry(proof, from, leafOf(from), to, l.roots[to]); err != nil {
				t.Error(err)
			}
			if err := CheckEntry(proof, from, leafOf(from+1), to, l.roots[to]); err == nil {
				t.Errorf("position %d of %d was proven for another leaf", from, to)
			}
			proof, err = Reader(l.read).ProveConsistency(from, to)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(toLog(proof), to, l.roots[to], from, l.roots[from]); err != nil {
				t.Errorf("from %d to %d: %v", from, to, err)
			}
			if err := CheckConsistency(proof, from, l.roots[from], to, l.roots[to]); err != nil {
				t.Error(err)
			}
			if err := CheckConsistency(proof, from, l.roots[from-1], to, l.roots[to]); err == nil {
				t.Errorf("from %d to %d was proven for another root", from, to)
			}
		}
	}
}

func TestProofs_ReadFewRows(t *testing.T) {
	const size = 1 << 40 // More than any ledger has; no row of it is made.
	read := 0
	reader := Reader(func(positions []int64) (map[int64]NodeHashes, error) {
		found := map[int64]NodeHashes{}
		for _, p := range positions {
			read++
			if p < 1 || p > size {
				t.Errorf("position %d is read", p)
			}
			found[p] = NodeHashes{Tree: make([]byte, 64*HashSize)}
		}
		return found, nil
	})
	for _, position := range []int64{1, size/3 + 1, size} {
		if _, err := reader.ProveEntry(position, size-1); position < size && err != nil {
			t.Error(err)
		}
		if _, err := reader.ProveConsistency(position, size); err != nil {
			t.Error(err)
		}
	}
	if read > 5*80 {
		t.Errorf("five proofs read %d rows", read)
	}
}

func TestReader_HashThatIsNotStored_IsAnError(t *testing.T) {
	l := newLog(t, 8)
	cut := l.stored[4]
	cut.Tree = cut.Tree[:HashSize]
	l.stored[4] = cut
	if _, err := Reader(l.read).Root(8); err != nil {
		t.Fatal(err)
	}
	if _, err := Reader(l.read).ProveEntry(5, 8); err == nil {
		t.Error("a proof was made without the hash of positions 1 to 4")
	}
	delete(l.stored, 2)
	if _, err := Reader(l.read).ProveEntry(1, 8); err == nil {
		t.Error("a proof was made without the hash of position 2")
	}
	broken := errors.New("no database")
	if _, err := Reader(func([]int64) (map[int64]NodeHashes, error) { return nil, broken }).Root(8); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of reading", err)
	}
}

func TestCheck_SizesThatCannotBe_AreRefused(t *testing.T) {
	const huge = 1<<63 - 1
	for _, c := range [][2]int64{{0, 5}, {6, 5}, {1, huge}, {huge, huge}, {-1, -1}} {
		if CheckEntry(nil, c[0], [HashSize]byte{}, c[1], [HashSize]byte{}) == nil {
			t.Errorf("position %d of %d was accepted", c[0], c[1])
		}
		if CheckConsistency(nil, c[0], [HashSize]byte{}, c[1], [HashSize]byte{}) == nil {
			t.Errorf("sizes %d to %d were accepted", c[0], c[1])
		}
	}
}
