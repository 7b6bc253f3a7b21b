package feed

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Worths says what grants are worth under one catalog. It never changes, is safe for concurrent use, and better kept than made anew.
type Worths struct {
	channels []Channel
	rules    map[string]*consent.Rules
	senders  map[string][]string // all sender identities of a channel
}

// NewWorths returns the worths under a catalog. The error says which channel has no rules; a catalog that was parsed has rules for each.
func NewWorths(c *catalog.Catalog) (*Worths, error) {
	w := &Worths{rules: make(map[string]*consent.Rules, len(c.Channels)), senders: make(map[string][]string, len(c.Channels))}
	for i := range c.Channels {
		ch := &c.Channels[i]
		rules, err := consent.NewRules(c, consent.Request{Channel: ch.ID})
		if err != nil {
			return nil, fmt.Errorf("the rules of the channel %s: %w", ch.ID, err)
		}
		w.rules[ch.ID], w.senders[ch.ID] = rules, ch.SenderIdentities
		w.channels = append(w.channels, channelOf(c, ch, rules))
	}
	return w, nil
}

// ExactCard returns the card of an exact form: exact is the state of its subject, folded that of the subject of its folded form, spelling
// what events of that subject carry for it. A nil state is one without events. Both are folds of the events up to one position. Lists are what
// the external lists in force say of the address: nothing is told of that where there is no grant, for without one nothing is allowed.
func (w *Worths) ExactCard(exact, folded *consent.State, spelling [16]byte, lists ...consent.Listing) []Rule {
	var card []Rule
	if exact != nil {
		card = w.grants(exact, folded.ErasedAt(spelling))
	}
	if len(lists) > 0 && slices.ContainsFunc(card, func(r Rule) bool { return r.Kind == KindGrant }) {
		card = appendListings(card, lists)
	}
	if folded == nil {
		return sorted(withoutIdleReopenings(card))
	}
	for i := range folded.Refusals {
		if r := &folded.Refusals[i]; r.Only != ([16]byte{}) && r.Only == spelling {
			card = append(card, refusal(r, consent.FormExact))
		}
	}
	for i := range folded.Suppressions {
		if p := &folded.Suppressions[i]; p.Reason == consent.ReasonHardBounce && p.Spelling == spelling {
			card = append(card, suppression(p, consent.FormExact))
		}
	}
	if folded.ErasedAt(spelling) != 0 {
		return sorted(card) // A bounce that is recorded late may be told under a hash alone, and not on this card: it has to find the reopening.
	}
	return sorted(withoutIdleReopenings(card))
}

// withoutIdleReopenings leaves out the reopenings of a card that end no hard bounce on it. Readers of every channel get the others: without
// this they would get each address with a confirmed consent for whatever channel.
func withoutIdleReopenings(card []Rule) []Rule {
	first := consent.MaxInstant // of the bounces
	for i := range card {
		if card[i].Reason == consent.ReasonHardBounce {
			first = min(first, card[i].Since)
		}
	}
	return slices.DeleteFunc(card, func(r Rule) bool { return r.Kind == KindReopening && r.Since <= first })
}

// FoldedCard returns the card of a folded form: folded is the state of its subject, linked are those of the addresses that are linked with
// it, as consent.Known.GatherLinked finds them. What blocks one address of a person blocks all, but for bounces, which are about a mailbox.
func FoldedCard(folded *consent.State, linked []consent.LinkedState) []Rule {
	var card []Rule
	add := func(s *consent.State, spelling [16]byte) {
		for i := range s.Refusals {
			if r := &s.Refusals[i]; r.Only == ([16]byte{}) || r.Only == spelling {
				card = append(card, refusal(r, consent.FormFolded))
			}
		}
		for i := range s.Suppressions {
			if p := &s.Suppressions[i]; p.Reason != consent.ReasonHardBounce {
				card = append(card, suppression(p, consent.FormFolded))
			}
		}
	}
	if folded != nil {
		add(folded, [16]byte{})
	}
	for i := range linked {
		add(linked[i].State, linked[i].Spelling)
	}
	return sorted(card)
}

// DomainCard returns the card of a domain; s is the state of its subject. A listing on an external list counts for that domain alone, every
// other suppression for the domains below it, too.
func DomainCard(s *consent.State) []Rule {
	if s == nil {
		return nil
	}
	var card []Rule
	for i := range s.Suppressions {
		card = append(card, suppression(&s.Suppressions[i], consent.FormDomain))
	}
	return sorted(card)
}

// Spellings returns, in order, the spellings on whose exact cards the state of a folded subject has an effect: those of tagged refusals, of
// hard bounces, and of erasures, which take grants off the card.
func Spellings(folded *consent.State) [][16]byte {
	if folded == nil {
		return nil
	}
	var found [][16]byte
	for i := range folded.Refusals {
		if only := folded.Refusals[i].Only; only != ([16]byte{}) {
			found = append(found, only)
		}
	}
	for i := range folded.Suppressions {
		if p := &folded.Suppressions[i]; p.Reason == consent.ReasonHardBounce {
			found = append(found, p.Spelling)
		}
	}
	for i := range folded.Erasures {
		found = append(found, folded.Erasures[i].Spelling)
	}
	slices.SortFunc(found, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(found)
}

func refusal(r *consent.Refusal, match consent.Form) Rule {
	code := consent.CodeRefused
	if r.Withdrew {
		code = consent.CodeWithdrawn
	}
	return Rule{Kind: KindRefusal, Match: match, Channel: r.Channel, Code: code, Since: r.At}
}

func suppression(p *consent.Suppression, match consent.Form) Rule {
	return Rule{
		Kind: KindSuppression, Match: match, Reason: p.Reason, Scope: p.Scope, List: p.List, Binds: p.Binds, Since: p.At, Until: p.Until,
	}
}

// grants returns the rules of the grants that are later than the last erasure of their address, and of the reopenings among them.
func (w *Worths) grants(exact *consent.State, erased consent.Instant) []Rule {
	var card []Rule
	var reopened consent.Instant // the last that counts at once
	for i := range exact.Grants {
		g := &exact.Grants[i]
		if !g.After(erased) {
			continue
		}
		var atOnce, later bool
		card, atOnce = w.appendGrant(card, g, g.At, 0)
		if g.Confirmed > g.At {
			card, later = w.appendGrant(card, g, g.Confirmed, g.Confirmed)
		}
		if atOnce {
			reopened = max(reopened, g.Begin())
		} else if later {
			card = append(card, Rule{Kind: KindReopening, Match: consent.FormExact, Since: g.Begin(), From: g.Confirmed})
		}
	}
	if reopened != 0 {
		card = append(card, Rule{Kind: KindReopening, Match: consent.FormExact, Since: reopened})
	}
	return card
}

// appendGrant appends what g is worth at t on each of its channels, as rules that count from the given instant, and reports whether it is a
// confirmed consent that reopens one of them.
func (w *Worths) appendGrant(card []Rule, g *consent.Grant, t, from consent.Instant) (with []Rule, reopens bool) {
	for _, id := range g.Channels {
		rules := w.rules[id]
		if rules == nil {
			continue // The catalog in force does not have the channel.
		}
		worth, ok := rules.Worth(g, t)
		if !ok {
			continue
		}
		reopens = reopens || worth.EndsObjection
		if from != 0 {
			if before, ok := rules.Worth(g, g.At); ok && before == worth {
				continue // The confirmation changes nothing.
			}
		}
		card = append(card, Rule{
			Kind: KindGrant, Match: consent.FormExact, Channel: id, Code: worth.Allow, Since: worth.Since, Until: worth.Until, From: from,
			EndsRefusal: worth.EndsRefusal, EndsHonoured: worth.EndsHonoured, EndsObjection: worth.EndsObjection, Imported: worth.Imported,
		})
	}
	return card, reopens
}

// appendListings appends what external lists say: a listing, or from when on the list cannot be relied on.
func appendListings(card []Rule, lists []consent.Listing) []Rule {
	for i := range lists {
		l := &lists[i]
		r := Rule{
			Kind: KindSuppression, Match: consent.FormExact, Reason: ReasonListStale, Scope: consent.ScopeMarketing, List: l.List, Binds: l.Binds,
			Since: l.Since, From: l.Stale,
		}
		switch {
		case l.Listed:
			r.Reason, r.From = consent.ReasonExternalList, 0
		case l.Unasked:
			r.From = 0
		}
		card = append(card, r)
	}
	return card
}
