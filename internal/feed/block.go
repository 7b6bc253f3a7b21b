package feed

import "github.com/assent-io/assent/internal/consent"

// Blocks are the rules that stop messages on a channel to an address.
type Blocks struct {
	Exact, Folded []Rule
	Domains       []Rule
}

// IsEmpty reports whether nothing stops messages.
func (b *Blocks) IsEmpty() bool { return len(b.Exact)+len(b.Folded)+len(b.Domains) == 0 }

// Blocks returns which rules of an address stop messages on the channel at t: refusals, and suppressions in force, that no grant of the
// exact card ended. There are some exactly where Evaluate says Blocked of the same cards, with PlainOrder as the order. The domains are in
// the order of address.Address.Domains.
func (ch *Channel) Blocks(exact, folded []Rule, domains [][]Rule, t consent.Instant) Blocks {
	cards := Cards{Exact: make([]Held, len(exact))}
	for i := range exact {
		cards.Exact[i] = Hold(&exact[i], PlainOrder(&exact[i]))
	}
	e := evaluation{ch: ch, cards: &cards, at: t}
	e.grants()
	b := Blocks{Exact: e.stopping(exact, own), Folded: e.stopping(folded, own)}
	for level := range domains {
		of := ofDomain
		if level > 0 {
			of = ofDomainAbove
		}
		b.Domains = append(b.Domains, e.stopping(domains[level], of)...)
	}
	return b
}

// stopping returns those of the rules that stop messages.
func (e *evaluation) stopping(rules []Rule, of place) []Rule {
	var stopping []Rule
	for i := range rules {
		h := Hold(&rules[i], PlainOrder(&rules[i]))
		if e.stops(&h, of) {
			stopping = append(stopping, rules[i])
		}
	}
	return stopping
}

// stops reports whether a rule stops messages by itself.
func (e *evaluation) stops(h *Held, of place) bool {
	switch h.Kind {
	case KindRefusal:
		return e.ch.Refusable && h.Channel == e.ch.Channel && e.opened <= h.Order
	case KindSuppression:
		return h.Stops != StopsCustomerMarketing && e.applies(h, of) && !e.isEnded(h)
	case KindGrant, KindReopening:
	}
	return false
}
