package changes

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// removalPage is how many erased addresses are read at once.
const removalPage = 500

// removal is an address that an erasure took.
type removal struct {
	at      storage.Mark
	address address.Address
	mailbox bool // the address is only the folded form; the spelling that was erased is not known
	// concerns are the scopes that the person had to do with; nil: it is not known.
	concerns []consent.Scope
}

// owed are the erased addresses that a reader is told before anything else: those that it lacks if it has everything up to Has, and has with
// UpTo, as far as they come after the one named.
type owed struct {
	Has, UpTo storage.Mark
	After     consumers.RemovalID
}

// owedOf returns the erased addresses of a window that are told before it, for they are too many for one page with it; nil: they are not.
func (r *reader) owedOf(at *place, w *window) *owed {
	n := 0
	for i := range w.removals {
		if x := &w.removals[i]; !at.began.Reaches(x.at) && !at.forgot.Reaches(x.at) {
			n++
		}
	}
	if n <= removalPage || r.form.keyed() {
		return nil
	}
	o := &owed{Has: w.from, UpTo: w.to}
	if at.forgot.Reaches(w.from) {
		o.Has = at.forgot
	}
	return o
}

// takeOwed returns what a reader is told of the next addresses that are owed to it, and notes that.
func (f *Feed) takeOwed(ctx context.Context, r *reader, at *place, head *storage.Head) ([]Entry, error) {
	versions, err := f.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	list, err := f.removalsAfter(ctx, at.owes)
	if err != nil {
		return nil, err
	}
	if len(list) < removalPage {
		at.forgot, at.owes = at.owes.UpTo, nil
	}
	var entries []Entry
	for i := range list {
		entries = append(entries, r.forget(&list[i], versions)...)
	}
	return entries, nil
}

// tellOwed returns a page of what is owed to a reader.
func (f *Feed) tellOwed(ctx context.Context, r *reader, at *place) (Page, error) {
	read := f.Instant()
	head, err := f.Store.Head(ctx)
	if err != nil {
		return Page{}, err
	}
	if err := f.readmit(ctx, r, &head); err != nil {
		return Page{}, err
	}
	var p Page
	if p.Entries, err = f.takeOwed(ctx, r, at, &head); err != nil {
		return Page{}, err
	}
	dropped, err := f.consumers.Dropped(ctx, f.Store)
	if err != nil {
		return Page{}, err
	}
	if err := r.mayMiss(dropped, at.Mark, at.began); err != nil {
		return Page{}, err
	}
	err = f.sign(r, at, &window{read: read, head: head, to: at.Mark}, &p)
	p.More = true // The rest of what is owed, or of the window.
	return p, err
}

// allOwed returns all that is owed to a reader.
func (f *Feed) allOwed(ctx context.Context, r *reader, at *place, head *storage.Head) (entries []Entry, err error) {
	for at.owes != nil {
		some, err := f.takeOwed(ctx, r, at, head)
		if err != nil {
			return nil, err
		}
		entries = append(entries, some...)
	}
	return entries, nil
}

// removalsIn returns the addresses that erasures took which a reader lacks that has everything up to a mark, and has with another.
func (f *Feed) removalsIn(ctx context.Context, has, upTo storage.Mark) ([]removal, error) {
	var all []removal
	for of := (&owed{Has: has, UpTo: upTo}); ; {
		page, err := f.removalsAfter(ctx, of)
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); len(page) < removalPage {
			return all, nil
		}
	}
}

// removalsAfter returns the next removals of those that are owed, fewer than removalPage if they are the last, and moves on to after them.
func (f *Feed) removalsAfter(ctx context.Context, of *owed) ([]removal, error) {
	page, err := f.consumers.Removals(ctx, f.Store, of.Has, of.UpTo, of.After, removalPage)
	if err != nil {
		return nil, err
	}
	list := make([]removal, len(page))
	for i := range page {
		a, err := address.Parse(page[i].Address)
		if err != nil {
			return nil, err
		}
		list[i] = removal{at: page[i].At, address: a, mailbox: page[i].Mailbox, concerns: page[i].Concerns}
		of.After = page[i].RemovalID
	}
	return list, nil
}

// mayHave reports whether a reader may have been told of an erased address: it reads all channels, or one that what the person had to do with
// reached under some version of the catalog, whatever channels and kinds it asks for now. A keyed reader keeps the hash, so that the person
// stays blocked.
func (r *reader) mayHave(x *removal, versions []reference.CatalogVersion) bool {
	switch {
	case r.form.keyed():
		return false
	case x.concerns == nil, r.who.AllDepartments && len(r.consumer.Channels) == 0:
		return true
	}
	for ; r.reachOf < len(versions); r.reachOf++ {
		r.addReach(versions[r.reachOf].Parsed)
	}
	return slices.ContainsFunc(x.concerns, func(s consent.Scope) bool {
		return slices.ContainsFunc(r.reach, func(c consent.Coverage) bool { return c.Covers(s) })
	})
}

// addReach adds what reaches the reader under a version of the catalog.
func (r *reader) addReach(c *catalog.Catalog) {
	for _, id := range r.reaches(c, r.consumer.Channels) {
		ch, _ := c.Channel(id)
		for _, sender := range ch.SenderIdentities {
			r.reach = append(r.reach, consent.CoverageOf(ch, sender))
		}
		for _, id := range ch.Honours {
			if h, ok := c.Channel(id); ok {
				r.reach = append(r.reach, consent.CoverageOf(h, ""))
			}
		}
	}
}

// needs reports whether the reader is told of a card of a window. The kept rules of an erased address are for those that were told of the
// erasure or began before it, and that may hold another address of the mailbox.
func (r *reader) needs(c *cards.Card, fresh []removal) bool {
	return !c.Kept || r.form.keyed() || address.HasVariants(c.Text) &&
		slices.ContainsFunc(fresh, func(x removal) bool { return x.address.Folded() == c.Text })
}

// fresh returns the erased addresses of a window that a reader at a place was not told of when it began.
func (w *window) fresh(at *place) []removal {
	return slices.DeleteFunc(slices.Clone(w.removals), func(x removal) bool { return at.began.Reaches(x.at) })
}

// forget returns what a reader is told of an erased address that it may have: to forget both of its forms.
func (r *reader) forget(x *removal, versions []reference.CatalogVersion) []Entry {
	if !r.mayHave(x, versions) {
		return nil
	}
	if x.mailbox {
		return []Entry{r.gone(consent.FormFolded, x.address.Folded(), x.at.Position)}
	}
	entries := []Entry{r.gone(consent.FormExact, x.address.Exact(), x.at.Position), r.gone(consent.FormFolded, x.address.Folded(), x.at.Position)}
	if r.form.legacy() && x.address.Folded() != x.address.Exact() {
		entries = append(entries, r.gone(consent.FormFolded, x.address.Exact(), x.at.Position)) // Folded rules are told of each spelling.
	}
	return entries
}

func (r *reader) gone(match consent.Form, text string, position int64) Entry {
	e := Entry{Change: Removed, Match: match, Address: text, Kind: KindAddress, Position: r.form.position(position)}
	if r.form.legacy() {
		e.Address, e.Hash = "", r.form.name.Sum(text)
	}
	return e
}

// mayMiss returns an error if a reader that has everything up to a mark, and began at another, may never be told of an erasure: the address
// was deleted, for others had it, or it was kept for long enough. A keyed reader is told of none.
func (r *reader) mayMiss(dropped, has, began storage.Mark) error {
	if r.form.keyed() || has.Reaches(dropped) || began.Reaches(dropped) {
		return nil
	}
	return compacted("addresses that were erased since, which the reader must forget, are not kept any more")
}
