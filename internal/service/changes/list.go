package changes

import (
	"context"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// maxWindows is how many windows without anything for the reader one page goes through at most.
const maxWindows = 20

// ListChanges returns a page of what changed from where the request says. Errors: INVALID_TOKEN, OTHER_HISTORY, POSITION_COMPACTED,
// UNKNOWN_CHANNEL, OTHER_DEPARTMENT, NO_CATALOG, and TOO_LARGE where one event or one revision alone has more entries than a page may have.
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
		p, err := f.next(ctx, r, at, size, f.options.PageEntries)
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
	if at.listed, err = f.Lists.Told(ctx, &head, 0, f.now(&head)); err != nil {
		return nil, nil, err
	}
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

// next tells the next window of at most size events, or of fewer if those have more than so many entries, or some of the erased addresses that
// come before it.
func (f *Feed) next(ctx context.Context, r *reader, at *place, size, entries int) (Page, error) {
	least := r.form.page(1)
	for part := (windowLimit{events: size, named: max(size, leastNamed)}); ; part = part.half(least) {
		p, w, t, err := f.collectNext(ctx, r, at, part)
		switch {
		case err != nil || t == nil:
			return p, err
		case len(t.entries) <= entries:
			return f.give(ctx, r, at, w, t)
		case part == part.half(least):
			return Page{}, fault.Errorf(fault.TooLarge, "", "what changed next has %d entries, and an answer has at most %d; read it with "+
				"WatchChanges from the same token, which sends it in several messages", len(t.entries), entries)
		}
	}
}

// half returns a limit of half as much, but of no fewer than so many events.
func (l windowLimit) half(least int) windowLimit {
	return windowLimit{events: max(l.events/2, least), named: max(l.named/2, 1)}
}

// collectNext reads the next window, and returns what it tells. Without that the page has some of the erased addresses that come before the
// window.
func (f *Feed) collectNext(ctx context.Context, r *reader, at *place, limit windowLimit) (Page, *window, *told, error) {
	if at.owes != nil {
		p, err := f.tellOwed(ctx, r, at)
		return p, nil, nil, err
	}
	w, err := f.readWindow(ctx, at.Mark, limit)
	if err != nil {
		return Page{}, nil, nil, err
	}
	if at.owes = r.owedOf(at, w); at.owes != nil {
		p, err := f.tellOwed(ctx, r, at)
		return p, nil, nil, err
	}
	if err := f.readmit(ctx, r, &w.head); err != nil {
		return Page{}, nil, nil, err
	}
	if err := f.putRoot(ctx, w); err != nil {
		return Page{}, nil, nil, err
	}
	t, err := f.collect(ctx, r, at, w)
	return Page{}, w, t, err
}
