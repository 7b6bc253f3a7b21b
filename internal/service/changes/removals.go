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

// removalsIn returns the addresses that erasures took after a mark, up to another.
func (f *Feed) removalsIn(ctx context.Context, has, upTo storage.Mark) ([]removal, error) {
	var all []removal
	var last *consumers.Removal
	for {
		page, err := f.consumers.Removals(ctx, f.Store, has, upTo, last, removalPage)
		if err != nil {
			return nil, err
		}
		for i := range page {
			a, err := address.Parse(page[i].Address)
			if err != nil {
				return nil, err
			}
			all = append(all, removal{at: page[i].At, address: a, mailbox: page[i].Mailbox, concerns: page[i].Concerns})
			last = &page[i]
		}
		if len(page) < removalPage {
			return all, nil
		}
	}
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
		e.Address, e.Hash = "", r.form.sum(text)
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

// missed returns what a reader that begins anew was not told of erasures since it had everything last: it may have the addresses in lists.
func (f *Feed) missed(ctx context.Context, r *reader, head *storage.Head) ([]Entry, error) {
	has, upTo := r.consumer.Acknowledged, storage.MarkOf(head)
	if has.Reaches(upTo) || r.form.keyed() {
		return nil, nil
	}
	versions, err := f.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	removals, err := f.removalsIn(ctx, has, upTo)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for i := range removals {
		entries = append(entries, r.forget(&removals[i], versions)...)
	}
	return entries, nil
}
