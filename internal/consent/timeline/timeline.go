// Package timeline tells what a check answers about an address at each time of its history. It has no rules of its own: it asks
// [consent.Rules.Decide] at every instant at which the answer can change, which are the times of the events, the ends that time brings, and
// those from which a catalog is in force.
package timeline

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
)

// Version is a version of the catalog with the time from which it is in force.
type Version struct {
	Effective consent.Instant
	Catalog   *catalog.Catalog
}

// History is all that the answers about an address can rest on.
type History struct {
	Address  address.Address
	Events   []consent.Event   // of the address, its mailbox, its domains and other addresses of the same person, in any order
	Catalogs []Version         // in the order of their versions; the first is in force for all time before
	Lists    []consent.Event   // the activations of external lists, in any order
	Contacts []consent.Contact // by time; nil: no consent lives by any

	// KnownAt returns what a check as of the instant knows of the address. It is called with ascending instants.
	KnownAt func(at consent.Instant) (*consent.Known, error)
}

// Course is what checks answer on a channel over time.
type Course struct {
	Channel string
	Spans   []Span // by time; where none lies, the catalog does not have the channel
}

// Span is a time in which the answer is the same.
type Span struct {
	From, To consent.Instant // To is excluded; zero: the answer stays as long as nothing else is recorded
	Class    catalog.Class   // of the channel
	Decision consent.Decision
	Blocks   []consent.InForce // that reach the channel, those that a consent has ended included
}

// Courses returns what a check without sender identity and reference answers on every channel that any catalog has, from the first instant
// of the history to the last that is known to come. Spans that begin after until are left out.
func (h *History) Courses(until consent.Instant) ([]Course, error) {
	t := tracer{history: h, rules: map[ruleKey]*consent.Rules{}, at: map[string]int{}}
	for _, at := range h.instants() {
		if err := t.step(at); err != nil {
			return nil, err
		}
	}
	for i := range t.courses {
		c := &t.courses[i]
		c.Spans = slices.DeleteFunc(c.Spans, func(s Span) bool { return s.From > until })
	}
	return slices.DeleteFunc(t.courses, func(c Course) bool { return len(c.Spans) == 0 }), nil
}

// instants returns the instants at which an answer can change, in order, without any twice.
func (h *History) instants() []consent.Instant {
	var list []consent.Instant
	add := func(at consent.Instant) {
		if at != 0 {
			list = append(list, at)
		}
	}
	for i := range h.Catalogs {
		add(h.Catalogs[i].Effective)
	}
	for i := range h.Lists {
		add(h.Lists[i].Occurred)
		add(h.Lists[i].StaleFrom())
	}
	lapses := h.lapses()
	for i := range h.Events {
		e := &h.Events[i]
		for _, at := range []consent.Instant{e.Occurred, e.Expires, e.Confirmed} {
			add(at)
		}
		if e.Kind != consent.KindGrant && e.Kind != consent.KindRequest && e.Kind != consent.KindConfirm {
			continue
		}
		for _, p := range lapses {
			if add(e.Occurred.Plus(p)); e.Confirmed != 0 {
				add(e.Confirmed.Plus(p))
			}
		}
	}
	for i := range h.Contacts {
		at := h.Contacts[i].At
		for _, p := range lapses {
			add(at.Plus(p))
		}
		for k := range h.Catalogs {
			forgotten := at.Plus(h.Catalogs[k].Catalog.Policy.Retention.Contacts)
			add(forgotten)
			add(consent.InstantOfDay(forgotten.Day())) // What ends on a day of a shorter month may end as it begins.
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// lapses returns the periods after which the catalogs let a legal basis lapse.
func (h *History) lapses() []period.Period {
	var list []period.Period
	add := func(p period.Period) {
		if !p.IsZero() && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	for i := range h.Catalogs {
		c := h.Catalogs[i].Catalog
		add(c.Policy.ExistingCustomerLapsesAfter)
		for k := range c.Channels {
			add(c.Channels[k].ConsentLapsesAfter)
		}
	}
	return list
}

// inForce returns the catalog that is in force at an instant.
func (h *History) inForce(at consent.Instant) *catalog.Catalog {
	for i := len(h.Catalogs) - 1; i > 0; i-- {
		if h.Catalogs[i].Effective <= at {
			return h.Catalogs[i].Catalog
		}
	}
	return h.Catalogs[0].Catalog
}

// tracer goes through the instants of a history.
type tracer struct {
	history *History
	rules   map[ruleKey]*consent.Rules
	courses []Course
	at      map[string]int // index among the courses by channel
}

// ruleKey names a channel of one version of the catalog.
type ruleKey struct {
	catalog *catalog.Catalog
	channel string
}

// step asks what holds at an instant, which ends the spans in which something else did.
func (t *tracer) step(at consent.Instant) error {
	known, err := t.history.KnownAt(at)
	if err != nil {
		return err
	}
	known.Contacts = t.history.Contacts
	cat := t.history.inForce(at)
	inForce := known.InForce(t.history.Address, at)
	for i := range t.courses {
		if _, still := cat.Channel(t.courses[i].Channel); !still {
			t.courses[i].end(at)
		}
	}
	for i := range cat.Channels {
		ch := &cat.Channels[i]
		rules, err := t.rulesOf(cat, ch.ID)
		if err != nil {
			return err
		}
		s := Span{From: at, Class: ch.Class, Decision: rules.Decide(t.history.Address, known, at)}
		for _, p := range inForce {
			if rules.Covers(p.Scope) {
				s.Blocks = append(s.Blocks, p)
			}
		}
		t.course(ch.ID).add(&s)
	}
	return nil
}

func (t *tracer) rulesOf(cat *catalog.Catalog, channel string) (*consent.Rules, error) {
	key := ruleKey{cat, channel}
	if rules := t.rules[key]; rules != nil {
		return rules, nil
	}
	rules, err := consent.NewRules(cat, consent.Request{Channel: channel})
	t.rules[key] = rules
	return rules, err
}

func (t *tracer) course(channel string) *Course {
	i, ok := t.at[channel]
	if !ok {
		i = len(t.courses)
		t.at[channel], t.courses = i, append(t.courses, Course{Channel: channel})
	}
	return &t.courses[i]
}

// end ends the last span, if it has no end yet.
func (c *Course) end(at consent.Instant) {
	if n := len(c.Spans); n > 0 && c.Spans[n-1].To == 0 {
		c.Spans[n-1].To = at
	}
}

// add begins a span unless the last one says the same.
func (c *Course) add(s *Span) {
	if n := len(c.Spans); n > 0 && c.Spans[n-1].To == 0 && c.Spans[n-1].saysTheSame(s) {
		return
	}
	c.end(s.From)
	c.Spans = append(c.Spans, *s)
}

func (s *Span) saysTheSame(other *Span) bool {
	a, b := &s.Decision, &other.Decision
	return s.Class == other.Class && a.Verdict == b.Verdict && slices.Equal(a.Reasons, b.Reasons) && a.Basis == b.Basis && a.Position == b.Position &&
		slices.Equal(s.Blocks, other.Blocks)
}
