package changes

import (
	"cmp"
	"context"
	"math"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// place is how far a reader has come.
type place struct {
	storage.Mark

	root    [ledger.HashSize]byte // of the ledger at the position
	catalog int64                 // version by which it was told; 0: none yet
	listed  int64                 // position of the last activation of an external list by which it was told; 0: of none
	// until is the position up to which cards are told whole, for a snapshot may have told later ones; 0: none.
	until int64
	began storage.Mark // where the reader began: it was told of no address that was erased before
	// owes are the erased addresses that it is told first; nil: none. Those up to forgot it was told before the window that has them.
	owes   *owed
	forgot storage.Mark
}

// underWay is until of a snapshot that has not ended.
const underWay = math.MaxInt64

// invalidToken is the refusal of a token that is none of this reader's.
func invalidToken(what string) error {
	return fault.Errorf(fault.InvalidToken, "from", "%s; give back a token as it was received, with the same channels, kinds and consumer, or "+
		"take a new snapshot (ExportSuppressions), and go on from its token", what)
}

// takeSnapshot ends the refusal of a token that nothing can be told after.
const takeSnapshot = "; take a new snapshot (ExportSuppressions), and go on from its token"

// write returns the token of a place for a reader.
func (f *Feed) writeToken(r *reader, head *storage.Head, at *place) (string, error) {
	t := &token.Feed{
		Store: head.StoreID[:], Position: at.Position, Revision: at.Revision, Root: at.root[:], Catalog: at.catalog, Listed: at.listed, Request: r.digest[:],
		Until: at.until, Began: at.began.Position, BeganRevision: at.began.Revision, Made: int64(max(f.now(head), r.consumer.Created)),
	}
	if o := at.owes; o != nil {
		t.Owes = &token.Owed{Has: token.Mark(o.Has), UpTo: token.Mark(o.UpTo), After: token.Mark(o.After.At), ID: o.After.ID[:]}
	}
	if at.forgot != (storage.Mark{}) {
		t.Forgot = new(token.Mark(at.forgot))
	}
	return token.NewFeed(f.Keys, t)
}

// has returns the mark up to which the reader has everything, also what was erased.
func (at *place) has() storage.Mark {
	if at.owes != nil && at.Reaches(at.owes.Has) {
		return at.owes.Has
	}
	return at.Mark
}

// readToken returns the place that a token names, once it is certain that the ledger still begins with what the reader was told. Errors:
// INVALID_TOKEN, OTHER_HISTORY, POSITION_COMPACTED.
func (f *Feed) readToken(ctx context.Context, r *reader, head *storage.Head, text string) (*place, error) {
	t, err := token.ReadFeed(f.Keys, text)
	if err != nil || len(t.Root) != ledger.HashSize || t.Position < 0 || t.Revision < 0 || t.Began < 0 || t.BeganRevision < 0 {
		return nil, invalidToken("it is no token of this feed, or was cut or altered")
	}
	switch {
	case string(t.Store) != string(head.StoreID[:]):
		return nil, otherHistory("the token is of another database")
	case string(t.Request) != string(r.digest[:]):
		return nil, invalidToken("it was made for other channels or kinds, another consumer, another client, or another department of it")
	case t.Position > head.Position, t.Revision > head.Revision:
		return nil, otherHistory("the token is of events that this database does not have")
	case f.options.Keeps.AddTo(consent.Instant(t.Made).Time()).Before(f.Clock()),
		!r.form.keyed() && consent.Instant(t.Made).Add(consumers.RemovalsKept) < f.Instant():
		return nil, compacted("it is older than changes are kept")
	case !r.form.keyed() && consent.Instant(t.Made) < r.consumer.Created:
		return nil, compacted("it is older than the reader, for which erased addresses were not kept before")
	case t.Revision < head.Revision-storage.RevisionsKept:
		return nil, compacted("what changed since cannot be told any more")
	}
	at := &place{
		Mark: storage.Mark{Position: t.Position, Revision: t.Revision}, root: [ledger.HashSize]byte(t.Root), catalog: t.Catalog,
		listed: cmp.Or(t.Listed, t.Position), // A token of an older program says only up to where all was told.
		until:  t.Until, began: storage.Mark{Position: t.Began, Revision: t.BeganRevision},
	}
	if o := t.Owes; o != nil {
		if len(o.ID) != 16 {
			return nil, invalidToken("it is no token of this feed")
		}
		at.owes = &owed{Has: storage.Mark(o.Has), UpTo: storage.Mark(o.UpTo), After: consumers.RemovalID{At: storage.Mark(o.After), ID: [16]byte(o.ID)}}
	}
	if t.Forgot != nil {
		at.forgot = storage.Mark(*t.Forgot)
	}
	dropped, err := f.consumers.Dropped(ctx, f.Store)
	if err != nil {
		return nil, err
	}
	if err := r.mayMiss(dropped, at.Mark, at.began); err != nil {
		return nil, err
	}
	root, err := f.checkpoints.RootAt(ctx, head, at.Position)
	if err != nil {
		return nil, err
	}
	if root != at.root {
		return nil, otherHistory("the ledger has other events up to the position of the token")
	}
	return at, nil
}

func otherHistory(what string) error {
	return fault.Errorf(fault.OtherHistory, "from", "%s"+takeSnapshot, what)
}

func compacted(what string) error {
	return fault.Errorf(fault.PositionCompacted, "from", "the token cannot be gone on from: %s"+takeSnapshot, what)
}
