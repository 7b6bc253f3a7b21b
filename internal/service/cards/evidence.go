package cards

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// recordPage is how many events are read at once where addresses are looked for in their evidence.
const recordPage = 500

// addresses are those that are known of a folded subject: those that exact subjects hold, and that the evidence of its events has, as far as
// either was read.
type addresses struct {
	by    map[[16]byte]address.Address // by their spelling
	held  bool                         // those of exact subjects were read
	after int64                        // the evidence was, up to this position
	all   bool
}

// addressesFound returns the addresses of a folded subject that were found so far.
func (g *gatherer) addressesFound(s *subject) *addresses {
	known := g.known[s.key]
	if known == nil {
		known = &addresses{by: map[[16]byte]address.Address{}}
		g.known[s.key] = known
	}
	return known
}

// addressesOf returns the addresses that are known of a folded subject, by their spelling: all, or those that are found until they are enough.
// A mailbox may have a long life.
func (g *gatherer) addressesOf(
	ctx context.Context, s *subject, enough func(map[[16]byte]address.Address) bool,
) (map[[16]byte]address.Address, error) {
	known := g.addressesFound(s)
	if s.address == "" {
		if err := g.addHeldBy(ctx, []*subject{s}); err != nil {
			return nil, err
		}
	}
	for !known.all && !enough(known.by) {
		_, records, err := g.reader.Store.Records(ctx, []storage.SubjectKey{s.key}, known.after, recordPage)
		if err != nil {
			return nil, err
		}
		for i := range records {
			known.after = records[i].Event.Position
			if err := g.addAddress(known.by, s, &records[i]); err != nil {
				return nil, err
			}
		}
		known.all = len(records) < recordPage
	}
	if enough(known.by) {
		return known.by, nil
	}
	return known.by, g.addHeldBy(ctx, []*subject{s})
}

// Spellings returns the exact forms that are known of the folded form of a card, but for one that is the same text.
func (r *Reader) Spellings(ctx context.Context, c *Card) ([]string, error) {
	if c.subject == nil {
		return nil, nil // Nothing is held about it.
	}
	known, err := r.newGatherer(Part{}, nil).addressesOf(ctx, c.subject, func(map[[16]byte]address.Address) bool { return false })
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, a := range known {
		if a.Exact() != c.Text {
			texts = append(texts, a.Exact())
		}
	}
	slices.Sort(texts)
	return texts, nil
}

// addAddress adds the address in the evidence of an event, if there is one.
func (g *gatherer) addAddress(known map[[16]byte]address.Address, s *subject, r *storage.Record) error {
	if r.Evidence == nil || r.Event.IsBlank() {
		return nil
	}
	if _, ok := known[r.Event.Spelling.Sum]; ok {
		return nil
	}
	evidence, err := g.reader.OpenEvidence(&r.Event, r.Evidence)
	if errors.Is(err, seal.ErrKeyMissing) {
		return fault.Errorf(fault.KeyMissing, "", "the key file of this server lacks a master key that the database uses; give the server "+
			"the key file of the other servers").Because(err)
	}
	if err != nil {
		return err
	}
	a, err := address.Parse(evidence.Address)
	if err != nil {
		return nil //nolint:nilerr // Not every event has an address in its evidence.
	}
	spelling, err := g.locator.Digests.Spelling(s.version, a.Exact())
	if err != nil {
		return err
	}
	known[spelling.Sum] = a
	return nil
}
