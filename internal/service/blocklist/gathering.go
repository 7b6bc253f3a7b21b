package blocklist

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// gathering is a page that is being made.
type gathering struct {
	of      *List
	reader  *Reader
	in      *Request
	locator *subjects.Locator
	loaded  map[storage.SubjectKey]*cards.Subject // nil values: they do not exist
	linked  []*cards.Subject                      // those read with links that were not followed yet
	page    Page
}

// newGathering returns one of a page of about so many subjects.
func newGathering(l *List, in *Request, size int) *gathering {
	return &gathering{
		of: l, reader: l.reader, in: in, locator: subjects.NewLocator(l.reader.Keys, size),
		loaded: make(map[storage.SubjectKey]*cards.Subject, 3*size), // with the exact form and the domain of each
		page:   Page{Entries: make([]Entry, 0, size)},
	}
}

// person is one address with all that is known of it.
type person struct {
	address address.Address
	places  *subjects.Places // nil: they were not looked for yet
	box     *mailbox         // that it is of, if that is known; nil: it is not
	exact   *cards.Subject   // nil: there is none
	folded  *cards.Subject
	blocks  feed.Blocks
	// ofFolded says that the folded form is blocked, as far as no grant of this address counts.
	ofFolded bool
}

// mailbox is a folded form of the page, with the addresses that it is known by.
type mailbox struct {
	subject *cards.Subject
	// rules are those of the folded form. Stopped are those of them that block it, as far as no grant counts; spellings those of each spelling
	// that no address is known of.
	rules     []feed.Rule
	stopped   []feed.Rule
	spellings map[[16]byte][]feed.Rule
	known     map[[16]byte]address.Address // by the evidence
	text      string                       // the folded form; empty: it is not known
	own       *subjects.Places             // of the address that is written as the subject's text; those of none if there is none
	people    []*person                    // the addresses that it is known by
}

// isNameless reports whether the folded form or a spelling is blocked of which no address is known.
func (m *mailbox) isNameless() bool {
	return m.text == "" && len(m.stopped) > 0 || len(m.spellings) > 0
}

// load reads the subjects that were not read yet.
func (g *gathering) load(ctx context.Context, keys []storage.SubjectKey) error {
	missing := make([]storage.SubjectKey, 0, len(keys))
	for _, key := range keys {
		if _, ok := g.loaded[key]; !ok {
			g.loaded[key] = nil
			missing = append(missing, key)
		}
	}
	all, err := g.reader.cards.Present(ctx, missing)
	g.keep(all)
	return err
}

// loadDomains is load for domains. What was read of one for another page of the list is read no more: many addresses share it.
func (g *gathering) loadDomains(ctx context.Context, keys []storage.SubjectKey) error {
	missing := g.of.takeDomains(g.loaded, keys)
	if len(missing) == 0 {
		return nil
	}
	all, err := g.reader.cards.Present(ctx, missing)
	if err != nil {
		return err
	}
	g.keep(all)
	g.of.keepDomains(g.loaded, missing)
	return nil
}

// keep keeps subjects that were read.
func (g *gathering) keep(all []cards.Subject) {
	for i := range all {
		s := &all[i]
		g.loaded[s.Key] = s
		if s.Key.Form == consent.FormFolded && s.State != nil && len(s.State.Links) > 0 {
			g.linked = append(g.linked, s)
		}
	}
}

// find returns the subject at a place; nil if there is none.
func (g *gathering) find(place *subjects.Place) *cards.Subject {
	for i := range place.Keys {
		if s := g.loaded[place.Keys[i]]; s != nil {
			return s
		}
	}
	return nil
}

// followLinks reads the folded forms that those read are linked with.
func (g *gathering) followLinks(ctx context.Context) error {
	for len(g.linked) > 0 {
		var keys []storage.SubjectKey
		for _, s := range g.linked {
			for i := range s.State.Links {
				keys = append(keys, storage.SubjectKey{Form: consent.FormFolded, Digest: s.State.Links[i].With.Folded})
			}
		}
		g.linked = nil
		if err := g.load(ctx, keys); err != nil {
			return err
		}
	}
	return nil
}

// locate finds addresses, and reads what is known of them.
func (g *gathering) locate(ctx context.Context, list []*person) error {
	keys := make([]storage.SubjectKey, 0, 2*len(list))
	var domains []storage.SubjectKey
	for _, p := range list {
		if p.places == nil {
			p.places = &subjects.Places{}
			if err := g.locator.Locate(p.places, p.address, false); err != nil {
				return err
			}
		}
		keys = append(append(keys, p.places.Exact.Keys...), p.places.Folded.Keys...)
		for i := range p.places.Domains {
			domains = append(domains, p.places.Domains[i].Keys...)
		}
	}
	if err := g.load(ctx, keys); err != nil {
		return err
	}
	if err := g.loadDomains(ctx, domains); err != nil {
		return err
	}
	if err := g.followLinks(ctx); err != nil {
		return err
	}
	for _, p := range list {
		if err := g.judge(p); err != nil {
			return err
		}
	}
	return nil
}

// judge finds what blocks an address.
func (g *gathering) judge(p *person) error {
	p.exact, p.folded = g.find(&p.places.Exact), g.find(&p.places.Folded)
	var known consent.Known
	var folded []feed.Rule
	if p.exact != nil {
		known.Exact = p.exact.State
	}
	stops := false
	if p.folded != nil {
		known.Folded = p.folded.State
		var err error
		if known.Spelling, err = g.spelling(p); err != nil {
			return err
		}
		if p.box != nil && p.box.subject == p.folded {
			folded, stops = p.box.rules, len(p.box.stopped) > 0
		} else if folded, err = g.foldedRules(p.folded); err != nil {
			return err
		} else {
			stops = len(g.stopping(folded)) > 0
		}
	}
	exact := g.in.Worths.ExactCard(known.Exact, known.Folded, known.Spelling, g.in.Lists.Append(nil, p.address)...)
	domains := make([][]feed.Rule, len(p.places.Domains))
	for i := range p.places.Domains {
		if s := g.find(&p.places.Domains[i]); s != nil {
			domains[i] = feed.DomainCard(s.State)
		}
	}
	p.blocks = g.in.Channel.Blocks(exact, folded, domains, g.in.At)
	p.ofFolded = len(p.blocks.Folded) > 0 || stops
	return nil
}

// spelling returns the spelling of an address that has a folded subject; zero if that has nothing of one spelling, for which it would matter.
func (g *gathering) spelling(p *person) ([16]byte, error) {
	if len(feed.Spellings(p.folded.State)) == 0 {
		return [16]byte{}, nil
	}
	spelling, err := g.locator.Digests.Spelling(p.folded.KeyVersion, p.address.Exact())
	return spelling.Sum, err
}

// foldedRules returns the rules of a folded form and of what it is linked with.
func (g *gathering) foldedRules(s *cards.Subject) ([]feed.Rule, error) {
	known := consent.Known{Folded: s.State}
	err := known.GatherLinked(s.Key.Digest, func(digest [32]byte) (*consent.State, error) {
		if other := g.loaded[storage.SubjectKey{Form: consent.FormFolded, Digest: digest}]; other != nil {
			return other.State, nil
		}
		return nil, nil
	})
	return feed.FoldedCard(known.Folded, known.Linked), err
}

// stopping returns those of the rules that block where no grant counts.
func (g *gathering) stopping(rules []feed.Rule) []feed.Rule {
	if len(rules) == 0 {
		return nil
	}
	b := g.in.Channel.Blocks(nil, rules, nil, g.in.At)
	return b.Folded
}
