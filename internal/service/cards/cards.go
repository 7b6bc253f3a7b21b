package cards

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/storage"
)

// cards returns the cards of everything touched, in the order of their forms.
func (g *gatherer) cards(ctx context.Context) ([]Card, error) {
	var all []Card
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
		c, err := g.foldedCard(ctx, s, t)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	for key, whole := range g.domain {
		if s := g.loaded[key]; s != nil && s.address != "" {
			all = append(all, Card{
				Match: consent.FormDomain, Text: s.address, Whole: whole, Before: feed.DomainCard(s.before), After: feed.DomainCard(s.after),
				Actors: s.actors,
				between: g.between([]*subject{s}, func(at func(*subject) *consent.State) ([]feed.Rule, error) {
					return feed.DomainCard(at(s)), nil
				}),
			})
		}
	}
	all, err := g.nameHashes(ctx, all)
	slices.SortFunc(all, func(a, b Card) int { return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(a.Text, b.Text)) })
	return all, err
}

// nameHashes gives the cards without a text the hashes that erasures kept, and adds those of the erased spellings. A Card without either is
// left out: no reader can be told whom it is about.
func (g *gatherer) nameHashes(ctx context.Context, all []Card) ([]Card, error) {
	var ids []consent.SubjectID
	for i := range all {
		if c := &all[i]; c.subject != nil && (c.Text == "" || len(g.nameless[c.subject.key]) > 0) {
			ids = append(ids, c.subject.id)
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	kept, err := g.reader.consumers.ListHashes(ctx, g.reader.Store, ids)
	if err != nil {
		return nil, err
	}
	touched, err := g.exactHashes()
	if err != nil {
		return nil, err
	}
	var named, spelled []Card
	for i := range all {
		c := all[i]
		if c.subject == nil {
			named = append(named, c)
			continue
		}
		for _, hash := range kept[c.subject.id] {
			if hash.Spelling != ([16]byte{}) {
				continue
			}
			if c.Person = hash.Hash; c.Text == "" {
				c.Inner, c.FoldVersion = hash.Hash, hash.FoldVersion
			}
		}
		if c.Text == "" && c.Person == ([32]byte{}) {
			continue
		}
		named = append(named, c)
		for _, hash := range kept[c.subject.id] {
			if slices.Contains(g.nameless[c.subject.key], hash.Spelling) && !touched[hash.Hash] {
				spelled = append(spelled, g.erasedCard(&c, hash))
			}
		}
	}
	return append(named, spelled...), nil
}

// exactHashes returns the list hashes of the exact forms that are touched.
func (g *gatherer) exactHashes() (map[[32]byte]bool, error) {
	hashes := make(map[[32]byte]bool, len(g.exact))
	for text := range g.exact {
		hash, err := g.reader.Keys.ListHash(consent.FormExact, text)
		if err != nil {
			return nil, err
		}
		hashes[hash] = true
	}
	return hashes, nil
}

// erasedCard returns the Card of a spelling of which only the hash is known, as far as the folded subject has rules for it. What the exact
// subject had is gone with the erasure; what came after it is told where it is touched.
func (g *gatherer) erasedCard(of *Card, hash consumers.ListHash) Card {
	s := of.subject
	c := Card{
		Match: consent.FormExact, Inner: hash.Hash, FoldVersion: hash.FoldVersion, Person: of.Person, About: of.About,
		After: g.worths.ExactCard(nil, s.after, hash.Spelling),
		between: g.between([]*subject{s}, func(at func(*subject) *consent.State) ([]feed.Rule, error) {
			return g.worths.ExactCard(nil, at(s), hash.Spelling), nil
		}),
	}
	if s.before.ErasedAt(hash.Spelling) != s.after.ErasedAt(hash.Spelling) {
		c.Whole = true
	} else if !of.Whole {
		c.Before = g.worths.ExactCard(nil, s.before, hash.Spelling)
	}
	return c
}

// exactCard returns the Card of an exact form.
func (g *gatherer) exactCard(t *touchedExact) (Card, error) {
	a := t.places.Address
	c := Card{Match: consent.FormExact, Text: a.Exact(), Folded: a.Folded(), Whole: t.whole}
	exact, folded := g.find(&t.places.Exact), g.find(&t.places.Folded)
	var before, after consent.Known
	if exact != nil {
		before.Exact, after.Exact = exact.before, exact.after
		c.About, c.Actors = append(c.About, exact.key), append(c.Actors, exact.actors...)
	}
	if folded != nil {
		spelling, err := g.locator.Digests.Spelling(folded.version, a.Exact())
		if err != nil {
			return c, err
		}
		c.Actors = append(c.Actors, folded.actors...)
		before.Folded, after.Folded = folded.before, folded.after
		before.Spelling, after.Spelling = spelling.Sum, spelling.Sum
		if exact == nil {
			c.About = append(c.About, folded.key)
		}
	}
	if folded != nil {
		var err error
		if c.OfFolded, err = g.foldedRules(folded, func(s *subject) *consent.State { return s.after }); err != nil {
			return c, err
		}
	}
	lists := g.part.Lists.Append(nil, a)
	c.Before = g.worths.ExactCard(before.Exact, before.Folded, before.Spelling, lists...)
	c.After = g.worths.ExactCard(after.Exact, after.Folded, after.Spelling, lists...)
	c.between = g.between([]*subject{exact, folded}, func(at func(*subject) *consent.State) ([]feed.Rule, error) {
		return g.worths.ExactCard(at(exact), at(folded), after.Spelling, lists...), nil
	})
	return c, nil
}

// foldedCard returns the Card of a folded form; its text is empty if it is not known.
func (g *gatherer) foldedCard(ctx context.Context, s *subject, t *touchedFolded) (Card, error) {
	c := Card{Match: consent.FormFolded, Text: cmp.Or(t.text, s.address), About: []storage.SubjectKey{s.key}, Whole: t.whole, subject: s}
	if c.Kept = t.kept; c.Text == "" || c.Kept {
		known, err := g.addressesOf(ctx, s, func(known map[[16]byte]address.Address) bool { return len(known) > 0 })
		if err != nil {
			return c, err
		}
		for _, a := range known {
			if a.Folded() >= c.Text { // All of them fold to the same; the choice is always the same one.
				c.Text, c.Whole, c.Kept = a.Folded(), true, false
			}
		}
	}
	c.Folded, c.Actors = c.Text, g.actorsOf(s)
	var err error
	if c.Before, err = g.foldedRules(s, func(s *subject) *consent.State { return s.before }); err != nil {
		return c, err
	}
	c.After, err = g.foldedRules(s, func(s *subject) *consent.State { return s.after })
	c.between = g.between(g.linkedWith(s), func(at func(*subject) *consent.State) ([]feed.Rule, error) { return g.foldedRules(s, at) })
	return c, err
}

// actorsOf returns who recorded what changed of a folded form, and of what it is linked with. What its links alone changed was recorded by
// no client that knows of it.
func (g *gatherer) actorsOf(s *subject) []string {
	if len(s.actors) == 0 {
		return nil
	}
	all := slices.Clone(s.actors)
	for _, link := range s.links() {
		if other := g.loaded[storage.SubjectKey{Form: consent.FormFolded, Digest: link.Folded}]; other != nil {
			all = append(all, other.actors...)
		}
	}
	return all
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

// spellingsOf returns the spellings that a folded subject has rules of their own for, or erasures: those of which that changed, or all. What came
// and went inside the part of the ledger changed, too, for a snapshot may have told it.
func (g *gatherer) spellingsOf(s *subject, all bool) [][16]byte {
	found := slices.Concat(feed.Spellings(s.before), feed.Spellings(s.after))
	if s.undone() {
		all = true
		found = append(found, feed.Spellings(consent.Fold(slices.DeleteFunc(slices.Clone(s.inside), isUndoing)))...)
	}
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
