package catalog

import (
	"strings"

	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/yamltext"
)

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
		report := d.warn
		if pair.Likeness == lookalike.Similar {
			report = d.refuse
		}
		report(at("sender_identities", pair.Second), "the sender identities %s and %s of different departments can be taken for one another: %s; "+
			"change one of them, or add lookalike_accepted: {with: …, justification: …} to one",
			yamltext.Quote(a.ID), yamltext.Quote(b.ID), strings.Join(pair.Reasons, "; "))
	}
}

func accepts(a, b *SenderIdentity) bool {
	return a.LookalikeAccepted != nil && a.LookalikeAccepted.With == b.ID && a.LookalikeAccepted.Justification != ""
}
