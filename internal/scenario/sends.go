package scenario

import (
	"cmp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
)

// Send is a planned mailing.
type Send struct {
	Line int
	campaign.Send
	// Planned are the addresses of planned contacts: the audience that its preview kept.
	Planned []string
}

// Cap is how much marketing a person wants, from a time on.
type Cap struct {
	Line    int
	At      consent.Instant
	Address string // as written
	campaign.Cap
}

// Report says what became of a message of a send.
type Report struct {
	Line     int
	At       consent.Instant // when it was sent, or given up
	Address  string          // as written
	Send     string
	Released bool
}

func (d *decoder) send(node ast.Node) *Send {
	o := d.object(node, "a send", "id", "channel", "sender_identity", "from", "until", "priority", "planned", "cleared_at", "cancelled")
	if o == nil || !o.require("id", "channel", "from", "until") {
		return nil
	}
	s := &Send{Line: o.line, Send: campaign.Send{
		ID: o.text("id"), Channel: o.text("channel"), SenderIdentity: o.text("sender_identity"), State: campaign.Planned,
		Window: campaign.Window{From: int64(o.instant("from")), Until: int64(o.instant("until"))}, CommentUntil: int64(o.instant("cleared_at")),
	}}
	if s.From >= s.Until {
		o.fail("until", "the window runs backwards; write an end that is later than from")
	}
	if !o.has("cleared_at") {
		s.Objections = 1 // Silence does not clear it.
	}
	s.Priority = o.number("priority", 0, campaign.MaxPriority)
	for _, one := range o.texts("planned") {
		s.Planned = append(s.Planned, o.mailbox("planned", one))
	}
	if o.flag("cancelled") {
		s.State = campaign.Cancelled
	}
	return s
}

func (d *decoder) personalCap(node ast.Node) *Cap {
	o := d.object(node, "a cap", "at", "address", "max", "per")
	if o == nil || !o.require("at", "address", "max", "per") {
		return nil
	}
	c := &Cap{Line: o.line, At: o.instant("at"), Address: o.mailbox("address", o.text("address"))}
	c.Max = o.number("max", 1, 1_000_000)
	per, err := period.Parse(o.text("per"))
	switch began := c.At.Time(); {
	case err != nil:
		o.fail("per", "%s", err)
	case !per.AddTo(began).After(began) || per.AddTo(began).After(period.Days(30).AddTo(began)):
		o.fail("per", "the period must be longer than no time, and not longer than P30D")
	}
	c.Per = per
	return c
}

func (d *decoder) report(node ast.Node) *Report {
	o := d.object(node, "a contact", "at", "address", "send", "outcome")
	if o == nil || !o.require("at", "address", "send") {
		return nil
	}
	return &Report{
		Line: o.line, At: o.instant("at"), Address: o.text("address"), Send: o.text("send"),
		Released: o.oneOf("outcome", "sent", "released", "") == "released",
	}
}

// wrongSends returns a result for each send or contact that cannot be as it is stated. It gives sends the sender identity of their channel where they have none.
func (s *Scenario) wrongSends() (wrong []Result) {
	fail := func(line int, field, message string) {
		wrong = append(wrong, Result{Scenario: s, Line: line, Refused: fault.Errorf(fault.InvalidRequest, field, "%s", message)})
	}
	ids := map[string]bool{}
	for i := range s.Sends {
		send := &s.Sends[i]
		rules, err := consent.NewRules(s.Catalog, consent.Request{Channel: send.Channel, Sender: send.SenderIdentity})
		switch {
		case err != nil || !rules.IsMarketing():
			fail(send.Line, "channel", "a send is on a channel of the catalog that is marketing")
		case rules.Sender() == nil:
			fail(send.Line, "sender_identity", "the catalog does not have this sender identity")
		case ids[send.ID]:
			fail(send.Line, "id", "another send has this id")
		default:
			send.SenderIdentity, send.Department = rules.Sender().ID, rules.Channel().Department
		}
		ids[send.ID] = true
	}
	for i := range s.Reports {
		r := &s.Reports[i]
		if !ids[r.Send] {
			fail(r.Line, "send", "the scenario has no send of this id")
		}
		if _, err := address.Parse(r.Address); err != nil {
			fail(r.Line, "address", "this is no address")
		}
	}
	return wrong
}

// turn is a check to ask, or a case that comes.
type turn struct {
	at    consent.Instant
	check int // its place in the file; of a case -1
	opens int // the place of the case; of a check -1
}

// inOrder returns checks and cases by their times; of one time the checks go first, each as they stand in the file.
func (s *Scenario) inOrder() []turn {
	var order []turn
	for i := range s.Checks {
		order = append(order, turn{s.Checks[i].At, i, -1})
	}
	for i := range s.Cases {
		order = append(order, turn{s.Cases[i].At, -1, i})
	}
	slices.SortStableFunc(order, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	return order
}

// place is what a person holds in a send.
type place struct{ folded, send string }

// places are what persons have been sent or hold, by their folded addresses.
type places struct {
	of    map[string][]campaign.Contact
	asked map[place]consent.Instant // when it was reserved
	taken int                       // how many reports count already, by their times
}

// newPlaces returns the places of planned contacts.
func (s *Scenario) newPlaces() *places {
	p := &places{of: map[string][]campaign.Contact{}, asked: map[place]consent.Instant{}}
	for i := range s.Sends {
		send := &s.Sends[i]
		for _, one := range send.Planned {
			if a, err := address.Parse(one); err == nil { // Otherwise it was refused.
				p.put(a, campaign.Contact{Send: send.ID, Channel: send.Channel, State: campaign.ContactPlanned, Until: send.Until}, true)
			}
		}
	}
	return p
}

// take takes the reports up to a time.
func (p *places) take(s *Scenario, at consent.Instant) {
	reports := slices.SortedStableFunc(slices.Values(s.Reports), func(a, b Report) int { return cmp.Compare(a.At, b.At) })
	for ; p.taken < len(reports) && reports[p.taken].At <= at; p.taken++ {
		r := &reports[p.taken]
		a, err := address.Parse(r.Address)
		if err != nil {
			continue // It was refused.
		}
		i := slices.IndexFunc(p.of[a.Folded()], func(k campaign.Contact) bool { return k.Send == r.Send && k.State == campaign.ContactSent })
		if i >= 0 {
			continue // The first report stays.
		}
		sent := campaign.Contact{Send: r.Send, State: campaign.ContactSent, Sent: int64(r.At)}
		if send := s.sendOf(r.Send); send != nil {
			sent.Channel = send.Channel
		}
		p.put(a, sent, !r.Released)
	}
}

// put replaces what a person has of a send by a contact, or by nothing.
func (p *places) put(a address.Address, k campaign.Contact, keep bool) {
	all := slices.DeleteFunc(p.of[a.Folded()], func(o campaign.Contact) bool { return o.Send == k.Send })
	if keep {
		all = append(all, k)
	}
	p.of[a.Folded()] = all
}

// sentTo returns what was sent to a person so far, by time.
func (p *places) sentTo(a address.Address) []consent.Contact {
	sent := []consent.Contact{}
	for _, k := range p.of[a.Folded()] {
		if k.State == campaign.ContactSent {
			sent = append(sent, consent.Contact{Channel: k.Channel, At: consent.Instant(k.Sent)})
		}
	}
	slices.SortFunc(sent, func(x, y consent.Contact) int { return cmp.Compare(x.At, y.At) })
	return sent
}

func (s *Scenario) sendOf(id string) *campaign.Send {
	for i := range s.Sends {
		if s.Sends[i].ID == id {
			return &s.Sends[i].Send
		}
	}
	return nil
}

func (s *Scenario) sendsByID() map[string]*campaign.Send {
	sends := make(map[string]*campaign.Send, len(s.Sends))
	for i := range s.Sends {
		sends[s.Sends[i].ID] = &s.Sends[i].Send
	}
	return sends
}

// capsOf returns the caps that hold for a person at a time: those of the catalog, and the latest of the person's own.
func (s *Scenario) capsOf(a address.Address, at consent.Instant) []campaign.Cap {
	var own *Cap
	for i := range s.Caps {
		c := &s.Caps[i]
		if of, err := address.Parse(c.Address); err == nil && of.Folded() == a.Folded() && c.At <= at && (own == nil || c.At >= own.At) {
			own = c
		}
	}
	if own == nil {
		return s.Catalog.Pressure
	}
	return slices.Concat(s.Catalog.Pressure, []campaign.Cap{own.Cap})
}

// judge answers a check of a send, and reserves a place if it is allowed.
func (p *places) judge(s *Scenario, rules *consent.Rules, a address.Address, known *consent.Known, check *Check) Got {
	send := s.sendOf(check.Send)
	switch {
	case send == nil:
		return GotError(string(fault.SendMissing))
	case send.Channel != rules.Channel().ID || rules.Sender() != nil && rules.Sender().ID != send.SenderIdentity:
		return GotError(string(fault.SendDiffers))
	}
	d := rules.Decide(a, known, check.At)
	if d.Verdict == consent.Allow {
		q := campaign.Question{Send: send, Clearing: rules.Clearing(), Caps: s.capsOf(a, check.At)}
		if until, unclear := leaving.UnclearUntil(rules, known, check.At); unclear {
			q.Unclear = int64(until)
		}
		q.Count(p.of[a.Folded()], s.sendsByID(), int64(check.At))
		operational.Judge(rules, &d, &q)
		if d.Verdict == consent.Allow && !q.Held {
			p.put(a, campaign.Contact{Send: send.ID, Channel: send.Channel, State: campaign.ContactReserved, Until: send.Until}, true)
			p.asked[place{a.Folded(), send.ID}] = check.At
		}
	}
	return GotDecision(&d)
}
