package follow

import (
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
)

// headsOf returns the heads after each event of a history.
func headsOf(n int, leaf func(position int) byte) (heads []storage.Head, leaves [][ledger.HashSize]byte) {
	var tree ledger.Tree
	for i := range n + 1 {
		if i > 0 {
			sum := ledger.LeafHash([]byte{leaf(i)})
			tree.Append(sum)
			leaves = append(leaves, sum)
		}
		heads = append(heads, storage.Head{Position: int64(i), Revision: int64(10 + i), Tree: tree.Pack()})
	}
	return heads, leaves
}

func TestCursor_See_HeadsOfReadsAtTheSameTime_ComeInAnyOrder(t *testing.T) {
	t.Parallel()
	heads, leaves := headsOf(9, func(int) byte { return 1 })
	others, _ := headsOf(9, func(i int) byte { return byte(i / 5) }) // differs from 5 on, and before, too
	c, err := cursorAt(&heads[2])
	if err != nil {
		t.Fatal(err)
	}
	began := c.minimumMark()
	for _, at := range []int{7, 4, 9, 2, 4, 7} {
		if c, err = c.withSeenHead(&heads[at], began); err != nil {
			t.Fatalf("the head at %d: %v", at, err)
		}
	}
	if want := (storage.Mark{Position: 9, Revision: 19}); c.minimumMark() != want {
		t.Errorf("seen %v, want %v", c.minimumMark(), want)
	}
	for name, try := range map[string]struct {
		head  *storage.Head
		floor storage.Mark
	}{
		"a head behind one that was seen before the read began": {&heads[7], c.minimumMark()},
		"a revision behind":                   {&storage.Head{Position: 9, Revision: 18, Tree: heads[9].Tree}, c.minimumMark()},
		"another tree where the cursor is":    {&others[2], began},
		"another tree where a head was seen":  {&others[4], began},
		"another tree where the last head is": {&others[9], began},
		"another store":                       {&storage.Head{StoreID: [16]byte{1}, Position: 9, Revision: 19, Tree: heads[9].Tree}, began},
	} {
		if _, err := c.withSeenHead(try.head, try.floor); !errors.Is(err, errReload) {
			t.Errorf("%s: %v, want errReload", name, err)
		}
	}
	if _, err := c.advance(storage.MarkOf(&heads[9]), leaves[2:]); err != nil {
		t.Errorf("the way by all heads: %v", err)
	}
	off, err := c.withSeenHead(&others[6], began)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := off.advance(storage.MarkOf(&heads[9]), leaves[2:]); !errors.Is(err, errReload) {
		t.Errorf("a way past the head at 6 of another history: %v, want errReload", err)
	}
}
