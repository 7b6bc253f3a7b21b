package cards

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// Card is all that is told of one form of an address, before and after a part of the ledger.
type Card struct {
	Match  consent.Form
	Text   string               // the form; empty if only its hash is known, see Inner
	Folded string               // the folded form of an exact or folded one
	About  []storage.SubjectKey // that disclosures are counted for
	Before []feed.Rule
	After  []feed.Rule
	// OfFolded are the rules after of the folded form of an exact one.
	OfFolded []feed.Rule
	// Inner and Person are the list hashes of the form and of the person's folded form, where Text is empty.
	Inner, Person [32]byte
	// FoldVersion is the address.FoldVersion by which the form of Inner was made, if that is not the one of this program; else 0.
	FoldVersion int
	// Actors are the clients that recorded what changed of it, as far as it is what they recorded; none: it follows from something else.
	Actors []string
	// Whole reports that what readers hold of the card may be other than Before: they are told to forget it, and what holds.
	Whole bool
	// Kept reports that the text is that of an erased address: it is for those only who hold another spelling.
	Kept bool

	subject *subject // of a folded form
	between func() ([]feed.Rule, error)
}

// gatherer finds the cards that a part of the ledger touches. A subject is touched if an event is about it, or if its row changed.
type gatherer struct {
	reader  *Reader
	part    Part
	worths  *feed.Worths
	locator *subjects.Locator

	loaded map[storage.SubjectKey]*subject // nil values: they do not exist
	exact  map[string]*touchedExact        // by the exact form
	folded map[storage.SubjectKey]*touchedFolded
	domain map[storage.SubjectKey]bool // touched; whole or not
	known  map[storage.SubjectKey]*addresses
	// nameless are the spellings that a folded subject has rules for and no address is known of.
	nameless map[storage.SubjectKey][][16]byte
}

type touchedExact struct {
	places subjects.Places
	whole  bool
}

type touchedFolded struct {
	text   string // the folded form, as an address in the evidence has it; empty: that of the row
	whole  bool
	kept   bool // the text is that of an erased address
	linked bool // it is touched only by what it is linked with
}

func (r *Reader) newGatherer(part Part, worths *feed.Worths) *gatherer {
	return &gatherer{
		reader: r, part: part, worths: worths, locator: subjects.NewLocator(r.Keys, 1), loaded: map[storage.SubjectKey]*subject{},
		exact: map[string]*touchedExact{}, folded: map[storage.SubjectKey]*touchedFolded{}, domain: map[storage.SubjectKey]bool{},
		known: map[storage.SubjectKey]*addresses{}, nameless: map[storage.SubjectKey][][16]byte{},
	}
}

// gather returns the cards that the subjects with the keys touch, in order. Those of named are told whole, and those of the folded forms of
// erased addresses.
func (g *gatherer) gather(ctx context.Context, touched, named []storage.SubjectKey, erased []address.Address) ([]Card, error) {
	if err := g.load(ctx, slices.Concat(touched, named)); err != nil {
		return nil, err
	}
	for i := range erased {
		if err := g.keep(ctx, erased[i]); err != nil {
			return nil, err
		}
	}
	for i, keys := range [][]storage.SubjectKey{touched, named} {
		for _, key := range keys {
			if s := g.loaded[key]; s != nil {
				if err := g.touch(s, i == 1); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := g.loadPlaces(ctx); err != nil {
		return nil, err
	}
	if err := g.followLinks(ctx); err != nil {
		return nil, err
	}
	if err := g.findHeld(ctx); err != nil {
		return nil, err
	}
	if err := g.findSpellings(ctx); err != nil {
		return nil, err
	}
	if err := g.loadPlaces(ctx); err != nil {
		return nil, err
	}
	if err := g.returned(ctx); err != nil {
		return nil, err
	}
	return g.cards(ctx)
}

// keep notes the card of the folded form of an erased address, and that of the address itself where something of it stayed or came back: a
// window before may have told of that already, and readers forget it.
func (g *gatherer) keep(ctx context.Context, a address.Address) error {
	places, err := g.locator.Places(a, false)
	if err != nil {
		return err
	}
	if err := g.load(ctx, slices.Concat(places.Folded.Keys, places.Exact.Keys)); err != nil {
		return err
	}
	if s := g.find(&places.Exact); s != nil && s.address != "" {
		if err := g.touchExact(a, true); err != nil {
			return err
		}
	}
	if s := g.find(&places.Folded); s != nil && s.address == "" {
		g.folded[s.key] = &touchedFolded{text: a.Folded(), whole: true, kept: true}
	}
	return nil
}

// load reads the subjects that were not read yet.
func (g *gatherer) load(ctx context.Context, keys []storage.SubjectKey) error {
	var missing []storage.SubjectKey
	for _, key := range keys {
		if _, ok := g.loaded[key]; !ok {
			g.loaded[key] = nil
			missing = append(missing, key)
		}
	}
	all, err := g.reader.load(ctx, g.part, missing)
	for _, s := range all {
		g.loaded[s.key] = s
	}
	return err
}

// touch notes the card of a subject.
func (g *gatherer) touch(s *subject, whole bool) error {
	switch s.key.Form {
	case consent.FormExact:
		if s.address == "" {
			return nil
		}
		a, err := address.Parse(s.address)
		if err != nil {
			return err
		}
		return g.touchExact(a, whole || s.rewritten)
	case consent.FormFolded:
		t := g.folded[s.key]
		if t == nil {
			t = &touchedFolded{}
			g.folded[s.key] = t
		}
		t.whole = t.whole || whole
	case consent.FormDomain:
		g.domain[s.key] = g.domain[s.key] || whole
	case consent.FormMail: // Confirmation mails are told to no reader.
	}
	return nil
}

func (g *gatherer) touchExact(a address.Address, whole bool) error {
	t := g.exact[a.Exact()]
	if t == nil {
		places, err := g.locator.Places(a, false)
		if err != nil {
			return err
		}
		t = &touchedExact{places: places}
		g.exact[a.Exact()] = t
	}
	t.whole = t.whole || whole
	return nil
}

// loadPlaces reads the subjects of the addresses that are touched.
func (g *gatherer) loadPlaces(ctx context.Context) error {
	var keys []storage.SubjectKey
	for _, t := range g.exact {
		keys = append(append(keys, t.places.Exact.Keys...), t.places.Folded.Keys...)
	}
	return g.load(ctx, keys)
}

// find returns the subject at a place; nil if there is none.
func (g *gatherer) find(place *subjects.Place) *subject {
	for i := range place.Keys {
		if s := g.loaded[place.Keys[i]]; s != nil {
			return s
		}
	}
	return nil
}

// followLinks touches the addresses that those touched are linked with, before or after, for what blocks one of them blocks all. It reads
// them, and those that any folded subject that was read is linked with.
func (g *gatherer) followLinks(ctx context.Context) error {
	for {
		var keys []storage.SubjectKey
		for key, s := range g.loaded {
			if s == nil || key.Form != consent.FormFolded {
				continue
			}
			t := g.folded[key]
			for _, link := range s.links() {
				other := storage.SubjectKey{Form: consent.FormFolded, Digest: link.Folded}
				if _, read := g.loaded[other]; !read {
					keys = append(keys, other)
				}
				if t != nil && g.folded[other] == nil {
					g.folded[other] = &touchedFolded{whole: t.whole, linked: true}
					keys = append(keys, other)
				}
			}
		}
		if len(keys) == 0 {
			return nil
		}
		if err := g.load(ctx, keys); err != nil {
			return err
		}
	}
}

// findSpellings touches the exact addresses that a folded subject has rules for which are of one spelling only, as far as an address with that
// spelling is known.
func (g *gatherer) findSpellings(ctx context.Context) error {
	for key, t := range g.folded {
		s := g.loaded[key]
		if s == nil || t.linked {
			continue
		}
		spellings := g.spellingsOf(s, t.whole)
		if len(spellings) == 0 {
			continue
		}
		known, err := g.addressesOf(ctx, s, func(known map[[16]byte]address.Address) bool {
			return !slices.ContainsFunc(spellings, func(x [16]byte) bool { return known[x].IsZero() })
		})
		if err != nil {
			return err
		}
		for _, spelling := range spellings {
			a, ok := known[spelling]
			if !ok {
				g.nameless[key] = append(g.nameless[key], spelling)
				continue
			}
			if err := g.touchExact(a, t.whole); err != nil {
				return err
			}
		}
	}
	return nil
}

// returned touches the folded forms of the addresses that came back after an erasure, as a whole: the reader forgot them, and the row of the
// folded form is without its text for ever.
func (g *gatherer) returned(ctx context.Context) error {
	for _, t := range g.exact {
		folded := g.find(&t.places.Folded)
		if folded == nil || len(erasuresOf(folded)) == 0 && folded.address != "" {
			continue
		}
		t.whole = true
		g.folded[folded.key] = &touchedFolded{text: t.places.Address.Folded(), whole: true, linked: true}
	}
	return g.followLinks(ctx)
}

func erasuresOf(s *subject) []consent.Erasure {
	if s.after == nil {
		return nil
	}
	return s.after.Erasures
}
