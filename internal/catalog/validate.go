package catalog

import (
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/yamltext"
)

// validate holds the parts of the catalog against one another: every id that
// is named is defined, and what is said has an effect.
func (d *decoder) validate(c *Catalog) {
	d.identifiers(c)
	for i := range c.Departments {
		refer(d.Reader, at("departments", i)+".controller", "controller", c.Departments[i].Controller, c.controllers)
	}
	for i := range c.SenderIdentities {
		d.senderReferences(c, i)
	}
	for i := range c.Channels {
		d.channelReferences(c, i)
		d.channelBases(&c.Channels[i], at("channels", i))
		d.channelWithoutEffect(&c.Channels[i], at("channels", i))
	}
	d.honours(c)
	for i := range c.Declarations {
		d.declarationChannels(c, i)
	}
	d.policyLength(c)
	d.desks(c)
	pressure(d.Reader, c)
	contactLapses(d.Reader, c)
}

// identifiers reports ids that are defined twice. One kind of thing knows
// nothing of the ids of another.
func (d *decoder) identifiers(c *Catalog) {
	distinct(d.Reader, "controllers", "id", c.Controllers, func(x *Controller) string { return x.ID })
	distinct(d.Reader, "recipients", "client", c.Recipients, func(x *Recipient) string { return x.Client })
	distinct(d.Reader, "departments", "id", c.Departments, func(x *Department) string { return x.ID })
	distinct(d.Reader, "channels", "id", c.Channels, func(x *Channel) string { return x.ID })
	distinct(d.Reader, "sender_identities", "id", c.SenderIdentities, func(x *SenderIdentity) string { return x.ID })
	distinct(d.Reader, "declarations", "id", c.Declarations, func(x *Declaration) string { return x.ID })
	for i := range c.Declarations {
		distinct(d.Reader, at("declarations", i)+".versions", "version", c.Declarations[i].Versions,
			func(x *DeclarationVersion) string { return x.Version })
	}
}

func (d *decoder) senderReferences(c *Catalog, i int) {
	sender, path := &c.SenderIdentities[i], at("sender_identities", i)
	refer(d.Reader, path+".department", "department", sender.Department, c.departments)
	accepted := sender.LookalikeAccepted
	if accepted == nil {
		return
	}
	refer(d.Reader, path+".lookalike_accepted.with", "sender identity", accepted.With, c.senders)
	if accepted.With == sender.ID && sender.ID != "" {
		d.Fail(path+".lookalike_accepted.with", "a sender identity cannot name itself here; name the other one")
	}
}

func (d *decoder) channelReferences(c *Catalog, i int) {
	channel, path := &c.Channels[i], at("channels", i)
	refer(d.Reader, path+".department", "department", channel.Department, c.departments)
	for _, honoured := range channel.Honours {
		refer(d.Reader, path+".honours", "channel", honoured, c.channels)
	}
	for j, id := range channel.SenderIdentities {
		if !refer(d.Reader, path+".sender_identities", "sender identity", id, c.senders) {
			continue
		}
		sender := c.senders[id]
		if sender.Department != channel.Department {
			d.Warn(path+".sender_identities", "the sender identity %s belongs to the department %s, which gets the complaints about this channel of %s",
				yamltext.Quote(id), yamltext.Quote(sender.Department), yamltext.Quote(channel.Department))
		}
		if j == 0 && sender.Retired && !channel.Retired {
			d.Warn(path+".sender_identities", "the default sender identity %s is retired, so a check that names none is denied; put another first", yamltext.Quote(id))
		}
	}
}

// channelBases holds the legal bases against the class. Marketing stands on
// what people said or bought. The other classes are decided by a reference
// alone, so that a basis besides their own would be accepted and never looked
// at.
func (d *decoder) channelBases(channel *Channel, path string) {
	path += ".legal_bases"
	if len(channel.LegalBases) == 0 {
		return
	}
	switch channel.Class {
	case ClassMarketing:
		for _, basis := range []Basis{BasisContract, BasisLegalObligation} {
			if channel.Accepts(basis) {
				d.Fail(path, "a marketing channel cannot have the legal basis %s; use consent, existing_customer or terms", basis)
			}
		}
	case ClassTransactional:
		if !slices.Equal(channel.LegalBases, []Basis{BasisContract}) {
			d.Fail(path, "a transactional channel has the legal basis contract only; use [contract]")
		}
	case ClassLegalNotice:
		if !slices.Equal(channel.LegalBases, []Basis{BasisLegalObligation}) {
			d.Fail(path, "a channel of legal notices has the legal basis legal_obligation only; use [legal_obligation]")
		}
	}
}

// channelWithoutEffect warns of keys that no decision on the channel reads.
func (d *decoder) channelWithoutEffect(channel *Channel, path string) {
	marketing := channel.Class == ClassMarketing
	consent := channel.Accepts(BasisConsent)
	customers := channel.Accepts(BasisExistingCustomer) || channel.Accepts(BasisTerms)
	for _, key := range []struct {
		name   string
		idle   bool
		reason string
	}{
		{"double_opt_in", !consent, "the channel does not accept consent"},
		{"consent_lapses_after", !consent, "the channel does not accept consent"},
		{"consent_lapses_from", !consent, "the channel does not accept consent"},
		{"evidence_required", !consent, "the channel does not accept consent"},
		{"notice_required", !customers, "a notice applies to existing_customer and terms only, which the channel does not accept"},
		{"honours", !customers, "honoured refusals apply to existing_customer and terms only, which the channel does not accept"},
		{"goods", !customers, "goods apply to existing_customer and terms only, which the channel does not accept"},
		{"reference_pattern", marketing, "a marketing channel does not use a reference"},
	} {
		if d.Given(path+"."+key.name) && key.idle && channel.Class != "" {
			d.Warn(path+"."+key.name, "the key has no effect: %s", key.reason)
		}
	}
}

// honours reports channels that honour themselves, be it through others.
func (d *decoder) honours(c *Catalog) {
	const entered, left = 1, 2
	state := map[string]int{}
	var trail []string
	var walk func(channel *Channel)
	walk = func(channel *Channel) {
		state[channel.ID] = entered
		trail = append(trail, channel.ID)
		for _, id := range channel.Honours {
			next, ok := c.channels[id]
			switch {
			case !ok:
			case state[id] == entered:
				circle := append(slices.Clone(trail[slices.Index(trail, id):]), id)
				d.Fail(d.pathOfChannel(c, channel)+".honours", "these channels honour the refusals of one another in a circle: %s; remove one of them",
					strings.Join(circle, " honours "))
			case state[id] == 0:
				walk(next)
			}
		}
		trail = trail[:len(trail)-1]
		state[channel.ID] = left
	}
	for i := range c.Channels {
		if channel := &c.Channels[i]; channel.ID != "" && state[channel.ID] == 0 {
			walk(channel)
		}
	}
}

func (d *decoder) pathOfChannel(c *Catalog, channel *Channel) string {
	return at("channels", slices.IndexFunc(c.Channels, func(x Channel) bool { return x.ID == channel.ID }))
}

func (d *decoder) declarationChannels(c *Catalog, i int) {
	for j := range c.Declarations[i].Versions {
		version := &c.Declarations[i].Versions[j]
		path := at(at("declarations", i)+".versions", j) + ".channels"
		for _, id := range version.Channels {
			if !refer(d.Reader, path, "channel", id, c.channels) {
				continue
			}
			channel := c.channels[id]
			switch {
			case version.Kind == KindNotice && !channel.Accepts(BasisExistingCustomer) && !channel.Accepts(BasisTerms):
				d.Warn(path, "the channel %s accepts no existing customers, so the notice has no effect there", yamltext.Quote(id))
			case (version.Kind == KindConsent || version.Kind == KindTerms) && !channel.Accepts(Basis(version.Kind)):
				d.Warn(path, "the channel %s does not accept %s, so the declaration has no effect there", yamltext.Quote(id), version.Kind)
			}
		}
	}
}

// policyLength warns where decisions may be relied on for so long that a
// refusal would be overlooked.
func (d *decoder) policyLength(c *Catalog) {
	start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	if c.Policy.DecisionTTL.AddTo(start).After(start.AddDate(0, 0, 1)) {
		d.Warn("policy.decision_ttl", "a decision is valid for more than a day, so that a refusal can go unnoticed for that time")
	}
}

// lookalikes refuses sender identities of different departments that can be taken for one another, unless one of the two says
// that this is accepted. Retired ones count: their messages are still in the mailboxes.
func (d *decoder) lookalikes(c *Catalog) {
	senders := make([]lookalike.Sender, len(c.SenderIdentities))
	for i := range c.SenderIdentities {
		s := &c.SenderIdentities[i]
		senders[i] = lookalike.Sender{Department: s.Department, Name: s.From.Name, Address: s.From.Address, ReplyTo: s.ReplyTo}
		if department, ok := c.departments[s.Department]; ok {
			senders[i].ComplaintsTo = department.ComplaintsTo
		}
	}
	for _, pair := range lookalike.Find(senders, c.GenericWords) {
		a, b := &c.SenderIdentities[pair.First], &c.SenderIdentities[pair.Second]
		if a.ID == "" || b.ID == "" || a.ID == b.ID || accepts(a, b) || accepts(b, a) {
			continue
		}
		report := d.Warn
		if pair.Likeness == lookalike.Similar {
			report = d.Refuse
		}
		report(at("sender_identities", pair.Second), "the sender identities %s and %s of different departments can be taken for one another: %s; "+
			"change one of them, or add lookalike_accepted: {with: …, justification: …} to one",
			yamltext.Quote(a.ID), yamltext.Quote(b.ID), strings.Join(pair.Reasons, "; "))
	}
}

func accepts(a, b *SenderIdentity) bool {
	return a.LookalikeAccepted != nil && a.LookalikeAccepted.With == b.ID && a.LookalikeAccepted.Justification != ""
}
