package feed

import (
	"slices"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Channel is what a consumer has to know of a channel to evaluate rules for it: of messages under its default sender identity.
type Channel struct {
	consent.Coverage // which scopes reach it; Coverage.Channel is its id

	Closed    consent.Code // why no message at all is allowed, such as CHANNEL_RETIRED; empty: it is open
	Refusable bool         // of a channel that is not marketing: refusals count
	Honours   []consent.Coverage
	Limits    campaign.Limits // when messages that are allowed wait; of rules they say nothing, and Evaluate does not look at them
}

func channelOf(c *catalog.Catalog, ch *catalog.Channel, rules *consent.Rules) Channel {
	info := Channel{
		Coverage: consent.CoverageOf(ch, ch.DefaultSender()), Refusable: ch.Refusable || ch.Class == catalog.ClassMarketing,
	}
	limits := c.Limits(ch.ID)
	info.Limits = limits.Enforced()
	if d, denied := rules.DenyAll(0); denied {
		info.Closed = d.Reason
	} else if rules.IsMarketing() && rules.Clearing() == campaign.ClearingRequired {
		info.Closed = consent.CodeNotCleared // Only the server knows the sends.
	}
	for _, id := range ch.Honours {
		if h, ok := c.Channel(id); ok {
			info.Honours = append(info.Honours, consent.CoverageOf(h, "")) // A no in the scope of a sender identity is not honoured.
		}
	}
	return info
}

// Channels returns the channels of the catalog, in its order. They are shared and not to be changed.
func (w *Worths) Channels() []Channel { return w.channels }

// Channel returns the channel with the id; nil if the catalog does not have it.
func (w *Worths) Channel(id string) *Channel {
	i := slices.IndexFunc(w.channels, func(ch Channel) bool { return ch.Channel == id })
	if i < 0 {
		return nil
	}
	return &w.channels[i]
}

// Filter says which rules a consumer wants.
type Filter struct {
	all      bool
	kinds    []Kind
	coverage []consent.Coverage // of the channels that it wants, one for each sender identity
	honoured []consent.Coverage // of those that these honour
}

// Filter returns the filter of a consumer that evaluates only these channels, of this catalog, and wants only these kinds of rules; none: all.
func (w *Worths) Filter(channels []string, kinds []Kind) *Filter {
	f := &Filter{all: len(channels) == 0, kinds: kinds}
	for _, id := range channels {
		ch := w.Channel(id)
		if ch == nil {
			continue
		}
		for _, sender := range w.senders[id] {
			of := ch.Coverage
			of.Sender = sender
			f.coverage = append(f.coverage, of)
		}
		f.honoured = append(f.honoured, ch.Honours...)
	}
	return f
}

// Of returns the rules of a card that the consumer wants, in their order, without what it needs not of them: a grant that is only for a channel
// which one of its channels honours says what it ends, but not what it allows.
func (f *Filter) Of(card []Rule) []Rule {
	var wanted []Rule
	cut := false
	for i := range card {
		if !f.Wants(&card[i]) {
			continue
		}
		r := card[i]
		if r.Kind == KindGrant && !f.all && !isOf(f.coverage, r.Channel) {
			r.Code, r.Until, r.EndsRefusal, r.Imported, cut = "", 0, false, false, true
		}
		wanted = append(wanted, r)
	}
	if cut {
		return sorted(wanted) // Some may be the same now, or stand elsewhere.
	}
	return wanted
}

// Stops returns which messages of the consumer's channels a suppression stops: of those that stop the same of them the least. So a consumer of
// marketing channels does not see which suppressions stop other messages, too. Zero for another kind.
func (f *Filter) Stops(r *Rule) Stops {
	stops := r.Stops()
	if f.all || stops == 0 || stops == StopsCustomerMarketing {
		return stops
	}
	for _, less := range [...]Stops{StopsMarketing, StopsAllButNotices} {
		if !slices.ContainsFunc(f.coverage, func(c consent.Coverage) bool { return stops.class(c.Class) != less.class(c.Class) }) {
			return less
		}
	}
	return stops
}

// Wants reports whether the consumer wants the rule: it changes, or may change, an answer about one of its channels.
func (f *Filter) Wants(r *Rule) bool {
	if len(f.kinds) > 0 && !slices.Contains(f.kinds, r.Kind) {
		return false
	}
	if f.all {
		return true
	}
	switch r.Kind {
	case KindGrant:
		return isOf(f.coverage, r.Channel) || (r.EndsHonoured || r.EndsObjection) && isOf(f.honoured, r.Channel)
	case KindRefusal:
		return isOf(f.coverage, r.Channel) || isOf(f.honoured, r.Channel)
	case KindSuppression:
		return slices.ContainsFunc(f.coverage, func(c consent.Coverage) bool { return r.Stops().class(c.Class) && c.Covers(r.Scope) }) ||
			isHonoured(consent.Code(r.Reason)) && r.Match != consent.FormDomain &&
				slices.ContainsFunc(f.honoured, func(c consent.Coverage) bool { return c.Covers(r.Scope) })
	default:
		return true
	}
}

func isOf(list []consent.Coverage, channel string) bool {
	return slices.ContainsFunc(list, func(c consent.Coverage) bool { return c.Channel == channel })
}

// class reports whether messages of the class can be stopped.
func (s Stops) class(c catalog.Class) bool {
	switch s {
	case StopsEverything:
		return true
	case StopsAllButNotices:
		return c != catalog.ClassLegalNotice
	case StopsMarketing, StopsCustomerMarketing:
		return c == catalog.ClassMarketing
	default:
		return false
	}
}

// isHonoured reports whether suppressions with the reason count on channels that honour those in their scope.
func isHonoured(reason consent.Code) bool {
	return reason == consent.CodeObjection || reason == consent.CodeComplaint
}
