// Package ledger is the proof that nothing recorded was altered: an RFC 6962 Merkle tree. Its leaves are the headers of the
// events. It is pure; the hashes are stored by package storage with each event.
package ledger

import (
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// HashSize is the size of a hash in bytes: SHA-256.
const HashSize = 32

// LeafHash returns the hash of the leaf with the bytes header (RFC 6962, section 2.1).
func LeafHash(header []byte) [HashSize]byte {
	return [HashSize]byte(rfc6962.DefaultHasher.HashLeaf(header))
}

// Tree is the compact range of a tree: enough to add leaves and to know the root. It is not safe for concurrent use.
type Tree struct {
	size   int64
	hashes [][]byte // of the largest complete subtrees, from left to right
}

// ParseTree returns the tree of size leaves from its compact range, as packed by [Tree.Pack].
func ParseTree(size int64, packed []byte) (*Tree, error) {
	if size < 0 || len(packed)%HashSize != 0 {
		return nil, errors.New("ledger: a compact range is not a sequence of hashes")
	}
	t := &Tree{size: size}
	for ; len(packed) > 0; packed = packed[HashSize:] {
		t.hashes = append(t.hashes, packed[:HashSize:HashSize])
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	if _, err := factory.NewRange(0, uint64(size), t.hashes); err != nil {
		return nil, fmt.Errorf("ledger: the compact range does not fit a tree of %d leaves: %w", size, err)
	}
	return t, nil
}

// Size returns the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Pack returns the compact range: the hashes of the largest complete subtrees from left to right.
func (t *Tree) Pack() []byte {
	packed := make([]byte, 0, len(t.hashes)*HashSize)
	for _, h := range t.hashes {
		packed = append(packed, h...)
	}
	return packed
}

// Append adds a leaf and returns the hashes of the subtrees that it completes, the smallest first.
func (t *Tree) Append(leaf [HashSize]byte) []byte {
	var completed []byte
	hash := leaf[:]
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.hashes) - 1
		hash = rfc6962.DefaultHasher.HashChildren(t.hashes[last], hash)
		t.hashes = t.hashes[:last]
		completed = append(completed, hash...)
	}
	t.hashes = append(t.hashes, hash)
	t.size++
	return completed
}

// Root returns the root of the tree; of an empty tree the hash of nothing (RFC 6962, section 2.1).
func (t *Tree) Root() [HashSize]byte {
	if t.size == 0 {
		return [HashSize]byte(rfc6962.DefaultHasher.EmptyRoot())
	}
	root := t.hashes[len(t.hashes)-1]
	for i := len(t.hashes) - 2; i >= 0; i-- {
		root = rfc6962.DefaultHasher.HashChildren(t.hashes[i], root)
	}
	return [HashSize]byte(root)
}
