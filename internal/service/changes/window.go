package changes

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// window is a part of the ledger with all that it changed, the same for every reader.
type window struct {
	read     consent.Instant // before the head was
	head     storage.Head
	from, to storage.Mark
	root     [ledger.HashSize]byte // of the ledger at its end
	leaves   [][32]byte            // of its events
	versions []reference.CatalogVersion
	catalog  *reference.CatalogVersion // in force
	undone   bool                      // an undo took effect in it, which may have changed any answer
	lists    *extlist.Consulted        // in force
	cards    []cards.Card
	removals []removal
	dropped  storage.Mark // up to which erased addresses were deleted once the removals were read
}

// more reports whether the ledger has more than the window.
func (w *window) more() bool { return !w.to.Reaches(storage.MarkOf(&w.head)) }

// windowLimit is how much a window has at most.
type windowLimit struct {
	events int
	named  int // subjects with rows that changed, unless one revision has more
}

// readWindow reads what changed after a mark, up to a limit. What the ledger has
// after the window does not count. If an erasure rewrites subjects while it reads, some cards may be of neither before nor after it: they are
// told whole in the window that has the erasure or its revision, for the mark of this one is from before. Errors: OTHER_HISTORY,
// POSITION_COMPACTED.
func (f *Feed) readWindow(ctx context.Context, from storage.Mark, limit windowLimit) (*window, error) {
	read := f.Instant()
	head, news, err := f.Store.Follow(ctx, from, limit.events)
	if err != nil {
		return nil, err
	}
	var named []storage.SubjectKey
	if upTo := head.Revision; storage.MarkOf(&head).Reaches(from) && !news.Reload && news.Mark.Revision != from.Revision {
		if named, upTo, err = tables.RereadSubjects(ctx, f.Store, from.Revision, upTo, limit.named); err != nil {
			return nil, err
		}
		// Without what the rest of the revisions names.
		if head, news, err = f.Store.Follow(ctx, storage.Mark{Position: from.Position, Revision: head.Revision}, limit.events); err != nil {
			return nil, err
		}
		news.Mark.Revision = upTo
	}
	if !storage.MarkOf(&head).Reaches(from) {
		return nil, otherHistory("the database was replaced by an older one")
	}
	if news.Reload {
		return nil, compacted("what changed since cannot be told any more")
	}
	if err := env.CheckKeys(f.Keys, &head); err != nil {
		return nil, err
	}
	w := &window{read: read, head: head, from: from, to: news.Mark, leaves: news.Leaves}
	if err := f.putCatalog(ctx, w); err != nil {
		return nil, err
	}
	if w.to == from {
		return w, nil
	}
	if w.undone, err = f.cards.HasUndo(ctx, &w.head, cards.Part{After: w.from.Position, UpTo: w.to.Position}); err != nil {
		return nil, err
	}
	touched := cards.Touched{Named: named}
	for i := range news.States {
		touched.Keys = append(touched.Keys, news.States[i].Key)
	}
	if w.removals, err = f.removalsIn(ctx, w.from, w.to); err != nil {
		return nil, err
	}
	if w.dropped, err = f.consumers.Dropped(ctx, f.Store); err != nil {
		return nil, err
	}
	for i := range w.removals {
		touched.Erased = append(touched.Erased, w.removals[i].address)
	}
	worths, err := f.worths.Under(w.catalog)
	if err != nil {
		return nil, err
	}
	w.cards, err = f.cards.Read(ctx, cards.Part{After: from.Position, UpTo: w.to.Position, Lists: w.lists}, worths, &touched)
	f.counts.windows.Add(1)
	f.counts.events.Add(int64(len(news.Leaves)))
	return w, err
}

// leastNamed is how many subjects with rows that changed a window has, if there are so many, however few events it may have.
const leastNamed = 100

// putCatalog puts the catalog and the external lists in force into a window.
func (f *Feed) putCatalog(ctx context.Context, w *window) (err error) {
	if w.versions, err = f.Catalogs.UpTo(ctx, &w.head); err != nil {
		return err
	}
	w.catalog = reference.InForce(w.versions, f.now(&w.head))
	w.lists, err = f.Lists.At(ctx, &w.head, w.head.Position, f.now(&w.head))
	return err
}

// now is the time under a head: a clock that lags behind the ledger hides nothing that was acknowledged.
func (f *Feed) now(head *storage.Head) consent.Instant { return max(f.Instant(), head.Recorded) }

// putRoot puts the root at the window's end into it.
func (f *Feed) putRoot(ctx context.Context, w *window) (err error) {
	if w.to.Position == w.head.Position {
		tree, err := ledger.ParseTree(w.head.Position, w.head.Tree)
		if err != nil {
			return err
		}
		w.root = tree.Root()
		return nil
	}
	w.root, err = f.checkpoints.Hashes(ctx).Root(w.to.Position)
	return err
}
