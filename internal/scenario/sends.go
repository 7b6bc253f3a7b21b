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
)

// Send is a planned mailing.
type Send struct {
	Line int
	campaign.Send
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
	o := d.object(node, "a send", "id", "channel", "sender_identity", "from", "until", "cleared_at", "cancelled")
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
	if o.flag("cancelled") {
		s.State = campaign.Cancelled
	}
	return s
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

// inOrder returns the checks by their times, those of one time as they stand in the file.
func (s *Scenario) inOrder() []int {
	order := make([]int, len(s.Checks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Checks[a].At, s.Checks[b].At) })
	return order
}

// places are what persons have been sent or hold, by their folded addresses.
type places struct {
	of    map[string][]campaign.Contact
	taken int // how many reports count already, by their times
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
		q := campaign.Question{Send: send, Clearing: rules.Clearing(), Caps: s.Catalog.Pressure}
		if until, unclear := leaving.UnclearUntil(rules, known, check.At); unclear {
			q.Unclear = int64(until)
		}
		q.Count(p.of[a.Folded()], nil, int64(check.At))
		operational.Judge(rules, &d, &q)
		if d.Verdict == consent.Allow && !q.Held {
			p.put(a, campaign.Contact{Send: send.ID, Channel: send.Channel, State: campaign.ContactReserved, Until: send.Until}, true)
		}
	}
	return GotDecision(&d)
}
