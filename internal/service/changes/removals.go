package changes

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/storage"
)

// removalPage is how many erased addresses are read at once.
const removalPage = 500

// removal is an address that an erasure took.
type removal struct {
	at      storage.Mark
	address address.Address
	mailbox bool // the address is only the folded form; the spelling that was erased is not known
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
			all = append(all, removal{at: page[i].At, address: a, mailbox: page[i].Mailbox})
			last = &page[i]
		}
		if len(page) < removalPage {
			return all, nil
		}
	}
}

// forget returns what a reader is told of an erased address: to forget both of its forms. A keyed reader keeps the hash, so that the person
// stays blocked.
func (r *reader) forget(x *removal) []Entry {
	if r.form.keyed() {
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
func (f *Feed) missed(ctx context.Context, r *reader, upTo storage.Mark) ([]Entry, error) {
	has := r.consumer.Acknowledged
	if has.Reaches(upTo) || r.form.keyed() {
		return nil, nil
	}
	removals, err := f.removalsIn(ctx, has, upTo)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for i := range removals {
		entries = append(entries, r.forget(&removals[i])...)
	}
	return entries, nil
}
