package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent/found"
	"github.com/assent-io/assent/internal/consent/obligation"
	"github.com/assent-io/assent/internal/fault"
)

// Request is the part of a check that does not differ between the addresses of a batch.
type Request struct {
	Channel     string
	Sender      string // unset: the channel's first
	Reference   string
	Advertising bool // the message also advertises something
}

// Rules are a catalog's rules for one request: what can be said before any address is known. They never change, are safe for concurrent
// use, and better kept than made anew: the lists of reasons that their decisions share are made once.
type Rules struct {
	catalog  *catalog.Catalog
	channel  *catalog.Channel
	sender   *catalog.SenderIdentity // nil if unknown
	request  Request
	stage2   []Code    // findings about channel and sender identity
	coverage Coverage  // what scopes reach the channel under the sender
	honoured []honours // channels whose refusals count here
	reasons  *found.Shared[Code]
	calendar *campaign.Calendar // of the channel; nil: it has neither quiet hours nor freezes
	// The obligations of messages on a consent, and on another basis.
	byConsent, byOther []string
}

// findings are the codes that stages have found.
type findings = found.List[Code]

// honours is a channel; another one honours its refusals.
type honours struct {
	channel  *catalog.Channel
	coverage Coverage
}

// NewRules returns the rules of c for a request. The error is UNKNOWN_CHANNEL of package fault.
func NewRules(c *catalog.Catalog, r Request) (*Rules, error) {
	ch, ok := c.Channel(r.Channel)
	if !ok {
		return nil, fault.Errorf(fault.UnknownChannel, "channel", "the catalog does not have this channel")
	}
	rules := &Rules{catalog: c, channel: ch, request: r, reasons: &found.Shared[Code]{}, calendar: c.Calendar(r.Channel)}
	rules.byConsent, rules.byOther = obligation.Of(ch, true), obligation.Of(ch, false)
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
	rules.coverage = CoverageOf(ch, id)
	for _, id := range ch.Honours {
		if h, ok := c.Channel(id); ok {
			rules.honoured = append(rules.honoured, honours{channel: h, coverage: CoverageOf(h, "")})
		}
	}
	return rules, nil
}

// Referring returns the rules of the same request but for the reference.
func (r *Rules) Referring(reference string) *Rules {
	if r.request.Reference == reference {
		return r
	}
	same := *r
	same.request.Reference = reference
	return &same
}

// Covers reports whether a suppression of the scope reaches the channel under the sender identity of the request.
func (r *Rules) Covers(scope Scope) bool { return r.coverage.Covers(scope) }

// DecideGrant decides as if nothing but one grant were known about the address: the answer says what the grant lacks by itself.
func (r *Rules) DecideGrant(a address.Address, e *Event, t Instant) Decision {
	return r.Decide(a, &Known{Exact: &State{Grants: []Grant{GrantOf(e)}}}, t)
}

// Sender returns the sender identity that the rules are for; nil if the catalog does not know it.
func (r *Rules) Sender() *catalog.SenderIdentity { return r.sender }

// Channel returns the channel that the rules are for.
func (r *Rules) Channel() *catalog.Channel { return r.channel }

// IsMarketing reports whether the channel of the rules is marketing.
func (r *Rules) IsMarketing() bool { return r.channel.Class == catalog.ClassMarketing }

// Calendar returns the quiet hours and freezes of the channel; nil: it has neither.
func (r *Rules) Calendar() *campaign.Calendar { return r.calendar }

// Clearing returns what the catalog asks of a send before messages of it go out.
func (r *Rules) Clearing() campaign.Clearing { return r.catalog.Sends.Clearing }

// SharedReasons returns a list equal to codes, which it does not keep. Decisions under the rules share it: it is not to be changed.
func (r *Rules) SharedReasons(codes []Code) []Code { return r.reasons.Of(codes) }

// declaration returns the version of a declaration; nil if the catalog does not know it.
func (r *Rules) declaration(d Declaration) *catalog.DeclarationVersion {
	if d.IsZero() {
		return nil
	}
	version, _ := r.catalog.Declaration(d.ID, d.Version)
	return version
}

// provable reports whether the consent g with the version of its declaration can be proved on the channel at t: it names a known consent
// declaration and a source; where the channel requires double opt-in it was confirmed; where the channel requires parts of the evidence they
// are there. A document of a consent that was given on paper or in person stands for the last two.
func (g *Grant) provable(version *catalog.DeclarationVersion, ch *catalog.Channel, t Instant) bool {
	if version == nil || version.Kind != catalog.KindConsent || g.Source == "" {
		return false
	}
	if g.Document && (g.Source == SourcePaper || g.Source == SourceInPerson) {
		return true
	}
	required := requiredDetails(ch)
	return g.Details&required == required && (!ch.DoubleOptIn || EndedBy(g.Confirmed, t))
}

// noticed reports whether the person was told, when the address was collected, that they may refuse. Where the channel requires it, g must
// name the notice that was shown.
func (r *Rules) noticed(g *Grant) bool {
	version := r.declaration(g.NoticeShown)
	shown := version != nil && version.Kind == catalog.KindNotice && version.Covers(r.channel.ID)
	return shown || g.Notice && !r.channel.NoticeRequired
}

// similar reports whether g is about one of the goods that the channel names.
func (r *Rules) similar(g *Grant) bool {
	return len(r.channel.Goods) == 0 ||
		slices.ContainsFunc(g.Goods, func(goods string) bool { return slices.Contains(r.channel.Goods, goods) })
}
