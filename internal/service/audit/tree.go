package audit

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assent-io/assent/internal/ledger"
)

// knownTree is the ledger's tree as a verification makes it anew: its largest complete subtrees from left to right. Where an event
// is missing the hashes above it are unknown, until one that is stored with a later event takes their place; so one event that is
// missing hides nothing else that is wrong, and is reported once.
type knownTree struct {
	size  int64
	nodes []knownNode
}

type knownNode struct {
	hash  tlog.Hash
	known bool
}

// append adds a leaf with the hashes stored with it, and returns false, and the first position that they are about, if these do
// not fit. Then the stored hash goes on in place of the one made.
func (t *knownTree) append(leaf [ledger.HashSize]byte, stored []byte) (from int64, ok bool) {
	return t.add(knownNode{hash: leaf, known: true}, stored)
}

// appendUnknown adds a leaf of which nothing is known.
func (t *knownTree) appendUnknown() { t.add(knownNode{}, nil) }

func (t *knownTree) add(node knownNode, stored []byte) (from int64, ok bool) {
	ok = true
	completes := bits.TrailingZeros64(uint64(t.size + 1))
	if node.known && len(stored) != completes*ledger.HashSize {
		from, ok = t.size+1, false
		stored = nil
	}
	for level := range completes {
		left := t.nodes[len(t.nodes)-1]
		t.nodes = t.nodes[:len(t.nodes)-1]
		made := knownNode{known: left.known && node.known}
		if made.known {
			made.hash = tlog.NodeHash(left.hash, node.hash)
		}
		if len(stored) > 0 {
			there := tlog.Hash(stored[level*ledger.HashSize:])
			if made.known && made.hash != there && ok {
				from, ok = t.size+2-int64(2)<<level, false
			}
			made = knownNode{hash: there, known: true}
		}
		node = made
	}
	t.nodes = append(t.nodes, node)
	t.size++
	return from, ok
}

// root returns the root, and whether it is known.
func (t *knownTree) root() (root [ledger.HashSize]byte, known bool) {
	if len(t.nodes) == 0 {
		root, err := tlog.TreeHash(0, nil)
		return root, err == nil
	}
	node := t.nodes[len(t.nodes)-1]
	for i := len(t.nodes) - 2; i >= 0; i-- {
		node.known = node.known && t.nodes[i].known
		node.hash = tlog.NodeHash(t.nodes[i].hash, node.hash)
	}
	return node.hash, node.known
}
