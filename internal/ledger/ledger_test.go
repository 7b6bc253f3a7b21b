package ledger

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// hashes is the store of another implementation of the same tree.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = h[at]
	}
	return out, nil
}

func TestAppend_AgreesWithAnotherImplementation(t *testing.T) {
	tree, err := ParseTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	var stored hashes
	for n := range int64(300) {
		header := fmt.Appendf(nil, "header %d", n)
		want, err := tlog.StoredHashes(n, header, stored)
		if err != nil {
			t.Fatal(err)
		}
		leaf := LeafHash(header)
		completed := tree.Append(leaf)
		got := append(leaf[:], completed...)
		if !bytes.Equal(got, flatten(want)) {
			t.Fatalf("leaf %d: stored hashes differ", n)
		}
		stored = append(stored, want...)
		root, err := tlog.TreeHash(n+1, stored)
		if err != nil {
			t.Fatal(err)
		}
		if tree.Root() != root {
			t.Fatalf("size %d: roots differ", n+1)
		}
		if tree, err = ParseTree(n+1, tree.Pack()); err != nil {
			t.Fatalf("size %d: %v", n+1, err)
		}
	}
	if tree.Size() != 300 {
		t.Errorf("size %d, want 300", tree.Size())
	}
}

func flatten(list []tlog.Hash) []byte {
	var b []byte
	for _, h := range list {
		b = append(b, h[:]...)
	}
	return b
}

func TestRoot_EmptyTree(t *testing.T) {
	tree, _ := ParseTree(0, nil)
	want, err := tlog.TreeHash(0, hashes{})
	if err != nil {
		t.Fatal(err)
	}
	if tree.Root() != want {
		t.Error("root of the empty tree is not the hash of nothing")
	}
}

func TestParseTree_RefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		size int64
		n    int
	}{{-1, 0}, {0, HashSize}, {1, 0}, {3, HashSize}, {2, HashSize + 1}} {
		if _, err := ParseTree(c.size, make([]byte, c.n)); err == nil {
			t.Errorf("size %d with %d bytes was accepted", c.size, c.n)
		}
	}
}
