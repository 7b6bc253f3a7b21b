package cards

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/storage"
)

// Between returns the rules that the card had after some event inside the part of the ledger, but for the last one. A snapshot that ran
// meanwhile may have told them, even where the card has none of them before and after. It folds the events anew for each, so it is called only
// where that is not known otherwise. It may be called by several goroutines at a time.
func (c *Card) Between() ([]feed.Rule, error) {
	if c.between == nil {
		return nil, nil
	}
	return c.between()
}

// between returns what Between of a card does which is made of subjects: rules returns the card of their states at a time.
func (g *gatherer) between(of []*subject, rules func(at func(*subject) *consent.State) ([]feed.Rule, error)) func() ([]feed.Rule, error) {
	var positions []int64
	for _, s := range of {
		if s != nil {
			for i := range s.inside {
				positions = append(positions, s.inside[i].Position)
			}
		}
	}
	slices.Sort(positions)
	positions = slices.Compact(positions)
	if len(positions) < 2 {
		return nil
	}
	return func() ([]feed.Rule, error) {
		var all []feed.Rule
		for _, position := range positions[:len(positions)-1] {
			card, err := rules(func(s *subject) *consent.State { return s.at(position) })
			if err != nil {
				return nil, err
			}
			all = append(all, card...)
		}
		return all, nil
	}
}

// linkedWith returns a folded subject and those that it was linked with before, inside or after the part of the ledger, also through others.
func (g *gatherer) linkedWith(s *subject) []*subject {
	found := []*subject{s}
	for i := 0; i < len(found); i++ {
		for _, link := range found[i].links() {
			other := g.loaded[storage.SubjectKey{Form: consent.FormFolded, Digest: link.Folded}]
			if other != nil && !slices.Contains(found, other) {
				found = append(found, other)
			}
		}
	}
	return found
}
