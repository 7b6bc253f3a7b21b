package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/catalog/lookalike"
)

// twoSenders returns a catalog with the two mailboxes, each the sender
// identity of a department of its own; extra is added to the second.
func twoSenders(a, b Mailbox, extra string) string {
	return fmt.Sprintf(`policy: {retention: {evidence: P3Y, requests: P30D, disclosures: P3Y, hard_bounces: P24M}}
controllers:
  - {id: co, name: Co, postal_address: Wien, privacy_contact: dsb@co.example}
departments:
  - {id: one, name: {en: One, de: Eins}, controller: co, complaints_to: one@co.example}
  - {id: two, name: {en: Two, de: Zwei}, controller: co, complaints_to: two@co.example}
channels:
  - {id: a, name: {en: A, de: A}, department: one, medium: email, class: marketing, legal_bases: [consent], sender_identities: [first]}
  - {id: b, name: {en: B, de: B}, department: two, medium: email, class: marketing, legal_bases: [consent], sender_identities: [second]}
sender_identities:
  - {id: first, department: one, from: {name: %q, address: %q}}
  - {id: second, department: two, from: {name: %q, address: %q}%s}
`, a.Name, a.Address, b.Name, b.Address, extra)
}

// verdict is what the rule says of two sender identities: the problem or
// warning that names both, or nothing.
func verdict(t testing.TB, document string) (lookalike.Likeness, string) {
	t.Helper()
	_, warnings, err := Parse("catalog.yaml", []byte(document))
	found, problems := lookalike.Unlike, []Problem(nil)
	if invalid, ok := errors.AsType[*Invalid](err); ok {
		found, problems = lookalike.Similar, invalid.Problems
	} else if len(warnings) > 0 {
		found, problems = lookalike.Maybe, warnings
	}
	if found == lookalike.Unlike {
		return lookalike.Unlike, ""
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Message, `"first" and "second"`) || problems[0].Path != "sender_identities[1]" || problems[0].Line != 12 {
		t.Fatalf("the likeness is not said in one problem that names the pair: %v", problems)
	}
	return found, problems[0].Message
}

func TestLookalikes_DisplayNames(t *testing.T) {
	for _, c := range []struct {
		rule, a, b string
		want       lookalike.Likeness
		why        string
	}{
		{"unrelated", "Acme Weekly", "Products at Acme GmbH", lookalike.Unlike, ""},
		{"unrelated with a company's name", "Acme Kundenservice", "Acme Weekly", lookalike.Unlike, ""},
		{"the same", "Acme News", "Acme News", lookalike.Similar, "look the same"},
		{"case", "ACME NEWS", "acme news", lookalike.Similar, "look the same"},
		{"spaces and punctuation", "Acme-News", "AcmeNews!", lookalike.Similar, "look the same"},
		{"order of words", "Acme News", "News (Acme)", lookalike.Similar, "look the same"},
		{"umlaut written out", "Müller Küche", "Mueller Kueche", lookalike.Similar, "look the same"},
		{"umlaut decomposed", "Mu\u0308ller", "MUELLER", lookalike.Similar, "look the same"},
		{"sharp s written out", "Straße Wien", "STRASSE WIEN", lookalike.Similar, "look the same"},
		{"capital sharp s", "STRAẞE", "strasse", lookalike.Similar, "look the same"},
		{"Cyrillic letters", "Acme News", "Асmе Nеws", lookalike.Similar, "look the same"},
		{"Cyrillic capitals", "ACME NEWS", "АСМЕ NЕWS", lookalike.Similar, "look the same"},
		{"Cyrillic letter with diaeresis", "Häuser", "Hӓuser", lookalike.Similar, "look the same"},
		{"fullwidth letters", "Acme News", "Ａｃｍｅ Ｎｅｗｓ", lookalike.Similar, "look the same"},
		{"mathematical letters", "Acme News", "𝐀𝐜𝐦𝐞 𝐍𝐞𝐰𝐬", lookalike.Similar, "look the same"},
		{"one Cyrillic letter in the differing part", "Acme Offers", "Acme Οffеrѕ Daily", lookalike.Similar, "that one of them adds"},
		{"nothing left on one side", "Acme", "Acme Products", lookalike.Similar, "that one of them adds"},
		{"nothing left but word order", "Acme GmbH News", "News Acme", lookalike.Similar, "that one of them adds"},
		{"one begins with the other", "Acme News", "Acme Newsletter", lookalike.Similar, "begins with the other"},
		{"one begins with the other across words", "Acme News", "Acme News-letter Weekly", lookalike.Similar, "that one of them adds"},
		{"one begins with the other, joined", "AcmeNews", "Acme Newsletter", lookalike.Similar, "begins with the other"},
		{"one letter more", "Acme Offers", "Acme Offer", lookalike.Similar, "begins with the other"},
		{"two letters differ", "Acme Letters", "Acme Lettres", lookalike.Similar, "by two letters"},
		{"two letters differ, umlaut", "Störung", "Stoerumg", lookalike.Similar, "by two letters"},
		{"three letters differ", "Acme Angebote", "Acme Gebotene", lookalike.Unlike, ""},
		{"short parts differ", "Acme Nord", "Acme Nort", lookalike.Unlike, ""},
		{"one part is short", "Acme Store", "Acme Tore", lookalike.Unlike, ""},
		{"common ending only", "Acme Fahrrad", "Acme Rad", lookalike.Unlike, ""},
		{"generic words", "Acme Newsletter", "Acme Weekly", lookalike.Similar, "by generic words alone"},
		{"an article and a common word", "The Weekly", "Acme Weekly", lookalike.Similar, "that one of them adds"},
		{"German articles", "Der Kurier", "Kurier", lookalike.Similar, "look the same"},
		{"generic words with prepositions", "News from Acme", "Acme Service", lookalike.Similar, "by generic words alone"},
		{"generic words without a company", "Newsletter", "Ihr Rundbrief", lookalike.Similar, "by generic words alone"},
		{"generic words with a legal form", "Acme GmbH Info", "Acme Daily", lookalike.Similar, "by generic words alone"},
		{"generic words with an umlaut", "Acme Wöchentlich", "Acme aktuell", lookalike.Similar, "by generic words alone"},
		{"generic words in capitals", "ACME INFO", "ACME DAILY", lookalike.Similar, "by generic words alone"},
		{"generic words in Cyrillic letters", "Аcme Nеws", "Acme Weekly", lookalike.Similar, "by generic words alone"},
		{"generic word on one side only", "Acme Weekly", "Acme Coffee", lookalike.Unlike, ""},
		{"generic word beside another", "Acme Weekly", "Acme Coffee News", lookalike.Unlike, ""},
		{"generic words of two companies", "Acme Newsletter", "Borealis Weekly", lookalike.Unlike, ""},
		{"one letter after a common word", "Plan A", "Plan B", lookalike.Unlike, ""},
		{"generic word that is not built in", "Acme Depesche", "Acme Weekly", lookalike.Unlike, ""},
		{"plain ASCII collision", "Modern", "Modem", lookalike.Maybe, "look the same"},
		{"plain ASCII collision beside a common word", "Acme Modern", "Modem Acme", lookalike.Maybe, "look the same"},
		{"plain ASCII collision of capital i and small l", "Acme AI", "Acme Al", lookalike.Maybe, "look the same"},
		{"plain ASCII collision of zero and O", "R0se", "Rose", lookalike.Maybe, "look the same"},
		{"plain ASCII collision of the beginning", "Modem", "Modernisation", lookalike.Maybe, "begins with the other"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, names := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
				got, why := verdict(t, twoSenders(Mailbox{names[0], "x@red.example"}, Mailbox{names[1], "y@blue.example"}, ""))
				if got != c.want || !strings.Contains(why, c.why) || strings.Contains(why, "addresses") {
					t.Errorf("%q and %q: likeness %d, %q; want %d, %q", names[0], names[1], got, why, c.want, c.why)
				}
			}
		})
	}
}

func TestLookalikes_FromAddresses(t *testing.T) {
	for _, c := range []struct {
		rule, a, b string
		want       lookalike.Likeness
		why        string
	}{
		{"unrelated", "x@red.example", "y@blue.example", lookalike.Unlike, ""},
		{"the same", "news@acme.example", "News@Acme.example", lookalike.Similar, "From addresses are the same"},
		{"the same mailbox", "acme.news@gmail.com", "acmenews+x@googlemail.com", lookalike.Similar, "From addresses are the same"},
		{"subdomains of one company", "x@news.acme.example", "y@offers.acme.example", lookalike.Unlike, ""},
		{"one local part on different domains", "news@red.example", "news@blue.example", lookalike.Unlike, ""},
		{"local parts are alike", "news@acme.example", "newsletter@acme.example", lookalike.Similar, "local parts are alike"},
		{"local parts with a common word", "acme-news@acme.example", "acme@acme.example", lookalike.Similar, "local parts differ only by words"},
		{"local parts near", "angebote@acme.example", "angebotx@acme.example", lookalike.Similar, "by two letters"},
		{"local parts unlike", "service@acme.example", "weekly@acme.example", lookalike.Unlike, ""},
		{"local parts with an umlaut", "stoerung@acme.example", "störung@acme.example", lookalike.Similar, "look the same"},
		{"local parts collide in ASCII", "modern@acme.example", "modem@acme.example", lookalike.Maybe, "look the same"},
		{"domain with an umlaut written out", "x@müller.example", "y@mueller.example", lookalike.Similar, "domains of their From addresses differ, but look the same"},
		{"domain with a Cyrillic letter", "x@paypal.example", "y@pаypal.example", lookalike.Similar, "look the same"},
		{"domain as A-label", "x@xn--mller-kva.example", "y@mueller.example", lookalike.Similar, "look the same"},
		{"domain with a hyphen more", "x@acme-news.example", "y@acmenews.example", lookalike.Similar, "look the same"},
		{"domains collide in ASCII", "x@modern.example", "y@modem.example", lookalike.Maybe, "same skeleton"},
		{"one local part on two sub-domains", "weekly@offers.acme.example", "weekly@news.acme.example", lookalike.Similar, "under one domain, and the local parts look the same"},
		{"one local part on a domain and its sub-domain", "weekly@acme.example", "weekly@news.acme.example", lookalike.Similar, "under one domain, and the local parts look the same"},
		{"local parts alike on two sub-domains", "news@a.acme.example", "newsletter@b.acme.example", lookalike.Similar, "under one domain, and the local parts are alike"},
		{"generic local parts on sub-domains", "service@a.acme.example", "weekly@b.acme.example", lookalike.Unlike, ""},
		{"one local part under a public suffix of two labels", "news@acme.co.uk", "news@borealis.co.uk", lookalike.Unlike, ""},
		{"one local part under a company of co.uk", "news@a.acme.co.uk", "news@b.acme.co.uk", lookalike.Similar, "under one domain"},
		{"one local part under a private suffix", "news@acme.github.io", "news@borealis.github.io", lookalike.Unlike, ""},
		{"sub-domain with a letter less", "products@new.acme.example", "weekly@news.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domain with another letter", "x@news.acme.example", "y@nevs.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domain of two letters with a letter more", "x@ab.acme.example", "y@abc.acme.example", lookalike.Unlike, ""},
		{"sub-domains of three letters", "x@abc.acme.example", "y@abd.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domains that differ by two letters", "x@offers.acme.example", "y@covers.acme.example", lookalike.Unlike, ""},
		{"sub-domains below a common one", "x@news.mail.acme.example", "y@new.mail.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domains in another order", "x@news.mail.acme.example", "y@mail.new.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domains beside a short one", "x@news.at.acme.example", "y@new.de.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domains of which one alone is near", "x@news.shop.acme.example", "y@new.paper.acme.example", lookalike.Unlike, ""},
		{"sub-domain in a sub-domain", "x@news.acme.example", "y@new.shop.acme.example", lookalike.Unlike, ""},
		{"near sub-domains of two companies", "x@news.acme.example", "y@new.borealis.example", lookalike.Unlike, ""},
		{"near domains of two companies", "x@news.example", "y@new.example", lookalike.Unlike, ""},
		{"sub-domain with a Cyrillic letter", "x@news.acme.example", "y@nеws.acme.example", lookalike.Similar, "look the same"},
		{"sub-domain with a Cyrillic letter and one less", "x@news.acme.example", "y@nеw.acme.example", lookalike.Similar, "differ by a letter at most"},
		{"sub-domains collide in ASCII", "x@modern.acme.example", "y@modem.acme.example", lookalike.Maybe, "same skeleton"},
		{"sub-domains collide in ASCII by one letter", "x@r0se.acme.example", "y@rose.acme.example", lookalike.Maybe, "same skeleton"},
		{"one domain begins with the other", "x@acme.example", "y@acme.example.com", lookalike.Unlike, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, addresses := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
				got, why := verdict(t, twoSenders(Mailbox{"Red Kettle", addresses[0]}, Mailbox{"Blue Saucepan", addresses[1]}, ""))
				if got != c.want || !strings.Contains(why, c.why) || strings.Contains(why, "display names") {
					t.Errorf("%q and %q: likeness %d, %q; want %d, %q", addresses[0], addresses[1], got, why, c.want, c.why)
				}
			}
		})
	}
}

func TestLookalikes_NameAndAddressAlike_AreSaidTogether(t *testing.T) {
	got, why := verdict(t, twoSenders(Mailbox{"Acme News", "news@acme.example"}, Mailbox{"Acme Newsletter", "newsletter@acme.example"}, ""))
	if got != lookalike.Similar || !strings.Contains(why, `display names "Acme News" and "Acme Newsletter" are alike`) || !strings.Contains(why, "local parts are alike") {
		t.Errorf("likeness %d: %s", got, why)
	}
	if strings.Contains(why, "acme.example") {
		t.Errorf("the problem shows an address: %s", why)
	}
}

func TestLookalikes_RefusalBesideAWarning_IsARefusal(t *testing.T) {
	got, why := verdict(t, twoSenders(Mailbox{"Acme News", "modern@acme.example"}, Mailbox{"Acme Newsletter", "modem@acme.example"}, ""))
	if got != lookalike.Similar || strings.Contains(why, "local parts") {
		t.Errorf("likeness %d: %s", got, why)
	}
}

func TestLookalikes_OfOneDepartment_AreAllowed(t *testing.T) {
	document := twoSenders(Mailbox{"Acme News", "news@acme.example"}, Mailbox{"Acme Newsletter", "news@acme.example"}, "")
	document = replaced(t, document, "id: first, department: one", "id: first, department: two")
	if _, _, err := Parse("catalog.yaml", []byte(document)); err != nil {
		t.Errorf("Parse: %v", err)
	}
}

func TestLookalikes_AcceptedByEither_AreAllowed(t *testing.T) {
	alike := [2]Mailbox{{"Acme News", "news@acme.example"}, {"Acme Newsletter", "newsletter@acme.example"}}
	const accepted = `, lookalike_accepted: {with: first, justification: "both are read by one desk"}`
	onSecond := twoSenders(alike[0], alike[1], accepted)
	onFirst := replaced(t, twoSenders(alike[0], alike[1], ""), "address: \"news@acme.example\"}}",
		"address: \"news@acme.example\"}"+strings.Replace(accepted, "first", "second", 1)+"}")
	for _, document := range []string{onSecond, onFirst} {
		if _, _, err := Parse("catalog.yaml", []byte(document)); err != nil {
			t.Errorf("Parse: %v", err)
		}
	}
}

func TestLookalikes_AcceptanceOfAnother_DoesNotCover(t *testing.T) {
	document := twoSenders(Mailbox{"Acme News", "news@acme.example"}, Mailbox{"Acme Newsletter", "y@blue.example"},
		`, lookalike_accepted: {with: third, justification: "another pair"}`)
	document += "  - {id: third, department: two, from: {name: Green Plate, address: z@green.example}}\n"
	if got, _ := verdict(t, document); got != lookalike.Similar {
		t.Errorf("likeness %d, want a refusal", got)
	}
}

func TestLookalikes_Retired_StillCount(t *testing.T) {
	document := twoSenders(Mailbox{"Acme News", "news@acme.example"}, Mailbox{"Acme Newsletter", "y@blue.example"}, ", retired: true")
	_, _, err := Parse("catalog.yaml", []byte(document))
	if err == nil || !strings.Contains(err.Error(), "are alike") {
		t.Errorf("Parse: %v, want a refusal", err)
	}
}

func TestLookalikes_OfTheExample_AreRefused(t *testing.T) {
	const address, name, reply = "products@offers.acme.example", `"Products at Acme GmbH"`, "reply_to: marketing@acme.example"
	for _, c := range []struct{ old, with, why string }{
		{address, "weekly@offers.acme.example", "local parts look the same"},
		{address, "weekly@acme.example", "local parts look the same"},
		{address, "products@new.acme.example", "the names of its sub-domains differ by a letter at most"},
		{name, "Acme Newsletter", "by generic words alone"},
		{name, "The Weekly", "that one of them adds"},
		{reply, "reply_to: redaktion@acme.example", "they have the same reply_to"},
		{"marketing-beschwerden@acme.example", "newsletter-beschwerden@acme.example", "the same complaints_to"},
	} {
		problems := refused(t, replaced(t, example(t, "acme.yaml"), c.old, c.with))
		if len(problems) != 1 || !strings.Contains(problems[0].Message, `"acme-newsletter" and "acme-marketing"`) || !strings.Contains(problems[0].Message, c.why) {
			t.Errorf("%s: %v, want one problem with %q", c.with, problems, c.why)
		}
	}
}

func TestLookalikes_GenericWordsOfTheCatalog_AreAdded(t *testing.T) {
	document := twoSenders(Mailbox{"Acme Depesche", "x@red.example"}, Mailbox{"Acme Weekly", "y@blue.example"}, "")
	if got, why := verdict(t, document); got != lookalike.Unlike {
		t.Fatalf("likeness %d without the key: %s", got, why)
	}
	if got, why := verdict(t, document+"generic_words: [Depesche]\n"); got != lookalike.Similar || !strings.Contains(why, "by generic words alone") {
		t.Errorf("likeness %d: %s", got, why)
	}
}

func TestLookalikes_Mailboxes(t *testing.T) {
	for _, c := range []struct {
		rule, old, with string
		want            lookalike.Likeness
		why             string
	}{
		{"different reply_to", `blue.example"}`, `blue.example"}, reply_to: c@co.example`, lookalike.Unlike, ""},
		{"the same reply_to", `blue.example"}`, `blue.example"}, reply_to: Answers@gmail.com`, lookalike.Similar, "they have the same reply_to;"},
		{"two spellings of one reply_to", `blue.example"}`, `blue.example"}, reply_to: ans.wers@googlemail.com`, lookalike.Similar, "their reply_to are two spellings of one mailbox;"},
		{"the same complaints_to", "two@co.example", "one+x@gmail.com", lookalike.Similar, "their departments have the same complaints_to;"},
		{"two spellings of one complaints_to", "two@co.example", "one@googlemail.com", lookalike.Similar, "the complaints_to of their departments are two spellings of one mailbox;"},
		{"complaints_to that is another's reply_to", "two@co.example", "answers@gmail.com", lookalike.Unlike, ""},
		{"the same, accepted", `blue.example"}`, `blue.example"}, reply_to: answers@gmail.com, lookalike_accepted: {with: first, justification: one desk reads both}`, lookalike.Unlike, ""},
	} {
		document := twoSenders(Mailbox{"Red Kettle", "x@red.example"}, Mailbox{"Blue Saucepan", "y@blue.example"}, "")
		document = replaced(t, document, "one@co.example", "one+x@gmail.com")
		document = replaced(t, document, `red.example"}`, `red.example"}, reply_to: answers@gmail.com`)
		got, why := verdict(t, replaced(t, document, c.old, c.with))
		if got != c.want || !strings.Contains(why, c.why) || strings.Contains(why, "gmail") {
			t.Errorf("%s: likeness %d, %q; want %d, %q", c.rule, got, why, c.want, c.why)
		}
	}
}

func TestParseStored_RulesThatWereAddedSince_AreWarnings(t *testing.T) {
	alike := twoSenders(Mailbox{"Acme Newsletter", "x@red.example"}, Mailbox{"Acme Weekly", "y@blue.example"}, "")
	acme := example(t, "acme.yaml")
	for rule, c := range map[string]struct{ document, message string }{
		"look-alike senders": {alike, "can be taken for one another"},
		"a contract":         {replaced(t, acme, "counts_as: existing_customer ", "counts_as: contract "), "a clause cannot count as a contract"},
		"no assessment":      {replaced(t, acme, "        assessed: {by: data protection officer, on: 2025-11-03}\n", ""), "only when it was assessed"},
	} {
		if _, _, err := Parse("catalog.yaml", []byte(c.document)); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: Parse: %v, want a refusal", rule, err)
		}
		stored, warnings, err := ParseStored("catalog.yaml", []byte(c.document))
		if err != nil || !slices.ContainsFunc(warnings, func(w Problem) bool { return strings.Contains(w.Message, c.message) }) {
			t.Errorf("%s: %v, warnings %v", rule, err, warnings)
			continue
		}
		if v, ok := stored.Declaration("terms", "2026"); ok && rule == "a contract" && v.CountsAs != CountsAsNone {
			t.Errorf("the clause counts as %s", v.CountsAs)
		}
	}
	if _, _, err := ParseStored("catalog.yaml", []byte(replaced(t, acme, "class: legal_notice", "class: legal"))); err == nil {
		t.Error("a document that no rule ever allowed is accepted")
	}
}
