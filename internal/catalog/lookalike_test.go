package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// twoSenders returns a catalog with the two mailboxes, each the sender
// identity of a department of its own; extra is added to the second.
func twoSenders(a, b Mailbox, extra string) string {
	return fmt.Sprintf(`controllers:
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
func verdict(t testing.TB, document string) (likeness, string) {
	t.Helper()
	_, warnings, err := Parse("catalog.yaml", []byte(document))
	found, problems := unlike, []Problem(nil)
	if invalid, ok := errors.AsType[*Invalid](err); ok {
		found, problems = similar, invalid.Problems
	} else if len(warnings) > 0 {
		found, problems = maybe, warnings
	}
	if found == unlike {
		return unlike, ""
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Message, `"first" and "second"`) || problems[0].Path != "sender_identities[1]" || problems[0].Line != 11 {
		t.Fatalf("the likeness is not said in one problem that names the pair: %v", problems)
	}
	return found, problems[0].Message
}

func TestLookalikes_DisplayNames(t *testing.T) {
	for _, c := range []struct {
		rule, a, b string
		want       likeness
		why        string
	}{
		{"unrelated", "Acme Weekly", "Products at Acme GmbH", unlike, ""},
		{"unrelated with a company's name", "Acme Kundenservice", "Acme Weekly", unlike, ""},
		{"the same", "Acme News", "Acme News", similar, "look the same"},
		{"case", "ACME NEWS", "acme news", similar, "look the same"},
		{"spaces and punctuation", "Acme-News", "AcmeNews!", similar, "look the same"},
		{"order of words", "Acme News", "News (Acme)", similar, "look the same"},
		{"umlaut written out", "Müller Küche", "Mueller Kueche", similar, "look the same"},
		{"umlaut decomposed", "Mu\u0308ller", "MUELLER", similar, "look the same"},
		{"sharp s written out", "Straße Wien", "STRASSE WIEN", similar, "look the same"},
		{"capital sharp s", "STRAẞE", "strasse", similar, "look the same"},
		{"Cyrillic letters", "Acme News", "Асmе Nеws", similar, "look the same"},
		{"Cyrillic capitals", "ACME NEWS", "АСМЕ NЕWS", similar, "look the same"},
		{"Cyrillic letter with diaeresis", "Häuser", "Hӓuser", similar, "look the same"},
		{"fullwidth letters", "Acme News", "Ａｃｍｅ Ｎｅｗｓ", similar, "look the same"},
		{"mathematical letters", "Acme News", "𝐀𝐜𝐦𝐞 𝐍𝐞𝐰𝐬", similar, "look the same"},
		{"one Cyrillic letter in the differing part", "Acme Offers", "Acme Οffеrѕ Daily", similar, "that one of them adds"},
		{"nothing left on one side", "Acme", "Acme Products", similar, "that one of them adds"},
		{"nothing left but word order", "Acme GmbH News", "News Acme", similar, "that one of them adds"},
		{"one begins with the other", "Acme News", "Acme Newsletter", similar, "begins with the other"},
		{"one begins with the other across words", "Acme News", "Acme News-letter Weekly", similar, "that one of them adds"},
		{"one begins with the other, joined", "AcmeNews", "Acme Newsletter", similar, "begins with the other"},
		{"one letter more", "Acme Offers", "Acme Offer", similar, "begins with the other"},
		{"two letters differ", "Acme Letters", "Acme Lettres", similar, "by two letters"},
		{"two letters differ, umlaut", "Störung", "Stoerumg", similar, "by two letters"},
		{"three letters differ", "Acme Angebote", "Acme Gebotene", unlike, ""},
		{"short parts differ", "Acme Nord", "Acme Nort", unlike, ""},
		{"one part is short", "Acme Store", "Acme Tore", unlike, ""},
		{"common ending only", "Acme Newsletter", "Acme Letter", unlike, ""},
		{"plain ASCII collision", "Modern", "Modem", maybe, "look the same"},
		{"plain ASCII collision beside a common word", "Acme Modern", "Modem Acme", maybe, "look the same"},
		{"plain ASCII collision of capital i and small l", "Acme AI", "Acme Al", maybe, "look the same"},
		{"plain ASCII collision of zero and O", "R0se", "Rose", maybe, "look the same"},
		{"plain ASCII collision of the beginning", "Modem", "Modernisation", maybe, "begins with the other"},
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
		want       likeness
		why        string
	}{
		{"unrelated", "x@red.example", "y@blue.example", unlike, ""},
		{"the same", "news@acme.example", "News@Acme.example", similar, "From addresses are the same"},
		{"the same mailbox", "acme.news@gmail.com", "acmenews+x@googlemail.com", similar, "From addresses are the same"},
		{"subdomains of one company", "x@news.acme.example", "y@offers.acme.example", unlike, ""},
		{"one local part on different domains", "news@red.example", "news@blue.example", unlike, ""},
		{"local parts are alike", "news@acme.example", "newsletter@acme.example", similar, "local parts are alike"},
		{"local parts with a common word", "acme-news@acme.example", "acme@acme.example", similar, "local parts differ only by"},
		{"local parts near", "angebote@acme.example", "angebotx@acme.example", similar, "by two letters"},
		{"local parts unlike", "service@acme.example", "weekly@acme.example", unlike, ""},
		{"local parts with an umlaut", "stoerung@acme.example", "störung@acme.example", similar, "look the same"},
		{"local parts collide in ASCII", "modern@acme.example", "modem@acme.example", maybe, "look the same"},
		{"domain with an umlaut written out", "x@müller.example", "y@mueller.example", similar, "domains of their From addresses differ, but look the same"},
		{"domain with a Cyrillic letter", "x@paypal.example", "y@pаypal.example", similar, "look the same"},
		{"domain as A-label", "x@xn--mller-kva.example", "y@mueller.example", similar, "look the same"},
		{"domain with a hyphen more", "x@acme-news.example", "y@acmenews.example", similar, "look the same"},
		{"domains collide in ASCII", "x@modern.example", "y@modem.example", maybe, "same skeleton"},
		{"one domain begins with the other", "x@acme.example", "y@acme.example.com", unlike, ""},
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
	if got != similar || !strings.Contains(why, `display names "Acme News" and "Acme Newsletter" are alike`) || !strings.Contains(why, "local parts are alike") {
		t.Errorf("likeness %d: %s", got, why)
	}
	if strings.Contains(why, "acme.example") {
		t.Errorf("the problem shows an address: %s", why)
	}
}

func TestLookalikes_RefusalBesideAWarning_IsARefusal(t *testing.T) {
	got, why := verdict(t, twoSenders(Mailbox{"Acme News", "modern@acme.example"}, Mailbox{"Acme Newsletter", "modem@acme.example"}, ""))
	if got != similar || strings.Contains(why, "local parts") {
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
	if got, _ := verdict(t, document); got != similar {
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

func TestProperty_Likeness_IsSymmetricAndOfEveryTextWithItself(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`[a-dA-D0OIlmrn]{1,4}( [a-dmrn]{1,6})?`),
		rapid.StringMatching(`[a-zäöüßаеосрх ]{1,12}`),
		rapid.String(),
	).Filter(func(s string) bool { return strings.ContainsFunc(s, isWordRune) })
	w := newWriter()
	rapid.Check(t, func(t *rapid.T) {
		a, b := w.appearance(text.Draw(t, "a")), w.appearance(text.Draw(t, "b"))
		ab, _ := compare(a, b)
		ba, _ := compare(b, a)
		if ab != ba {
			t.Fatalf("one way %d, the other %d", ab, ba)
		}
		if aa, _ := compare(a, a); aa != similar {
			t.Fatalf("a text is %d to itself", aa)
		}
	})
}
