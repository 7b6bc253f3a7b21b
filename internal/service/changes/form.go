package changes

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

// form is how a reader sees addresses, times and positions. The zero form is plain: all in clear.
type form struct{}

// entry returns an entry about a rule of a card.
func (x *form) entry(change Change, c *card, rule *feed.Rule, position int64) Entry {
	e := Entry{Change: change, Match: c.match, Address: c.text, Kind: rule.Kind, Rule: *rule, Position: x.position(position)}
	if rule.Kind != 0 {
		e.Reason = rule.Shown()
		e.EndedBy, e.Stops = rule.EndedBy(), rule.Stops()
		e.Order = uint64(rule.Since)
	}
	return e
}

// position returns a position as the reader sees it.
func (x *form) position(at int64) int64 { return at }

// forget returns what a reader is told of an erased address.
func (r *reader) forget(x *removal) []Entry {
	entries := []Entry{r.form.gone(consent.FormExact, x.exact, x.at.Position)}
	return append(entries, r.form.gone(consent.FormFolded, x.folded, x.at.Position))
}

func (x *form) gone(match consent.Form, text string, position int64) Entry {
	return Entry{Change: Removed, Match: match, Address: text, Kind: KindAddress, Position: x.position(position)}
}
