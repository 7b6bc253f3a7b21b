package cards

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// living returns the addresses that exact subjects hold with the folded forms of the subjects: for each subject by their spelling. They are read
// as they are now: what was erased since is left out.
func (g *gatherer) living(ctx context.Context, of []*subject) (map[storage.SubjectKey]map[[16]byte]address.Address, error) {
	byMailbox := make(map[[16]byte]*subject, len(of))
	ids := make([][16]byte, 0, len(of))
	for _, s := range of {
		keys := []storage.SubjectKey{s.key}
		if s.address != "" { // Only an erasure makes all of them those of the subject's own digest.
			place, err := g.locator.Place(consent.FormFolded, s.address)
			if err != nil {
				return nil, err
			}
			keys = place.Keys
		}
		for _, key := range keys {
			id := g.reader.Keys.Mailbox(key.Digest)
			byMailbox[id], ids = s, append(ids, id)
		}
	}
	rows, err := tables.Mailboxes(ctx, g.reader.Store, ids)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	keys, holders := make([]storage.SubjectKey, len(rows)), make(map[storage.SubjectKey]*subject, len(rows))
	for i := range rows {
		keys[i] = storage.SubjectKey{Form: consent.FormExact, Digest: rows[i].Exact}
		holders[keys[i]] = byMailbox[rows[i].Mailbox]
	}
	_, states, err := g.reader.Store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	held, _, err := g.reader.open(states)
	if err != nil {
		return nil, err
	}
	all := make(map[storage.SubjectKey]map[[16]byte]address.Address, len(of))
	for _, exact := range held {
		if exact.address == "" {
			continue
		}
		s := holders[exact.key]
		a, err := address.Parse(exact.address)
		if err != nil {
			return nil, err
		}
		spelling, err := g.locator.Digests.Spelling(s.version, a.Exact())
		if err != nil {
			return nil, err
		}
		if all[s.key] == nil {
			all[s.key] = map[[16]byte]address.Address{}
		}
		all[s.key][spelling.Sum] = a
	}
	return all, nil
}

// findLiving reads at once the addresses of all folded forms that are touched of which an erasure took the text.
func (g *gatherer) findLiving(ctx context.Context) error {
	var nameless []*subject
	for key := range g.folded {
		if s := g.loaded[key]; s != nil && s.address == "" {
			nameless = append(nameless, s)
		}
	}
	return g.addLiving(ctx, nameless)
}

// addLiving adds to what is known of subjects the addresses that exact subjects hold.
func (g *gatherer) addLiving(ctx context.Context, of []*subject) error {
	var missing []*subject
	for _, s := range of {
		if known := g.addressesFound(s); !known.living {
			known.living = true
			if s.address == "" || address.HasVariants(s.address) { // Else no other address has the folded form.
				missing = append(missing, s)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	all, err := g.living(ctx, missing)
	for key, found := range all {
		for spelling, a := range found {
			g.known[key].by[spelling] = a
		}
	}
	return err
}
