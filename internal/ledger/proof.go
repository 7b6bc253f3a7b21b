package ledger

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// maxSize is beyond every ledger; package tlog does not come to an end with sizes near the largest number.
const maxSize = 1 << 60

// NodeHashes are the hashes that are stored with an event: that of its leaf, and those of the complete subtrees that end with
// it, the smallest first.
type NodeHashes struct {
	Leaf [HashSize]byte
	Tree []byte
}

// Reader returns the hashes that are stored with the events at the positions.
type Reader func(positions []int64) (map[int64]NodeHashes, error)

// ReadHashes implements tlog.HashReader: it finds the nodes of the tree with the events that complete them.
func (r Reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	positions := make([]int64, len(indexes))
	for i, index := range indexes {
		positions[i], _ = nodeAt(index)
	}
	slices.Sort(positions)
	stored, err := r(slices.Compact(positions))
	if err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		position, level := nodeAt(index)
		with, ok := stored[position]
		switch {
		case ok && level == 0:
			hashes[i] = with.Leaf
		case ok && level > 0 && len(with.Tree) >= level*HashSize:
			hashes[i] = tlog.Hash(with.Tree[(level-1)*HashSize : level*HashSize])
		default:
			return nil, fmt.Errorf("ledger: the hash of level %d is not stored with position %d", level, position)
		}
	}
	return hashes, nil
}

// nodeAt returns the position of the event that completes the node with the index of package tlog, and its level.
func nodeAt(index int64) (position int64, level int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n + 1) << level, level
}

// Root returns the root of the tree at the size, from the stored hashes.
func (r Reader) Root(size int64) ([HashSize]byte, error) {
	return tlog.TreeHash(size, r)
}

// ProveEntry returns the proof that the event at the position is in the tree of the size, 1 ≤ position ≤ size (RFC 6962, section
// 2.1.1).
func (r Reader) ProveEntry(position, size int64) ([][HashSize]byte, error) {
	proof, err := tlog.ProveRecord(size, position-1, r)
	return fromLog(proof), err
}

// ProveConsistency returns the proof that the tree of size to begins with that of size from, 1 ≤ from ≤ to (RFC 6962, section
// 2.1.2).
func (r Reader) ProveConsistency(from, to int64) ([][HashSize]byte, error) {
	proof, err := tlog.ProveTree(to, from, r)
	return fromLog(proof), err
}

// CheckEntry returns an error unless the proof shows that the leaf is that of the position in the tree of the size and root.
func CheckEntry(proof [][HashSize]byte, position int64, leaf [HashSize]byte, size int64, root [HashSize]byte) error {
	if position < 1 || position > size || size > maxSize {
		return fmt.Errorf("ledger: a tree of %d events has no position %d", size, position)
	}
	if err := tlog.CheckRecord(toLog(proof), size, root, position-1, leaf); err != nil {
		return fmt.Errorf("ledger: the proof is not valid for position %d in the tree of %d events", position, size)
	}
	return nil
}

// CheckConsistency returns an error unless the proof shows that the tree of size to begins with that of size from.
func CheckConsistency(proof [][HashSize]byte, from int64, fromRoot [HashSize]byte, to int64, toRoot [HashSize]byte) error {
	if from < 1 || from > to || to > maxSize {
		return fmt.Errorf("ledger: a tree of %d events cannot begin with one of %d", to, from)
	}
	if err := tlog.CheckTree(toLog(proof), to, toRoot, from, fromRoot); err != nil {
		return fmt.Errorf("ledger: the proof does not hold: the tree of %d events does not begin with that of %d", to, from)
	}
	return nil
}

func fromLog(hashes []tlog.Hash) [][HashSize]byte {
	out := make([][HashSize]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out
}

func toLog(hashes [][HashSize]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out
}
