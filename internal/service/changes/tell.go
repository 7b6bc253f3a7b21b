package changes

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/storage"
)

// tell returns what a window tells a reader that is at its beginning, and moves the place to its end. What is told is counted as a
// disclosure to the caller.
func (f *Feed) tell(ctx context.Context, r *reader, at *place, w *window) (Page, error) {
	var p Page
	if at.catalog != w.catalog.Version {
		p.Entries = append(p.Entries, f.channelResets(r, at, w)...)
		if err := f.under(r, w.catalog); err != nil {
			return p, err
		}
		at.catalog = w.catalog.Version
	}
	for i := range w.removals {
		if x := &w.removals[i]; !at.began.Reaches(x.at) {
			p.Entries = append(p.Entries, r.forget(x)...)
		}
	}
	for i := range w.cards {
		c := &w.cards[i]
		entries := r.card(c, c.whole || at.Position < at.until, w.to.Position)
		if err := f.count(ctx, r, w, c, entries); err != nil {
			return p, err
		}
		p.Entries = append(p.Entries, entries...)
	}
	at.Mark, at.root = w.to, w.root
	if at.until <= at.Position {
		at.until = 0
	}
	return p, f.sign(r, at, w, &p)
}

// sign puts into a page how far it goes.
func (f *Feed) sign(r *reader, at *place, w *window, p *Page) (err error) {
	p.Position, p.More = r.form.position(at.Position), w.more()
	f.sent(len(p.Entries))
	p.Token, err = f.writeToken(r, &w.head, at)
	return err
}

// sent tells how many entries are sent.
func (f *Feed) sent(n int) {
	if f.options.Observe.Sent != nil && n > 0 {
		f.options.Observe.Sent(n)
	}
}

// card returns what a reader is told of a card up to a position: what changed, or as a whole what holds.
func (r *reader) card(c *card, whole bool, position int64) []Entry {
	before, after := r.seen(c.before), r.seen(c.after)
	var entries []Entry
	if !whole {
		removed, added := feed.Diff(before, after)
		for i := range removed {
			entries = append(entries, r.form.entry(Removed, c, &removed[i], position))
		}
		for i := range added {
			entries = append(entries, r.form.entry(Added, c, &added[i], position))
		}
		return entries
	}
	if len(before)+len(after) == 0 && r.isNarrow() {
		return nil // A reader of some channels is not told of an address that has nothing to do with them.
	}
	entries = append(entries, r.form.entry(Reset, c, &feed.Rule{}, position))
	for i := range after {
		entries = append(entries, r.form.entry(Added, c, &after[i], position))
	}
	return entries
}

// seen returns the rules that the reader sees, in their order.
func (r *reader) seen(rules []feed.Rule) []feed.Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(rule feed.Rule) bool { return !r.sees(&rule) })
}

// isNarrow reports whether the reader reads a part of what the feed has.
func (r *reader) isNarrow() bool {
	return !r.who.AllDepartments || len(r.request.Channels) > 0 || len(r.request.Kinds) > 0
}

// count counts that the caller learnt something of the address of a card: once of each channel that the entries are about, and of all
// channels where an entry is about no one of them.
func (f *Feed) count(ctx context.Context, r *reader, w *window, c *card, entries []Entry) error {
	if len(c.about) == 0 || len(entries) == 0 {
		return nil
	}
	var told []string
	for i := range entries {
		if entries[i].Change == Reset && len(entries) > 1 {
			continue
		}
		channel := entries[i].Rule.Channel
		if kind, id := entries[i].Rule.Scope.Split(); kind == consent.ScopeChannel {
			channel = id
		}
		if !slices.Contains(told, channel) {
			told = append(told, channel)
		}
	}
	for _, channel := range told {
		if err := f.disclosures.Count(ctx, &r.who, f.now(&w.head), channel, c.about...); err != nil {
			return err
		}
	}
	return nil
}

// removal is an address that an erasure took.
type removal struct {
	at            storage.Mark
	exact, folded string
}
