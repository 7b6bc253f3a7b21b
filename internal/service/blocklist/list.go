package blocklist

import (
	"context"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
)

// list makes the entries of the subjects.
func (g *gathering) list(ctx context.Context, all []cards.Subject) error {
	var exact []*person
	var folded []*cards.Subject
	for i := range all {
		s := &all[i]
		switch {
		case s.Key.Form == consent.FormDomain:
			g.domain(s)
		case s.Key.Form == consent.FormFolded:
			folded = append(folded, s)
		case s.Key.Form == consent.FormExact && s.Text != "":
			a, err := address.Parse(s.Text)
			if err != nil {
				return err
			}
			exact = append(exact, &person{address: a})
		}
	}
	if err := g.locate(ctx, exact); err != nil {
		return err
	}
	for _, p := range exact {
		g.exactAddress(p)
		if err := g.noteReturned(p); err != nil {
			return err
		}
	}
	return g.mailboxes(ctx, folded)
}

// domain adds the entries of a domain.
func (g *gathering) domain(s *cards.Subject) {
	b := g.in.Channel.Blocks(nil, nil, [][]feed.Rule{feed.DomainCard(s.State)}, g.in.At)
	if len(b.Domains) > 0 && s.Text == "" {
		g.page.Missing++
		return
	}
	g.add(&Entry{Match: consent.FormDomain, Text: s.Text}, b.Domains)
}

// add adds an entry for each rule.
func (g *gathering) add(e *Entry, rules []feed.Rule) {
	for i := range rules {
		one := *e
		one.Rule = rules[i]
		g.page.Entries = append(g.page.Entries, one)
	}
}

// isOwn reports whether the folded form of an address is given by its own subject, together with the address that is written the same.
func (p *person) isOwn() bool {
	return p.folded != nil && p.folded.Text != "" && p.address.Exact() == p.folded.Text
}

// exactAddress adds the entries of an address that has an exact subject.
func (g *gathering) exactAddress(p *person) {
	if p.isOwn() {
		return
	}
	if p.ofFolded && len(p.blocks.Folded) == 0 {
		g.page.Reopened++
	}
	g.addPerson(p, consent.FormExact)
}

// addPerson adds the entries of an address; those of its folded form match as given.
func (g *gathering) addPerson(p *person, match consent.Form) {
	e := Entry{Match: match, Text: p.address.Exact(), About: p.about()}
	g.add(&e, p.blocks.Folded)
	e.Match = consent.FormExact
	g.add(&e, p.blocks.Exact)
	if !g.in.Hashed {
		g.add(&e, p.blocks.Domains)
	}
}

func (p *person) about() *cards.Subject {
	if p.exact != nil {
		return p.exact
	}
	return p.folded
}

// noteReturned notes an address that came back after an erasure, of which list hashes are kept.
func (g *gathering) noteReturned(p *person) error {
	if !g.in.Hashed || p.folded == nil || p.folded.State == nil || len(p.folded.State.Erasures) == 0 {
		return nil
	}
	exact, err := g.reader.Keys.ListHash(consent.FormExact, p.address.Exact())
	if err != nil {
		return err
	}
	folded, err := g.reader.Keys.ListHash(consent.FormFolded, p.address.Folded())
	if err != nil {
		return err
	}
	g.of.mu.Lock()
	defer g.of.mu.Unlock()
	g.of.returned[exact] = true
	if p.ofFolded && len(p.blocks.Folded) == 0 {
		g.of.reopened[folded] = true
	}
	return nil
}

// mailboxes adds the entries of folded forms: those of the address that is written the same, and of the addresses that have no exact subject
// and are known by the evidence.
func (g *gathering) mailboxes(ctx context.Context, all []*cards.Subject) error {
	boxes, err := g.blocked(ctx, all)
	if err != nil {
		return err
	}
	for _, m := range boxes {
		g.mailbox(m)
		switch {
		case !m.isNameless():
		case g.in.Hashed:
			g.of.addErased(m.subject.Key)
		default:
			if m.text == "" && len(m.stopped) > 0 {
				g.page.Missing++
			}
			g.page.Missing += int64(len(m.spellings))
		}
	}
	return nil
}

// addresses returns the addresses that a mailbox is known by: first the one that is written as the folded form, if that is one.
func (m *mailbox) addresses() []*person {
	var list []*person
	own := &person{address: m.own.Address, places: m.own, box: m}
	if len(m.own.Exact.Keys) == 0 {
		own.places = nil
	}
	if m.subject.Text == "" { // The text is known by the evidence.
		if a, err := address.Parse(m.text); err == nil {
			own.address = a
		}
	}
	if m.text != "" && own.address.Exact() == m.text && own.address.Folded() == m.text {
		list = append(list, own)
	}
	if len(m.known) == 0 {
		return list
	}
	texts := map[string]address.Address{}
	for _, a := range m.known {
		if a.Exact() != m.text {
			texts[a.Exact()] = a
		}
	}
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, &person{address: texts[text], box: m})
	}
	return list
}

// mailbox adds the entries of a mailbox that is known by some addresses.
func (g *gathering) mailbox(m *mailbox) {
	partial := slices.ContainsFunc(m.people, func(p *person) bool { return p.ofFolded && len(p.blocks.Folded) == 0 })
	match := consent.FormFolded
	if partial {
		match = consent.FormExact
	}
	own := false
	for _, p := range m.people {
		switch {
		case p.address.Exact() == m.text:
			own = true
			from := len(g.page.Entries)
			g.addPerson(p, match)
			for i := range g.page.Entries[from:] {
				g.page.Entries[from+i].Derived = m.isDerived(p)
			}
		case p.exact == nil || p.exact.Text == "": // Else the exact subject gives it.
			if g.in.Hashed && !partial {
				p.blocks.Folded = nil // The folded form stands for it.
			}
			g.addPerson(p, consent.FormExact)
		}
	}
	if m.text != "" && (partial || !own) {
		g.add(&Entry{Match: consent.FormFolded, Text: m.text, Partial: partial, About: m.subject}, m.stopped)
	}
}

// isDerived reports whether the address that is written as the folded form was never seen, and others of the mailbox were.
func (m *mailbox) isDerived(p *person) bool {
	if p.exact != nil || len(m.known) == 0 {
		return false
	}
	for _, a := range m.known {
		if a == p.address {
			return false
		}
	}
	return true
}
