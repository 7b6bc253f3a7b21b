package changes

import (
	"context"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// maxWindows is how many windows without anything for the reader one page goes through at most.
const maxWindows = 20

// ListChanges returns a page of what changed from where the request says. Errors: INVALID_TOKEN, OTHER_HISTORY, POSITION_COMPACTED,
// UNKNOWN_CHANNEL, OTHER_DEPARTMENT, NO_CATALOG.
func (f *Feed) ListChanges(ctx context.Context, in Request) (Page, error) {
	p, err := f.listChanges(ctx, in)
	return p, env.StoreFault(err)
}

func (f *Feed) listChanges(ctx context.Context, in Request) (Page, error) {
	r, at, err := f.begin(ctx, in)
	if err != nil {
		return Page{}, err
	}
	size := r.form.page(in.Size)
	for windows := 1; ; windows++ {
		p, err := f.next(ctx, r, at, size)
		if err != nil || len(p.Entries) > 0 || !p.More || windows == maxWindows {
			return p, err
		}
	}
}

// begin returns the reader of a request, and where it begins.
func (f *Feed) begin(ctx context.Context, in Request) (*reader, *place, error) {
	as, err := f.consumers.Active(ctx, in.Consumer) // Before the head: from here on the reader is told of erasures.
	if err != nil {
		return nil, nil, err
	}
	head, err := f.Store.Head(ctx)
	if err != nil {
		return nil, nil, err
	}
	r, err := f.newReader(ctx, &head, &as, in)
	if err != nil {
		return nil, nil, err
	}
	mark := storage.MarkOf(&head)
	at := &place{Mark: mark, catalog: r.catalog, began: mark}
	switch in.From {
	case FromNow, "":
	case FromBeginning:
		if err := r.form.beginning(); err != nil {
			return nil, nil, err
		}
		at.Position = 0
	default:
		if at, err = f.readToken(ctx, r, &head, in.From); err != nil {
			return nil, nil, err
		}
		return r, at, f.consumers.Acknowledge(ctx, &r.consumer, at.has())
	}
	if has := r.consumer.Acknowledged; !has.Reaches(mark) && !r.form.keyed() {
		at.owes = &owed{Has: has, UpTo: mark} // What was erased since it had everything last: it may have the addresses in lists.
	}
	at.root, err = f.checkpoints.RootAt(ctx, &head, at.Position)
	return r, at, err
}

// next tells the next window of at most size events, or some of the erased addresses that come before it.
func (f *Feed) next(ctx context.Context, r *reader, at *place, size int) (Page, error) {
	if at.owes != nil {
		return f.tellOwed(ctx, r, at)
	}
	w, err := f.readWindow(ctx, at.Mark, size)
	if err != nil {
		return Page{}, err
	}
	if at.owes = r.owedOf(at, w); at.owes != nil {
		return f.tellOwed(ctx, r, at)
	}
	if err := f.readmit(ctx, r, &w.head); err != nil {
		return Page{}, err
	}
	if err := f.putRoot(ctx, w); err != nil {
		return Page{}, err
	}
	return f.tell(ctx, r, at, w)
}
