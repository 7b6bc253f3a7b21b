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

// addressesOf returns the addresses that the evidence of a folded subject's events still has, by their spelling.
func (g *gatherer) addressesOf(ctx context.Context, s *subject) (map[[16]byte]address.Address, error) {
	if known, ok := g.known[s.key]; ok {
		return known, nil
	}
	known := map[[16]byte]address.Address{}
	for after := int64(0); ; {
		_, records, err := g.reader.Store.Records(ctx, []storage.SubjectKey{s.key}, after, recordPage)
		if err != nil {
			return nil, err
		}
		for i := range records {
			after = records[i].Event.Position
			if err := g.addAddress(known, s, &records[i]); err != nil {
				return nil, err
			}
		}
		if len(records) < recordPage {
			break
		}
	}
	g.known[s.key] = known
	return known, nil
}

// Spellings returns the exact forms that are known of the folded form of a card, but for one that is the same text.
func (r *Reader) Spellings(ctx context.Context, c *Card) ([]string, error) {
	known, err := r.newGatherer(Part{}, nil).addressesOf(ctx, c.subject)
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
