package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// advised returns the document with an own text of a consent version and keys of the channels and the policy.
func advised(text, language, firstChannel, retention string) string {
	return fmt.Sprintf(`controllers:
  - {id: kiosk, name: Kiosk GmbH, postal_address: Wien, privacy_contact: dsb@kiosk.example}
  - {id: druck, name: Druck & Söhne AG, postal_address: Wien, privacy_contact: dsb@druck.example}
departments:
  - {id: press, name: {en: Press, de: Presse}, controller: kiosk, complaints_to: press@kiosk.example}
  - {id: desk, name: {en: Desk, de: Pult}, controller: kiosk, complaints_to: desk@kiosk.example}
  - {id: shop, name: {en: Shop, de: Laden}, controller: druck, complaints_to: shop@druck.example}
channels:
  - {id: letter, name: {en: A, de: A}, department: press, medium: email, class: marketing, sender_identities: [press]%s}
  - {id: digest, name: {en: B, de: B}, department: desk, medium: email, class: marketing, legal_bases: [consent], sender_identities: [desk]}
  - {id: offers, name: {en: C, de: C}, department: shop, medium: email, class: marketing, legal_bases: [consent], sender_identities: [shop]}
sender_identities:
  - {id: press, department: press, from: {name: Morgenblatt, address: post@blatt.kiosk.example}}
  - {id: desk, department: desk, from: {name: Abendpost, address: pult@abend.kiosk.example}}
  - {id: shop, department: shop, from: {name: Schreibwaren, address: laden@druck.example}}
declarations:
  - id: web
    kind: consent
    versions:
      - version: "1"
        language: %s
%s
policy:
  decision_ttl: PT5M%s
`, firstChannel, language, text, retention)
}

const (
	onConsent      = ", legal_bases: [consent]"
	wholeRetention = "\n  retention: {evidence: P5Y/EOY, requests: P30D, disclosures: P3Y, hard_bounces: P24M}"
	plainText      = "        channels: [letter]\n        text: Ja, gerne. Widerruf jederzeit."
)

// warned checks that a document is accepted with one warning at the path, or with none where the path is empty.
func warned(t *testing.T, rule, document, path, message string) {
	t.Helper()
	_, warnings, err := Parse("catalog.yaml", []byte(document))
	switch {
	case err != nil:
		t.Errorf("%s: refused: %v", rule, err)
	case path == "" && len(warnings) > 0:
		t.Errorf("%s: warnings %v, want none", rule, warnings)
	case path != "" && (len(warnings) != 1 || warnings[0].Path != path || warnings[0].Line == 0 || !strings.Contains(warnings[0].Message, message)):
		t.Errorf("%s: warnings %v, want one of %s with %q", rule, warnings, path, message)
	}
}

func TestParse_TextOfSeveralControllers_NamesEach(t *testing.T) {
	const path = "declarations[0].versions[0].text"
	for _, c := range []struct{ rule, channels, text, path, message string }{
		{"both named", "letter, offers", "Kiosk GmbH und Druck & Söhne AG. Widerruf jederzeit.", "", ""},
		{"both named in capitals", "letter, offers", "KIOSK GMBH, DRUCK & SÖHNE AG. Widerruf jederzeit.", "", ""},
		{"both named over lines", "letter, offers", "|-\n          Ja, Kiosk\n          GmbH und Druck &\n          Söhne AG. Widerruf jederzeit.", "", ""},
		{"none named", "letter, offers", "Ja. Widerruf jederzeit.", path, `channels of 2 controllers, but its text does not name "Kiosk GmbH", "Druck & Söhne AG"`},
		{"one named", "letter, digest, offers", "Kiosk GmbH. Widerruf jederzeit.", path, `does not name "Druck & Söhne AG"; name each`},
		{"a longer name", "letter, offers", "Superkiosk GmbH, Druck & Söhne AG. Widerruf jederzeit.", path, `does not name "Kiosk GmbH";`},
		{"a longer word and then the name", "letter, offers", "Superkiosk GmbH, Kiosk GmbH, Druck & Söhne AG. Widerruf jederzeit.", "", ""},
		{"one controller of two departments", "letter, digest", "Ja. Widerruf jederzeit.", "", ""},
	} {
		warned(t, c.rule, advised("        channels: ["+c.channels+"]\n        text: "+c.text, "de", onConsent, wholeRetention), c.path, c.message)
	}
}

func TestParse_ConsentText_SaysThatItCanBeWithdrawn(t *testing.T) {
	const path = "declarations[0].versions[0].text"
	for _, c := range []struct{ language, text, path string }{
		{"de", "Ja, ich will.", path},
		{"de-AT", "Ja, ich will. Immer.", path},
		{"en", "Yes, please.", path},
		{"en-GB", "Yes, send me the letter.", path},
		{"de", "Ja. Ich kann dies widerrufen.", ""},
		{"de", "Ja. WIDERRUF per Mail.", ""},
		{"de", "Ja. Abmelden in jeder Mail.", ""},
		{"de", "Ja. Sie können den Brief abbestellen.", ""},
		{"de", "Ja. Das geht jederzeit.", ""},
		{"de", "Ja. Sie können dem wider\u00adsprechen.", ""},
		{"en", "Yes. You may withdraw this consent.", ""},
		{"en", "Yes. Unsubscribe in every message.", ""},
		{"en", "Yes. You can opt-out.", ""},
		{"en", "|-\n          Yes. You can opt\n          out.", ""},
		{"en", "Yes. You can revoke it.", ""},
		{"en", "Yes. At any time.", ""},
		{"fr", "Oui.", ""},
		{"und", "Oui.", ""},
	} {
		warned(t, c.language+" "+c.text, advised("        channels: [letter]\n        text: "+c.text, c.language, onConsent, wholeRetention),
			c.path, "does not say that the consent can be withdrawn")
	}
	terms := strings.Replace(advised(plainText+"\n        counts_as: none", "de", ", legal_bases: [consent, terms]", wholeRetention), "kind: consent", "kind: terms", 1)
	warned(t, "a clause of the terms", strings.Replace(terms, "Widerruf jederzeit", "Klausel", 1), "", "")
}

func TestParse_MarketingToCustomers_WantsANotice(t *testing.T) {
	for _, c := range []struct{ rule, channel, path string }{
		{"without notice_required", ", legal_bases: [consent, existing_customer]", "channels[0].legal_bases"},
		{"notice_required: false", ", legal_bases: [existing_customer, consent], notice_required: false", "channels[0].legal_bases"},
		{"notice_required", ", legal_bases: [consent, existing_customer], notice_required: true", ""},
		{"retired", ", legal_bases: [consent, existing_customer], retired: true", ""},
		{"consent alone", onConsent, ""},
	} {
		warned(t, c.rule, advised(plainText, "de", c.channel, wholeRetention), c.path, "without notice_required: true")
	}
}

func TestParse_ConsentsWithoutConfirmation_AreWarnedOf(t *testing.T) {
	for _, c := range []struct{ rule, channel, path string }{
		{"optional", onConsent + ", double_opt_in: optional", "channels[0].double_opt_in"},
		{"required", onConsent + ", double_opt_in: required", ""},
		{"retired", onConsent + ", double_opt_in: optional, retired: true", ""},
	} {
		warned(t, c.rule, advised(plainText, "de", c.channel, wholeRetention), c.path, "takes consents from the web")
	}
}

func TestParse_ConsentsByTelephone_AreKeptForFiveYears(t *testing.T) {
	const optional = ", double_opt_in: optional, evidence_required: [operator]"
	kept := func(evidence string) string {
		return fmt.Sprintf("\n  retention: {evidence: %s, requests: P30D, disclosures: P6Y, hard_bounces: P24M}", evidence)
	}
	for _, c := range []struct {
		rule, channel, evidence string
		want                    bool
	}{
		{"too short", optional, "P59M", true},
		{"too short, to the end of the year", optional, "P3Y/EOY", true},
		{"long enough", optional, "P5Y", false},
		{"confirmed by e-mail", ", evidence_required: [operator]", "P59M", false},
		{"what a browser tells is asked for", ", double_opt_in: optional, evidence_required: [ip]", "P59M", false},
		{"retired", optional + ", retired: true", "P59M", false},
	} {
		_, warnings, err := Parse("catalog.yaml", []byte(advised(plainText, "de", onConsent+c.channel, kept(c.evidence))))
		got := slices.ContainsFunc(warnings, func(w Problem) bool {
			return w.Path == "policy.retention.evidence" && strings.Contains(w.Message, "UWG section 7a") && w.Line > 0
		})
		if err != nil || got != c.want {
			t.Errorf("%s: warned %t, want %t: %v, %v", c.rule, got, c.want, warnings, err)
		}
	}
}

func TestParse_Retention_NamesAllThatHasNoEndInOneWarning(t *testing.T) {
	for _, c := range []struct{ rule, retention, path, message string }{
		{"whole", wholeRetention, "", ""},
		{"none", "", "policy.retention", "nothing says how long evidence, requests, disclosures, hard_bounces are kept"},
		{"in part", "\n  retention: {evidence: P3Y, disclosures: P3Y}", "policy.retention", "nothing says how long requests, hard_bounces are kept"},
	} {
		warned(t, c.rule, advised(plainText, "de", onConsent, c.retention), c.path, c.message)
	}
	problems := refused(t, advised(plainText, "de", onConsent, "\n  retention: {evidence: P3X, requests: P30D, disclosures: P3Y, hard_bounces: P24M}"))
	if len(problems) != 1 || problems[0].Path != "policy.retention.evidence" {
		t.Errorf("problems %v", problems)
	}
}
