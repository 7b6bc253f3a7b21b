package cards

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

// ReadOne returns the card of one form of an address, whether anything is held about it or not. Folded is the folded form of an exact or
// folded one.
func (r *Reader) ReadOne(ctx context.Context, part Part, worths *feed.Worths, match consent.Form, text, folded string) (Card, error) {
	g := r.newGatherer(part, worths)
	if err := g.touchOne(ctx, match, text); err != nil {
		return Card{}, err
	}
	all, err := g.cards(ctx)
	for i := range all {
		if all[i].Match == match && all[i].Text == text {
			return all[i], err
		}
	}
	return Card{Match: match, Text: text, Folded: folded}, err
}

// touchOne touches one card, and reads what it rests on.
func (g *gatherer) touchOne(ctx context.Context, match consent.Form, text string) error {
	if match == consent.FormExact {
		a, err := address.Parse(text)
		if err != nil {
			return err
		}
		if err := g.touchExact(a, false); err != nil {
			return err
		}
		if err := g.loadPlaces(ctx); err != nil {
			return err
		}
		return g.followLinks(ctx)
	}
	place, err := g.locator.Place(match, text)
	if err != nil {
		return err
	}
	if err := g.load(ctx, place.Keys); err != nil {
		return err
	}
	if s := g.find(&place); s != nil {
		if err := g.touch(s, false); err != nil {
			return err
		}
		if t := g.folded[s.key]; t != nil {
			t.text, t.kept = text, s.address == "" // It may be that of an erased address.
		}
	}
	return g.followLinks(ctx)
}
