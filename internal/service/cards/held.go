package cards

import (
	"context"
	"log/slog"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// mostHeld is how many addresses of a mailbox are looked for among exact subjects. There may be any number, for all that go to one mailbox have
	// one folded form. Of those beyond it readers are told the folded form alone.
	mostHeld = 1000
	// heldPage is how many exact subjects are read at once.
	heldPage = 1000
)

// heldBy returns the addresses that exact subjects hold with the folded forms of the subjects: for each subject by their spelling, at most
// [mostHeld]. They are read as they are now: what was erased since is left out.
func (g *gatherer) heldBy(ctx context.Context, of []*subject) (map[storage.SubjectKey]map[[16]byte]address.Address, error) {
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
	rows, err := tables.Mailboxes(ctx, g.reader.Store, ids, mostHeld+1)
	if err != nil {
		return nil, err
	}
	keys, holders := make([]storage.SubjectKey, 0, len(rows)), make(map[storage.SubjectKey]*subject, len(rows))
	counts := make(map[[16]byte]int, len(ids))
	for i := range rows {
		if counts[rows[i].Mailbox]++; counts[rows[i].Mailbox] > mostHeld {
			g.reader.Log.LogAttrs(ctx, slog.LevelWarn, "a mailbox has more addresses than readers of the feed are told one by one",
				slog.Int("addresses", mostHeld))
			continue
		}
		key := storage.SubjectKey{Form: consent.FormExact, Digest: rows[i].Exact}
		keys = append(keys, key)
		holders[key] = byMailbox[rows[i].Mailbox]
	}
	all := make(map[storage.SubjectKey]map[[16]byte]address.Address, len(of))
	for page := range slices.Chunk(keys, heldPage) {
		if err := g.addHeld(ctx, all, page, holders); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addHeld adds the addresses that exact subjects hold to those of the folded subjects whose mailbox they are of.
func (g *gatherer) addHeld(
	ctx context.Context, all map[storage.SubjectKey]map[[16]byte]address.Address, keys []storage.SubjectKey,
	holders map[storage.SubjectKey]*subject,
) error {
	_, states, err := g.reader.Store.States(ctx, keys)
	if err != nil {
		return err
	}
	held, err := g.reader.open(states)
	if err != nil {
		return err
	}
	for _, exact := range held {
		if exact.address == "" {
			continue
		}
		s := holders[exact.key]
		a, err := address.Parse(exact.address)
		if err != nil {
			return err
		}
		spelling, err := g.locator.Digests.Spelling(s.version, a.Exact())
		if err != nil {
			return err
		}
		if all[s.key] == nil {
			all[s.key] = map[[16]byte]address.Address{}
		}
		all[s.key][spelling.Sum] = a
	}
	return nil
}

// findHeld reads at once the addresses of all folded forms that are touched of which an erasure took the text.
func (g *gatherer) findHeld(ctx context.Context) error {
	var nameless []*subject
	for key := range g.folded {
		if s := g.loaded[key]; s != nil && s.address == "" {
			nameless = append(nameless, s)
		}
	}
	return g.addHeldBy(ctx, nameless)
}

// addHeldBy adds to what is known of subjects the addresses that exact subjects hold.
func (g *gatherer) addHeldBy(ctx context.Context, of []*subject) error {
	var missing []*subject
	for _, s := range of {
		if known := g.addressesFound(s); !known.held {
			known.held = true
			if s.address == "" || address.HasVariants(s.address) { // Else no other address has the folded form.
				missing = append(missing, s)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	all, err := g.heldBy(ctx, missing)
	for key, found := range all {
		for spelling, a := range found {
			g.known[key].by[spelling] = a
		}
	}
	return err
}
