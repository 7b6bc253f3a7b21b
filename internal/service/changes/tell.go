package changes

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/storage"
)

// told is what a window tells a reader, before anything is counted or moved.
type told struct {
	entries []Entry
	cards   []toldCard
	listed  int64 // as of a place
}

// toldCard is a card with the entries about it, which are told[from:to].
type toldCard struct {
	card     *cards.Card
	from, to int
}

// tell returns what a window tells a reader that is at its beginning, and moves the place to its end. What is told is counted as a
// disclosure to the caller.
func (f *Feed) tell(ctx context.Context, r *reader, at *place, w *window) (Page, error) {
	t, err := f.collect(ctx, r, at, w)
	if err != nil {
		return Page{}, err
	}
	return f.give(ctx, r, at, w, t)
}

// collect returns what a window tells a reader that is at its beginning. The place stays there.
func (f *Feed) collect(ctx context.Context, r *reader, at *place, w *window) (*told, error) {
	if err := r.mayMiss(w.dropped, at.Mark, at.began); err != nil {
		return nil, err
	}
	entries, listed, err := f.resets(ctx, r, at, w)
	if err != nil {
		return nil, err
	}
	t := told{entries: entries, listed: listed}
	fresh := w.fresh(at)
	for i := range fresh {
		if !at.forgot.Reaches(fresh[i].at) {
			t.entries = append(t.entries, r.forget(&fresh[i], w.versions)...)
		}
	}
	for i := range w.cards {
		c := &w.cards[i]
		if !r.needs(c, fresh) {
			continue
		}
		entries, err := f.ofCard(ctx, r, w, c, c.Whole || at.Position < at.until)
		if err != nil {
			return nil, err
		}
		t.cards = append(t.cards, toldCard{card: c, from: len(t.entries), to: len(t.entries) + len(entries)})
		t.entries = append(t.entries, entries...)
	}
	return &t, nil
}

// give returns what was collected of a window as a page, counts it as a disclosure to the caller, and moves the place to the window's end.
func (f *Feed) give(ctx context.Context, r *reader, at *place, w *window, t *told) (Page, error) {
	for i := range t.cards {
		c := &t.cards[i]
		if err := f.count(ctx, r, w, c.card, t.entries[c.from:c.to]); err != nil {
			return Page{}, err
		}
	}
	r.form.mix(t.entries)
	at.Mark, at.root, at.catalog, at.listed = w.to, w.root, w.catalog.Version, t.listed
	if at.until <= at.Position {
		at.until = 0
	}
	if at.Reaches(at.forgot) {
		at.forgot = storage.Mark{}
	}
	p := Page{Entries: t.entries}
	return p, f.sign(r, at, w, &p)
}

// resets makes a reader one under the catalog of a window, and returns what it is told of it, and by which lists: those of the head, which may be far
// ahead of the window's end, so that it is told of an activation once.
func (f *Feed) resets(ctx context.Context, r *reader, at *place, w *window) (entries []Entry, listed int64, err error) {
	listed, err = f.Lists.Told(ctx, &w.head, at.listed, f.now(&w.head))
	if err != nil || at.catalog == w.catalog.Version && !w.undone && listed == at.listed {
		return nil, listed, err
	}
	return r.channelResets(at, w, listed != at.listed), listed, f.under(r, w.catalog)
}

// channelResets returns the resets of the channels whose answers may be others for the reader under the catalog of a window than under that
// by which it was told so far: also of those that it reads no longer, of which it is told nothing from then on. An undo resets all, lists marketing.
func (r *reader) channelResets(at *place, w *window, anew bool) []Entry {
	var had []string
	var before *catalog.Catalog
	if at.catalog > 0 && at.catalog <= int64(len(w.versions)) {
		before = w.versions[at.catalog-1].Parsed
		had = r.reaches(before, r.channels)
	}
	has := r.reaches(w.catalog.Parsed, r.channels)
	var entries []Entry
	for _, id := range once(slices.Concat(has, had)) {
		ch, ok := w.catalog.Parsed.Channel(id)
		if !w.undone && slices.Contains(had, id) && slices.Contains(has, id) && (!anew || !ok || ch.Class != catalog.ClassMarketing) &&
			!feed.DecidesOtherwise(before, w.catalog.Parsed, id) {
			continue
		}
		entries = append(entries, Entry{Change: Reset, Rule: feed.Rule{Channel: id}, Position: r.form.position(w.to.Position)})
	}
	return entries
}

// sign puts into a page how far it goes.
func (f *Feed) sign(r *reader, at *place, w *window, p *Page) (err error) {
	p.Position, p.More, p.Read = r.form.position(at.Position), w.more(), w.read
	f.counts.entries.Add(int64(len(p.Entries)))
	p.Token, err = f.writeToken(r, &w.head, at)
	return err
}

// tellCard returns what a reader is told of a card of a window, and counts it.
func (f *Feed) tellCard(ctx context.Context, r *reader, w *window, c *cards.Card, whole bool) ([]Entry, error) {
	entries, err := f.ofCard(ctx, r, w, c, whole)
	if err != nil {
		return nil, err
	}
	return entries, f.count(ctx, r, w, c, entries)
}

// ofCard returns what a reader is told of a card of a window.
func (f *Feed) ofCard(ctx context.Context, r *reader, w *window, c *cards.Card, whole bool) ([]Entry, error) {
	if c.Match == consent.FormExact && c.Text == "" {
		whole = c.Whole // It has the rules of the folded subject only: the reader keeps what it holds of grants that came after the erasure.
	}
	entries, err := r.card(c, whole, w.to.Position)
	if err == nil && r.form.legacy() {
		var more []Entry
		more, err = f.spelled(ctx, r, w, c, whole)
		entries = append(entries, more...)
	}
	return entries, err
}

// spelled returns what a reader of hashes without a key is told besides: what holds for a folded form is told of each of its spellings that is
// known, and of a spelling whenever it is touched.
func (f *Feed) spelled(ctx context.Context, r *reader, w *window, c *cards.Card, whole bool) ([]Entry, error) {
	switch c.Match {
	case consent.FormExact:
		if c.Text == c.Folded {
			return nil, nil // The card of the folded form has the same hash.
		}
		return r.card(&cards.Card{Match: consent.FormFolded, Text: c.Text, Folded: c.Folded, After: c.OfFolded}, true, w.to.Position)
	case consent.FormFolded:
		spellings, err := f.cards.Spellings(ctx, c)
		if err != nil {
			return nil, err
		}
		var entries []Entry
		for _, text := range spellings {
			of := *c
			of.Text, of.Kept = text, false
			more, err := r.card(&of, whole, w.to.Position)
			if err != nil {
				return nil, err
			}
			entries = append(entries, more...)
		}
		return entries, nil
	default:
		return nil, nil
	}
}

// card returns what a reader is told of a card up to a position: what changed, or as a whole what holds.
func (r *reader) card(c *cards.Card, whole bool, position int64) ([]Entry, error) {
	before, after := r.seen(c.Before), r.seen(c.After)
	removed, added := feed.Diff(before, after)
	if whole {
		removed, added = nil, after
	}
	if len(removed)+len(added) == 0 {
		may, err := r.mayHold(c, whole, before)
		if err != nil || !may {
			return nil, err
		}
	}
	to, known, err := r.form.recipient(c)
	if err != nil || !known {
		return nil, err
	}
	holds := r.entries(&to, after, position)
	if whole {
		change, entries := Added, []Entry(nil)
		if c.Kept && !r.form.keyed() {
			change = Kept
		} else {
			entries = append(entries, r.form.entry(&to, &feed.Rule{}, position).as(Reset))
		}
		return append(entries, without(holds, nil, change)...), nil
	}
	had := r.entries(&to, before, position)
	return append(without(had, holds, Removed), without(holds, had, Added)...), nil
}

// entries returns the entries about rules of one card, without a change. Rules that look the same to the reader are one.
func (r *reader) entries(to *recipient, rules []feed.Rule, position int64) []Entry {
	list := make([]Entry, len(rules))
	for i := range rules {
		list[i] = r.form.entry(to, &rules[i], position)
		list[i].Stops = r.filter.Stops(&rules[i])
	}
	slices.SortFunc(list, func(a, b Entry) int { return a.compare(&b) })
	return slices.Compact(list)
}

// mayHold reports whether a reader that sees no difference is told of a card nevertheless: as a whole, if it may hold a rule of it. A reader of
// a part is not told of an address that has nothing to do with it.
func (r *reader) mayHold(c *cards.Card, whole bool, before []feed.Rule) (bool, error) {
	if !whole || len(before) > 0 || !r.isNarrow() {
		return whole, nil
	}
	between, err := c.Between()
	return len(r.seen(between)) > 0, err
}

// seen returns the rules that the reader sees, in their order: those that count, or may count, for one of the channels. What their scope
// names is no other department's alone.
func (r *reader) seen(rules []feed.Rule) []feed.Rule { return r.filter.Of(rules) }

// count counts that the caller learnt something of the address of a card: once of each channel that the entries are about, and of all
// channels where an entry is about no one of them.
func (f *Feed) count(ctx context.Context, r *reader, w *window, c *cards.Card, entries []Entry) error {
	if len(c.About) == 0 || len(entries) == 0 {
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
		if err := f.disclosures.Count(ctx, &r.who, f.now(&w.head), channel, c.About...); err != nil {
			return err
		}
	}
	return nil
}
