package changes

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Part is a part of a snapshot.
type Part struct {
	Page

	Channels []feed.Channel // in the first part
	// FoldVersion is in the first part address.FoldVersion, and KeyID that of the key of a keyed reader. A program with other ones finds no address.
	FoldVersion int32
	KeyID       string
	Complete    bool // it is the last part
}

// ExportSuppressions sends all that holds, page by page, each in short reads of its own. The first part has a token, from which changes can be
// followed already, and the last one that from which to go on: what changed since the first is told as a whole, for what a page had may be
// later or earlier. Errors: NO_CATALOG, UNKNOWN_CHANNEL, OTHER_DEPARTMENT, those of send, SLOW_WATCHER and
// SERVER_STOPPING. A call of send may still be under way when it returns.
func (f *Feed) ExportSuppressions(ctx context.Context, in Request, send func(Part) error) error {
	in.From = FromNow
	r, at, err := f.begin(ctx, in)
	if err != nil {
		return env.StoreFault(err)
	}
	at.until = underWay
	x := &export{feed: f, reader: r, at: at, send: func(p Part) error {
		return f.deliver(ctx, nil, func() error { return send(p) })
	}}
	return env.StoreFault(x.run(ctx))
}

// export is a snapshot under way.
type export struct {
	feed   *Feed
	reader *reader
	at     *place
	send   func(Part) error
	last   storage.Head    // that was read after the last page
	looked consent.Instant // before that
}

// look reads the head.
func (x *export) look(ctx context.Context) (err error) {
	x.looked = x.feed.Instant()
	x.last, err = x.feed.Store.Head(ctx)
	return err
}

func (x *export) run(ctx context.Context) error {
	if err := x.look(ctx); err != nil {
		return err
	}
	key, err := x.reader.keyID()
	if err != nil {
		return err
	}
	first := Part{Channels: x.reader.infos, FoldVersion: address.FoldVersion, KeyID: key}
	if first.Entries, err = x.feed.allOwed(ctx, x.reader, x.at, &x.last); err != nil {
		return err
	}
	if err := x.mark(first); err != nil {
		return err
	}
	for after := (consent.SubjectID{}); ; {
		ids, err := x.feed.Store.SubjectIDs(ctx, after, x.reader.form.snapshotPage())
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		through := ids[len(ids)-1]
		if err := x.page(ctx, storage.IDRange{After: after, Through: through}); err != nil {
			return err
		}
		after = through
	}
	x.at.until = x.last.Position
	return x.mark(Part{Complete: true})
}

// page sends what holds for the subjects with ids in a range.
func (x *export) page(ctx context.Context, ids storage.IDRange) error {
	var keys []storage.SubjectKey
	_, err := x.feed.Store.EachState(ctx, ids, func(s storage.KeyedState) error {
		keys = append(keys, s.Key)
		return nil
	})
	if err != nil {
		return err
	}
	w, err := x.read(ctx, keys)
	if err != nil {
		return err
	}
	if err := x.look(ctx); err != nil {
		return err
	}
	if err := x.feed.readmit(ctx, x.reader, &w.head); err != nil {
		return err
	}
	if _, err := x.feed.consumers.Active(ctx, x.reader.given); err != nil {
		return err
	}
	var entries []Entry
	for i := range w.cards {
		c := &w.cards[i]
		c.Before, w.to = nil, storage.MarkOf(&w.head)
		holds, err := x.feed.tellCard(ctx, x.reader, w, c, false)
		if err != nil {
			return err
		}
		entries = append(entries, holds...)
	}
	if len(entries) == 0 {
		return nil
	}
	x.feed.counts.entries.Add(int64(len(entries)))
	x.reader.form.mix(entries)
	return x.send(Part{Page: Page{Entries: entries}})
}

// read returns the cards of subjects as they are. The head is read before them: they have everything up to it, or more.
func (x *export) read(ctx context.Context, keys []storage.SubjectKey) (*window, error) {
	head, err := x.feed.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	w := &window{head: head}
	if err := x.feed.putCatalog(ctx, w); err != nil {
		return nil, err
	}
	if err := x.feed.under(x.reader, w.catalog); err != nil {
		return nil, err
	}
	worths, err := x.feed.worths.Under(w.catalog)
	if err != nil {
		return nil, err
	}
	w.cards, err = x.feed.cards.Read(ctx, cards.Part{Present: true, Lists: w.lists}, worths, &cards.Touched{Keys: keys})
	return w, err
}

// mark sends a part with a token.
func (x *export) mark(p Part) error {
	if err := x.feed.sign(x.reader, x.at, &window{read: x.looked, head: x.last, to: x.at.Mark}, &p.Page); err != nil {
		return err
	}
	return x.send(p)
}

// keyID returns the id of the key of a keyed reader; empty for another one.
func (r *reader) keyID() (string, error) {
	if !r.form.keyed() {
		return "", nil
	}
	return r.consumer.Key.ID(r.form.keys.ListKey())
}
