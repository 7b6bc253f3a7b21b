package catalog

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/catalog/prose"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

// advise warns of what is allowed, but hard to defend before an authority or a court.
func (d *decoder) advise(c *Catalog) {
	for i := range c.Channels {
		d.adviseChannel(&c.Channels[i], at("channels", i))
	}
	for i := range c.Declarations {
		for j := range c.Declarations[i].Versions {
			path := at(at("declarations", i)+".versions", j) + ".text"
			d.adviseControllers(c, &c.Declarations[i].Versions[j], path)
			d.adviseWithdrawal(&c.Declarations[i].Versions[j], path)
		}
	}
	d.adviseRetention(&c.Policy.Retention)
	adviseContactLapses(d.Reader, c)
	d.adviseTelephone(c)
}

// adviseTelephone warns of evidence that is removed before the end of the five years for which a consent to advertising by telephone is
// documented in Germany, from when it was given and from each use. On a channel that asks for a confirmation by e-mail, or for what a
// browser tells, a consent by telephone alone is not provable.
func (d *decoder) adviseTelephone(c *Catalog) {
	const path, years = "policy.retention.evidence", 5
	kept, from := c.Policy.Retention.Evidence, time.Date(2001, time.January, 1, 0, 0, 0, 0, time.UTC)
	if kept.IsZero() || !kept.AddTo(from).Before(period.Months(years*12).AddTo(from)) {
		return
	}
	browser := []Evidence{EvidenceURL, EvidenceIP, EvidenceUserAgent}
	for i := range c.Channels {
		channel := &c.Channels[i]
		asked := slices.ContainsFunc(channel.EvidenceRequired, func(e Evidence) bool { return slices.Contains(browser, e) })
		if channel.Class == ClassMarketing && !channel.Retired && channel.Accepts(BasisConsent) && !channel.DoubleOptIn && !asked {
			d.Warn(path, "the channel %s takes consents of source phone; a consent to advertising by telephone is to be documented for five years "+
				"from when it was given and from each use (UWG section 7a), and evidence is kept for %s only; right is P5Y or longer if "+
				"people are called in Germany", yamltext.Quote(channel.ID), kept)
			return
		}
	}
}

// adviseChannel warns of marketing that is easily sent to people who did not ask for it. Nothing is sent on a retired channel.
func (d *decoder) adviseChannel(channel *Channel, path string) {
	if channel.Class != ClassMarketing || channel.Retired {
		return
	}
	if channel.Accepts(BasisExistingCustomer) && !channel.NoticeRequired {
		d.Warn(path+".legal_bases", "the channel accepts existing_customer without notice_required: true, so that a customer counts as told about the "+
			"right to refuse when the address was collected (UWG section 7(3) no. 4), and no text proves it")
	}
	if channel.Accepts(BasisConsent) && !channel.DoubleOptIn && channel.Medium == MediumEmail {
		d.Warn(path+".double_opt_in", "on a channel that takes consents from the web, anyone can enter the address of another person; "+
			"without a confirmation nothing proves that the consent is theirs. Right is required, unless all consents are given on paper or in person")
	}
}

// adviseControllers warns of a text that several controllers rely on and that does not say who they are: a person who does not know
// to whom consent is given gives none that is informed (GDPR recital 42).
func (d *decoder) adviseControllers(c *Catalog, version *DeclarationVersion, path string) {
	var all, missing []string
	text := prose.Flowing(version.Text)
	for _, id := range version.Channels {
		channel, ok := c.channels[id]
		if !ok || channel.Controller == "" || slices.Contains(all, channel.Controller) {
			continue
		}
		all = append(all, channel.Controller)
		if controller, ok := c.controllers[channel.Controller]; ok && controller.Name != "" && !prose.Names(text, prose.Flowing(controller.Name)) {
			missing = append(missing, yamltext.Quote(controller.Name))
		}
	}
	if version.Text != "" && len(all) > 1 && len(missing) > 0 {
		d.Warn(path, "the version covers channels of %d controllers, but its text does not name %s; name each of them", len(all), strings.Join(missing, ", "))
	}
}

// adviseWithdrawal warns of a consent text that does not say that the consent can be withdrawn, as GDPR Art. 7(3) wants it said
// before consent is given. It reads German and English.
func (d *decoder) adviseWithdrawal(version *DeclarationVersion, path string) {
	tag, err := language.Parse(version.Language)
	if version.Kind != KindConsent || version.Text == "" || err != nil {
		return
	}
	if base, sure := tag.Base(); sure != language.Exact || base.String() != "de" && base.String() != "en" {
		return
	}
	if prose.SaysHowToWithdraw(version.Text) {
		return
	}
	d.Warn(path, "the text does not say that the consent can be withdrawn, which a person must be told before giving it (GDPR Art. 7(3)); "+
		"say it, and how, in a new version")
}

// adviseRetention warns once of all that is personal and has no end.
func (d *decoder) adviseRetention(r *Retention) {
	var missing []string
	for _, kept := range []struct {
		key    string
		period period.Period
	}{
		{"evidence", r.Evidence}, {"requests", r.Requests}, {"disclosures", r.Disclosures}, {"hard_bounces", r.HardBounces},
	} {
		if !d.Given("policy.retention."+kept.key) && kept.period.IsZero() {
			missing = append(missing, kept.key)
		}
	}
	if len(missing) > 0 {
		d.Warn("policy.retention", "nothing says how long %s are kept, so they are kept without end (GDPR Art. 5(1)(e)); add a period for each, such as P3Y",
			strings.Join(missing, ", "))
	}
}
