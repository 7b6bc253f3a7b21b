package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// Request is the part of a check that does not differ between the addresses of a batch.
type Request struct {
	Channel     string
	Sender      string // unset: the channel's first
	Reference   string
	Advertising bool // the message also advertises something
}

// Rules are a catalog's rules for one request: what can be said before any address is known. They are immutable.
type Rules struct {
	catalog  *catalog.Catalog
	channel  *catalog.Channel
	sender   *catalog.SenderIdentity // nil if unknown
	request  Request
	stage2   []Code    // findings about channel and sender identity
	coverage coverage  // what scopes reach the channel under the sender
	honoured []honours // channels whose refusals count here
}

// honours is a channel whose refusals another one honours.
type honours struct {
	channel  *catalog.Channel
	coverage coverage
}

// coverage says which scopes reach a channel. Sender is empty where a scope of a sender identity does not count.
type coverage struct {
	class                                   catalog.Class
	controller, department, channel, sender string
}

func (c *coverage) covers(s Scope) bool {
	switch s {
	case ScopeAll:
		return true
	case ScopeMarketing:
		return c.class == catalog.ClassMarketing
	}
	kind, id := s.Split()
	switch kind {
	case ScopeController:
		return id == c.controller
	case ScopeDepartment:
		return id == c.department
	case ScopeChannel:
		return id == c.channel
	case ScopeSender:
		return c.sender != "" && id == c.sender
	default:
		return false
	}
}

func coverageOf(ch *catalog.Channel, sender string) coverage {
	return coverage{class: ch.Class, controller: ch.Controller, department: ch.Department, channel: ch.ID, sender: sender}
}

// NewRules returns the rules of c for a request. The error is [FaultUnknownChannel].
func NewRules(c *catalog.Catalog, r Request) (*Rules, error) {
	ch, ok := c.Channel(r.Channel)
	if !ok {
		return nil, Faultf(FaultUnknownChannel, "channel", "the catalog has no such channel")
	}
	rules := &Rules{catalog: c, channel: ch, request: r}
	if ch.Retired {
		rules.stage2 = append(rules.stage2, CodeChannelRetired)
	}
	id := r.Sender
	if id == "" {
		id = ch.DefaultSender()
	}
	if sender, ok := c.SenderIdentity(id); ok {
		rules.sender = sender
		if sender.Retired {
			rules.stage2 = append(rules.stage2, CodeSenderInactive)
		}
		if !ch.Allows(id) {
			rules.stage2 = append(rules.stage2, CodeSenderNotAllowed)
		}
	} else {
		rules.stage2 = append(rules.stage2, CodeSenderUnknown)
	}
	rules.coverage = coverageOf(ch, id)
	for _, id := range ch.Honours {
		if h, ok := c.Channel(id); ok {
			rules.honoured = append(rules.honoured, honours{channel: h, coverage: coverageOf(h, "")})
		}
	}
	return rules, nil
}

// Channel returns the channel that the rules are for.
func (r *Rules) Channel() *catalog.Channel { return r.channel }

// declaration returns the version of a declaration, and whether the catalog knows it.
func (r *Rules) declaration(d Declaration) (*catalog.DeclarationVersion, bool) {
	if d.IsZero() {
		return nil, false
	}
	return r.catalog.Declaration(d.ID, d.Version)
}

// provable reports whether the consent g can be proved on the channel at t: it names a known consent declaration and a
// source, and where the channel requires double opt-in it was confirmed or is documented on paper.
func (r *Rules) provable(g *Grant, ch *catalog.Channel, t Instant) bool {
	version, known := r.declaration(g.Declaration)
	if !known || version.Kind != catalog.KindConsent || g.Source == "" {
		return false
	}
	if !ch.DoubleOptIn || endedBy(g.Confirmed, t) {
		return true
	}
	return g.Document && (g.Source == SourcePaper || g.Source == SourceInPerson)
}

// covers reports whether the declaration of g is known and its version covers the channel.
func (r *Rules) covers(g *Grant, channel string) bool {
	version, known := r.declaration(g.Declaration)
	return known && version.Covers(channel)
}

// reopens reports whether g opens the channel again at t after something at since. Nothing but a provable consent of the
// person does: no purchase, no terms, no import, no consent that began before; but one that has since expired or lapsed.
func (r *Rules) reopens(g *Grant, ch *catalog.Channel, since, t Instant, confirmed bool) bool {
	return g.Basis == catalog.BasisConsent && g.Source != SourceImport && g.On(ch.ID) && g.Begin() > since &&
		(!confirmed || endedBy(g.Confirmed, t)) && r.covers(g, ch.ID) && r.provable(g, ch, t)
}

// similar reports whether g is about one of the goods that the channel names.
func (r *Rules) similar(g *Grant) bool {
	return len(r.channel.Goods) == 0 ||
		slices.ContainsFunc(g.Goods, func(goods string) bool { return slices.Contains(r.channel.Goods, goods) })
}
