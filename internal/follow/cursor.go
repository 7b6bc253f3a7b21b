package follow

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
)

// cursor is the position up to which a follower has read, with the tree of the ledger up to there. It is immutable:
// advancing it returns a new cursor.
type cursor struct {
	store      [16]byte
	mark       storage.Mark
	packedTree []byte // the tree

	// States are read as of a head that may be ahead of the cursor. If the database loses what it had, that head is on no way any more,
	// and what was read as of it is not true. So the cursor has to come by every head that was seen.
	seenHeads []seenHead
	revision  int64 // the highest that was seen
}

type seenHead struct {
	position int64
	tree     []byte
}

func cursorAt(head *storage.Head) (cursor, error) {
	if _, err := ledger.ParseTree(head.Position, head.Tree); err != nil {
		return cursor{}, fmt.Errorf("the head of the ledger: %w", err)
	}
	return cursor{store: head.StoreID, mark: storage.MarkOf(head), packedTree: bytes.Clone(head.Tree), revision: head.Revision}, nil
}

// minimumMark returns what a head may not be below that is read from now on.
func (c cursor) minimumMark() storage.Mark {
	return storage.Mark{Position: c.latestSeenHead().position, Revision: c.revision}
}

func (c cursor) latestSeenHead() seenHead {
	if n := len(c.seenHeads); n > 0 {
		return c.seenHeads[n-1]
	}
	return seenHead{c.mark.Position, c.packedTree}
}

// withSeenHead returns the cursor having seen a head, of a read that began when the mark had been seen. The error is
// errReload if that cannot be one of the same history. Reads at the same time may see heads in any order.
func (c cursor) withSeenHead(head *storage.Head, floor storage.Mark) (cursor, error) {
	switch {
	case head.StoreID != c.store:
		return c, fmt.Errorf("%w: the database holds another store", errReload)
	case !storage.MarkOf(head).Reaches(floor):
		return c, fmt.Errorf("%w: the database is at position %d and revision %d, and was at %d and %d already",
			errReload, head.Position, head.Revision, floor.Position, floor.Revision)
	}
	c.revision = max(c.revision, head.Revision)
	if head.Position == c.mark.Position {
		return c, sameTree(head, c.packedTree)
	}
	i, found := slices.BinarySearchFunc(c.seenHeads, head.Position, func(m seenHead, at int64) int { return cmp.Compare(m.position, at) })
	if found {
		return c, sameTree(head, c.seenHeads[i].tree)
	}
	c.seenHeads = slices.Insert(slices.Clone(c.seenHeads), i, seenHead{head.Position, bytes.Clone(head.Tree)})
	return c, nil
}

func sameTree(head *storage.Head, tree []byte) error {
	if !bytes.Equal(head.Tree, tree) {
		return historyDiffers(head.Position)
	}
	return nil
}

func historyDiffers(position int64) error {
	return fmt.Errorf("%w: the events up to position %d are others than those that the index followed", errReload, position)
}

// advance returns the cursor moved over the leaves.
func (c cursor) advance(mark storage.Mark, leaves [][ledger.HashSize]byte) (cursor, error) {
	c.mark.Revision = mark.Revision
	if len(leaves) == 0 {
		return c, nil
	}
	tree, err := ledger.ParseTree(c.mark.Position, c.packedTree)
	if err != nil {
		return c, err
	}
	for _, leaf := range leaves {
		tree.Append(leaf)
		if len(c.seenHeads) == 0 || c.seenHeads[0].position != tree.Size() {
			continue
		}
		if !bytes.Equal(c.seenHeads[0].tree, tree.Pack()) {
			return c, historyDiffers(tree.Size())
		}
		c.seenHeads = c.seenHeads[1:]
	}
	c.packedTree, c.mark.Position = tree.Pack(), tree.Size()
	return c, nil
}

// followStep is what one read brought.
type followStep struct {
	head   storage.Head
	states []storage.KeyedState
	to     cursor
	all    bool // the cursor is at the head
}

// readStep reads what comes after the cursor, of so many events at most. The error errReload says that the database
// does not continue the history that led to the cursor, or cannot tell how.
func (f *Follower) readStep(ctx context.Context, c cursor, limit int) (followStep, error) {
	head, news, err := f.source.Follow(ctx, c.mark, limit)
	if err != nil {
		return followStep{}, err
	}
	to, err := c.withSeenHead(&head, c.minimumMark())
	if err != nil {
		return followStep{}, err
	}
	if err := isPlausible(c.mark, &head, &news); err != nil {
		return followStep{}, err
	}
	if to, err = to.advance(news.Mark, news.Leaves); err != nil {
		return followStep{}, err
	}
	return followStep{head, news.States, to, to.mark == storage.MarkOf(&head)}, nil
}

// isPlausible reports whether news can follow a mark. The tree then proves that they do.
func isPlausible(from storage.Mark, head *storage.Head, news *storage.News) error {
	to := news.Mark
	switch {
	case news.Reload:
		return fmt.Errorf("%w: the database does not know any more what changed since revision %d", errReload, from.Revision)
	case to.Position-from.Position != int64(len(news.Leaves)):
		return fmt.Errorf("%w: from position %d to %d the database has %d events", errReload, from.Position, to.Position, len(news.Leaves))
	case to.Position > head.Position || to.Revision > head.Revision || to.Revision < from.Revision:
		return fmt.Errorf("%w: the news of the database are not between position %d and its head", errReload, from.Position)
	case to == from && to != storage.MarkOf(head):
		return fmt.Errorf("%w: the database does not tell what comes after position %d", errReload, from.Position)
	}
	return nil
}
