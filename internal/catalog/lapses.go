package catalog

import (
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/yamltext"
)

// lapsesFrom reads from when on the period of a channel counts; nothing where consents do not lapse.
func lapsesFrom(o *yamlread.Object) LapsesFrom {
	const key, period = "consent_lapses_from", "consent_lapses_after"
	from := yamlread.OneOf(o, key, FromBeginning, FromLastContact)
	switch {
	case o.Has(period) && from == "":
		return FromBeginning
	case !o.Has(period) && from == FromLastContact:
		o.Fail(key, "nothing says after which period without a contact a consent lapses; add %s, such as P24M, or leave the key out", period)
	case !o.Has(period) && from == FromBeginning:
		o.Warn(key, "the key has no effect: without %s no consent lapses", period)
	}
	return from
}

// contactLapses refuses consents that lapse from the last contact where contacts are kept for less than the period: the message that a consent
// still holds by would be forgotten before the consent has lapsed.
func contactLapses(d *yamlread.Reader, c *Catalog) {
	kept := c.Policy.Retention.Contacts
	for i := range c.Channels {
		channel := &c.Channels[i]
		if channel.ConsentLapsesFrom != FromLastContact || channel.ConsentLapsesAfter.IsZero() || kept == channel.ConsentLapsesAfter {
			continue
		}
		least, _ := lengthInDays(kept)
		if _, most := lengthInDays(channel.ConsentLapsesAfter); least < most {
			d.Fail(at("channels", i)+".consent_lapses_from", "consents lapse %s after the last contact, but contacts are kept for %s only; "+
				"set policy.retention.contacts to %s at least, better to as long as a consent may live by contacts",
				channel.ConsentLapsesAfter, kept, yamltext.Quote(channel.ConsentLapsesAfter.String()))
		}
	}
}

// adviseContactLapses warns where nothing says for how long a consent may live by contacts.
func adviseContactLapses(d *yamlread.Reader, c *Catalog) {
	if daysOfContactLapses(c) > 0 && !d.Given("policy.retention.contacts") {
		d.Warn("policy.retention", "consents lapse from the last contact, and a contact counts while it is kept: a consent lapses %s after the first contact "+
			"that keeps it, whatever was sent since; set contacts to as long as a consent may live by contacts, such as P10Y", c.Policy.Retention.Contacts)
	}
}

// daysOfContactLapses returns for how many days contacts are needed by consents that lapse from the last of them; 0: none do.
func daysOfContactLapses(c *Catalog) (days int) {
	for i := range c.Channels {
		if channel := &c.Channels[i]; channel.ConsentLapsesFrom == FromLastContact && !channel.ConsentLapsesAfter.IsZero() {
			_, most := lengthInDays(channel.ConsentLapsesAfter)
			days = max(days, most)
		}
	}
	return days
}
