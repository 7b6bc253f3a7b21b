package changes

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/storage"
)

// cards returns the cards of everything touched, in the order of their forms.
func (g *gatherer) cards(ctx context.Context) ([]card, error) {
	var all []card
	for _, text := range slices.Sorted(maps.Keys(g.exact)) {
		c, err := g.exactCard(g.exact[text])
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	for key, t := range g.folded {
		s := g.loaded[key]
		if s == nil {
			continue
		}
		c, known, err := g.foldedCard(ctx, s, t)
		if err != nil {
			return nil, err
		}
		if known {
			all = append(all, c)
		}
	}
	for key, whole := range g.domain {
		if s := g.loaded[key]; s != nil && s.address != "" {
			all = append(all, card{
				match: consent.FormDomain, text: s.address, whole: whole, before: feed.DomainCard(s.before), after: feed.DomainCard(s.after),
			})
		}
	}
	slices.SortFunc(all, func(a, b card) int { return cmp.Or(cmp.Compare(a.match, b.match), cmp.Compare(a.text, b.text)) })
	return all, nil
}

// exactCard returns the card of an exact form.
func (g *gatherer) exactCard(t *touchedExact) (card, error) {
	a := t.places.Address
	c := card{match: consent.FormExact, text: a.Exact(), folded: a.Folded(), whole: t.whole}
	exact, folded := g.find(&t.places.Exact), g.find(&t.places.Folded)
	var before, after consent.Known
	if exact != nil {
		before.Exact, after.Exact = exact.before, exact.after
		c.about = append(c.about, exact.key)
	}
	if folded != nil {
		spelling, err := g.locator.Digests.Spelling(folded.version, a.Exact())
		if err != nil {
			return c, err
		}
		before.Folded, after.Folded = folded.before, folded.after
		before.Spelling, after.Spelling = spelling.Sum, spelling.Sum
		if exact == nil {
			c.about = append(c.about, folded.key)
		}
	}
	c.before = g.worths.ExactCard(before.Exact, before.Folded, before.Spelling)
	c.after = g.worths.ExactCard(after.Exact, after.Folded, after.Spelling)
	return c, nil
}

// foldedCard returns the card of a folded form, and whether its text is known.
func (g *gatherer) foldedCard(ctx context.Context, s *subject, t *touchedFolded) (card, bool, error) {
	c := card{match: consent.FormFolded, text: cmp.Or(t.text, s.address), about: []storage.SubjectKey{s.key}, whole: t.whole}
	if c.text == "" {
		known, err := g.addressesOf(ctx, s)
		if err != nil {
			return c, false, err
		}
		for _, a := range known {
			if a.Folded() > c.text { // All of them fold to the same; the choice is always the same one.
				c.text, c.whole = a.Folded(), true
			}
		}
	}
	if c.text == "" {
		return c, false, nil
	}
	c.folded = c.text
	var err error
	if c.before, err = g.foldedRules(s, func(s *subject) *consent.State { return s.before }); err != nil {
		return c, false, err
	}
	c.after, err = g.foldedRules(s, func(s *subject) *consent.State { return s.after })
	return c, true, err
}

// foldedRules returns the rules of a folded form and of what it is linked with, before or after.
func (g *gatherer) foldedRules(s *subject, at func(*subject) *consent.State) ([]feed.Rule, error) {
	known := consent.Known{Folded: at(s)}
	err := known.GatherLinked(s.key.Digest, func(digest [32]byte) (*consent.State, error) {
		if other := g.loaded[storage.SubjectKey{Form: consent.FormFolded, Digest: digest}]; other != nil {
			return at(other), nil
		}
		return nil, nil
	})
	return feed.FoldedCard(known.Folded, known.Linked), err
}

// spellingsOf returns the spellings that a folded subject has rules of their own for, or erasures: those of which that changed, or all.
func (g *gatherer) spellingsOf(s *subject, all bool) [][16]byte {
	found := slices.Concat(feed.Spellings(s.before), feed.Spellings(s.after))
	slices.SortFunc(found, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	found = slices.Compact(found)
	if all {
		return found
	}
	return slices.DeleteFunc(found, func(spelling [16]byte) bool {
		before, after := g.worths.ExactCard(nil, s.before, spelling), g.worths.ExactCard(nil, s.after, spelling)
		return slices.Equal(before, after) && s.before.ErasedAt(spelling) == s.after.ErasedAt(spelling)
	})
}
