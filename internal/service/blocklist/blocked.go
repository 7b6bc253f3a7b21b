package blocklist

import (
	"cmp"
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// blocked returns those of the folded forms that something blocks, with the addresses that they are known by.
func (g *gathering) blocked(ctx context.Context, all []*cards.Subject) ([]*mailbox, error) {
	if err := g.followLinks(ctx); err != nil {
		return nil, err
	}
	own, err := g.ownPlaces(ctx, all)
	if err != nil {
		return nil, err
	}
	var boxes []*mailbox
	var unknown []*cards.Subject
	for i, s := range all {
		m, err := g.newMailbox(s)
		if err != nil {
			return nil, err
		}
		if len(m.stopped)+len(m.spellings) == 0 && !g.stopsAt(own[i].Domains) {
			continue
		}
		m.own = &own[i]
		boxes = append(boxes, m)
		if s.Text == "" || address.HasVariants(s.Text) {
			unknown = append(unknown, s)
		}
	}
	known, err := g.reader.cards.Addresses(ctx, unknown)
	if err != nil {
		return nil, err
	}
	var people []*person
	for _, m := range boxes {
		m.known = known[m.subject.ID]
		for _, a := range m.known {
			m.text = cmp.Or(m.text, a.Folded()) // All of them fold to the same.
		}
		m.people = m.addresses()
		people = append(people, m.people...)
	}
	if err := g.locate(ctx, people); err != nil {
		return nil, err
	}
	return boxes, g.nameSpellings(boxes)
}

// nameSpellings takes the spellings of which an address is known off the mailboxes.
func (g *gathering) nameSpellings(boxes []*mailbox) error {
	for _, m := range boxes {
		for _, p := range m.people {
			if len(m.spellings) == 0 {
				break
			}
			spelling, err := g.locator.Digests.Spelling(m.subject.KeyVersion, p.address.Exact())
			if err != nil {
				return err
			}
			delete(m.spellings, spelling.Sum)
		}
	}
	return nil
}

// newMailbox returns a folded form with what blocks it and its spellings.
func (g *gathering) newMailbox(s *cards.Subject) (*mailbox, error) {
	rules, err := g.foldedRules(s)
	if err != nil {
		return nil, err
	}
	m := &mailbox{subject: s, text: s.Text, rules: rules, stopped: g.stopping(rules)}
	for _, spelling := range feed.Spellings(s.State) {
		b := g.in.Channel.Blocks(g.in.Worths.ExactCard(nil, s.State, spelling), nil, nil, g.in.At)
		if len(b.Exact) == 0 {
			continue
		}
		if m.spellings == nil {
			m.spellings = map[[16]byte][]feed.Rule{}
		}
		m.spellings[spelling] = b.Exact
	}
	return m, nil
}

// ownPlaces returns where the addresses are found that are written as folded forms, and reads their domains.
func (g *gathering) ownPlaces(ctx context.Context, all []*cards.Subject) ([]subjects.Places, error) {
	found := make([]subjects.Places, len(all))
	keys := make([]storage.SubjectKey, 0, len(all))
	for i, s := range all {
		if s.Text == "" {
			continue
		}
		a, err := address.Parse(s.Text)
		if err != nil {
			continue // Not every folded form is an address; what it is known by is judged by its own domain.
		}
		if err := g.locator.Locate(&found[i], a, false); err != nil {
			return nil, err
		}
		for _, domain := range found[i].Domains {
			keys = append(keys, domain.Keys...)
		}
	}
	return found, g.loadDomains(ctx, keys)
}

// stopsAt reports whether a rule of one of the domains blocks.
func (g *gathering) stopsAt(domains []subjects.Place) bool {
	rules, found := make([][]feed.Rule, len(domains)), false
	for i := range domains {
		if s := g.find(&domains[i]); s != nil {
			rules[i], found = feed.DomainCard(s.State), true
		}
	}
	if !found {
		return false
	}
	b := g.in.Channel.Blocks(nil, nil, rules, g.in.At)
	return len(b.Domains) > 0
}

// rest adds the entries of forms of which only a list hash is known, and counts those of which nothing is.
func (g *gathering) rest(ctx context.Context, all []*cards.Subject) error {
	boxes, err := g.blocked(ctx, all)
	if err != nil {
		return err
	}
	ids := make([]consent.SubjectID, len(boxes))
	for i, m := range boxes {
		ids[i] = m.subject.ID
	}
	kept, err := g.reader.consumers.ListHashes(ctx, g.reader.Store, ids)
	if err != nil {
		return err
	}
	for _, m := range boxes {
		hashes := map[[16]byte]consumers.ListHash{}
		for _, hash := range kept[m.subject.ID] {
			hashes[hash.Spelling] = hash
		}
		if m.text == "" {
			h := hashes[[16]byte{}]
			g.hashed(&Entry{Match: consent.FormFolded, Inner: h.Hash, FoldVersion: h.FoldVersion, Partial: g.of.reopened[h.Hash], About: m.subject}, m.stopped)
		}
		for spelling, rules := range m.spellings {
			if h := hashes[spelling]; !g.of.returned[h.Hash] { // Else its exact subject gave what blocks it.
				g.hashed(&Entry{Match: consent.FormExact, Inner: h.Hash, FoldVersion: h.FoldVersion, About: m.subject}, rules)
			}
		}
	}
	return nil
}

// hashed adds the entries of a form with a list hash, or counts the form where there is none.
func (g *gathering) hashed(e *Entry, rules []feed.Rule) {
	switch {
	case len(rules) == 0:
	case e.Inner == [32]byte{}:
		g.page.Missing++
	default:
		g.add(e, rules)
	}
}
