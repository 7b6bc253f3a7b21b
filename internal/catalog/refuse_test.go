package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/catalog/yamlread"
)

// change is an example document with one part exchanged, and the problem that
// this makes: where and, in part, what.
type change struct {
	rule, document, old, with string
	down                      int // lines from the exchanged part to the problem
	path, message             string
}

// apply returns the changed document and the line that the problem is on.
func (c change) apply(t *testing.T) (document string, line int) {
	t.Helper()
	document = example(t, c.document)
	before, _, _ := strings.Cut(document, c.old)
	return replaced(t, document, c.old, c.with), 1 + strings.Count(before, "\n") + c.down
}

func TestParse_BrokenRule_IsRefusedWithLinePathAndRemedy(t *testing.T) {
	const every, acme = "every-key.yaml", "acme.yaml"
	for _, c := range []change{
		{"unknown key at the top", every, "policy:", "policies:", 0, "", `unknown key "policies"; the keys here are effective_time`},
		{"unknown key of a controller", every, "imprint_url:", "imprint:", 0, "controllers[0]", `unknown key "imprint"; the keys here are id, name`},
		{"unknown key of a channel", every, "retired: true ", "retire: true ", 0, "channels[3]", `unknown key "retire"`},
		{"unknown key of a name", every, "{en: Press, de: Presse}", "{en: Press, de: Presse, fr: Presse}", 0, "departments[0].name", `unknown key "fr"`},
		{"unknown key in from", every, "from: {name: Stromtarife,", "from: {nam: Stromtarife,", 0, "sender_identities[2].from", `unknown key "nam"`},
		{"unknown key of a version", every, "        counts_as: existing", "        countsas: existing", 0, "declarations[1].versions[0]", `unknown key "countsas"`},
		{"duplicate key", every, "    controller: netz\n", "    controller: netz\n    controller: netz\n", 1, "departments[0].controller", "twice, first on line 17"},
		{"duplicate key in braces", every, "{en: Press, de", "{en: Press, en: Press, de", 0, "departments[0].name.en", "twice"},
		{"missing key", every, "    postal_address: Ring 2, 8010 Graz, Austria\n", "", -2, "controllers[0]", "the key postal_address is missing"},
		{"missing language of a name", every, "{en: Press, de: Presse}", "{en: Press}", 0, "departments[0].name", "the key de is missing"},
		{"name in one language only", every, "{en: Press, de: Presse}", "Press", 0, "departments[0].name", "this must be a mapping with the keys en, de, not a single value"},
		{"key without value", every, "controller: netz", "controller:", 0, "departments[0].controller", "this must be text, not an empty value"},
		{"list where text belongs", every, "controller: netz", "controller: [netz]", 0, "departments[0].controller", "this must be text, not a list"},
		{"mapping where text belongs", every, "controller: netz", "controller: {id: netz}", 0, "departments[0].controller", "this must be text, not a mapping"},
		{"list where a word belongs", every, "class: transactional", "class: [transactional]", 0, "channels[2].class", "a list is not allowed; use marketing"},
		{"truth value where an id belongs", every, "goods: [electricity, gas]", "goods: [electricity, true]", 0, "channels[1].goods[1]", "this must be an id, not a truth value"},
		{"truth value where text belongs", every, "name: Netz AG", "name: true", 0, "controllers[0].name", "this must be text, not a truth value"},
		{"text where a list belongs", every, "legal_bases: [contract]", "legal_bases: contract", 0, "channels[2].legal_bases", "this must be a list, not a single value"},
		{"text where a truth value belongs", every, "retired: true ", `retired: "yes" `, 0, "channels[3].retired", "true or false"},
		{"empty text", every, "name: Netz AG", `name: "  "`, 0, "controllers[0].name", "empty"},
		{"empty list", every, "goods: [electricity, gas]", "goods: []", 0, "channels[1].goods", "empty"},
		{"too long text", every, "name: Netz AG", "name: " + strings.Repeat("x", 121), 0, "controllers[0].name", "121 octets; at most 120"},
		{"line break in a From name", every, "name: Netz Magazin", `name: "Netz\nBcc: x"`, 0, "sender_identities[0].from.name", "line break"},
		{"bidi character in a From name", every, "name: Netz Magazin", `name: "Netz\u202e Magazin"`, 0, "sender_identities[0].from.name", "bidi"},
		{"zero-width character in a From name", every, "name: Netz Magazin", `name: "Ne\u200btz Magazin"`, 0, "sender_identities[0].from.name", "zero-width"},
		{"From name without a letter", every, "name: Netz Magazin", `name: "***"`, 0, "sender_identities[0].from.name", "no letter or digit"},
		{"control character in a text", every, "text: Ja zum Magazin", `text: "Ja\u0007 zum Magazin" #`, 0, "declarations[0].versions[0].text", "control character"},
		{"id with a capital", every, "  - id: sales", "  - id: Sales", 0, "departments[1].id", `"Sales" is not a valid id; an id has at most 64`},
		{"id with a slash", every, "  - id: outages\n    name", "  - id: out/ages\n    name", 0, "channels[2].id", "is not a valid id"},
		{"id that begins with a dot", every, "  - id: sales", "  - id: .sales", 0, "departments[1].id", "is not a valid id"},
		{"too long id", every, "  - id: sales", "  - id: " + strings.Repeat("s", 65), 0, "departments[1].id", "is not a valid id"},
		{"id in a list", every, "goods: [electricity, gas]", "goods: [electricity, Gas]", 0, "channels[1].goods[1]", "is not a valid id"},
		{"version with an at sign", every, `version: "1"`, `version: "1@2"`, 0, "declarations[0].versions[0].version", "is not a valid version"},
		{"goods twice", every, "goods: [electricity, gas]", "goods: [gas, gas]", 0, "channels[1].goods", `"gas" is in the list twice`},
		{"basis twice", every, "[consent, existing_customer, terms]", "[consent, consent]", 0, "channels[1].legal_bases", `"consent" is in the list twice`},
		{"no address", every, "complaints_to: presse@netz.example", "complaints_to: presse", 0, "departments[0].complaints_to", "this is not a valid e-mail address: The address has no @."},
		{"no From address", every, "address: magazin@mag.netz.example", "address: magazin@", 0, "sender_identities[0].from.address", "not a valid e-mail address"},
		{"no reply address", every, "reply_to: redaktion@netz.example", "reply_to: a@b", 0, "sender_identities[0].reply_to", "not a valid e-mail address"},
		{"no privacy contact", every, "privacy_contact: dsb@netz.example", "privacy_contact: dsb at netz", 0, "controllers[0].privacy_contact", "not a valid e-mail address"},
		{"imprint that is no web address", every, "https://netz.example/impressum", "javascript:alert(1)", 0, "controllers[0].imprint_url", "https://"},
		{"privacy notice that is no web address", every, "https://netz.example/datenschutz", "mailto:a@b.example", 0, "controllers[0].privacy_url", "https://"},
		{"imprint without host", every, "https://netz.example/impressum", "https:///impressum", 0, "controllers[0].imprint_url", "https://"},
		{"imprint with a user", every, "https://netz.example/impressum", "https://a:b@netz.example/", 0, "controllers[0].imprint_url", "without a user name"},
		{"time without zone", every, "effective_time: 2026-01-01T00:00:00Z", "effective_time: 2026-01-01T00:00:00", 0, "effective_time", "2026-01-01T00:00:00Z"},
		{"time finer than a microsecond", every, "effective_time: 2026-01-01T00:00:00Z", "effective_time: 2026-01-01T00:00:00.0000001Z", 0, "effective_time", "six decimals"},
		{"period that does not parse", every, "P18M", "18 months", 0, "channels[1].consent_lapses_after", `"18 months" is not a period: a period must start with P`},
		{"period of no length", every, "P18M", "P0D", 0, "channels[1].consent_lapses_after", "give a longer one"},
		{"policy that does not parse", every, "decision_ttl: PT5M", "decision_ttl: 5m", 0, "policy.decision_ttl", "is not a period"},
		{"retention that does not parse", every, "hard_bounces: P24M", "hard_bounces: 24M", 0, "policy.retention.hard_bounces", "is not a period"},
		{"hour of one digit", every, "effective_time: 2026-01-01T00:00:00Z", "effective_time: 2026-01-01T1:00:00Z", 0, "effective_time", "is not a valid time; write it as"},
		{"retention of no time", every, "requests: P30D", "requests: P0D", 0, "policy.retention.requests", "is a period of zero length"},
		{"unknown retention", every, "hard_bounces: P24M", "bounces: P24M", 0, "policy.retention", `unknown key "bounces"`},
		{"unknown medium", every, "medium: email ", "medium: fax ", 0, "channels[0].medium", `"fax" is not allowed; use email`},
		{"unknown class", every, "class: transactional", "class: service", 0, "channels[2].class", "use marketing, transactional or legal_notice"},
		{"unknown basis", every, "legal_bases: [contract]", "legal_bases: [vital_interest]", 0, "channels[2].legal_bases[0]", `"vital_interest" is not a legal basis; use consent,`},
		{"unknown double_opt_in", every, "double_opt_in: optional", "double_opt_in: never", 0, "channels[0].double_opt_in", "use required or optional"},
		{"pattern that does not compile", every, `"z-[0-9]+"`, `"z-[0-9"`, 0, "channels[2].reference_pattern", "not a valid regular expression"},
		{"pattern that closes the group", every, `"z-[0-9]+"`, `"z)|(x"`, 0, "channels[2].reference_pattern", "not a valid regular expression"},
		{"marketing that cannot be refused", every, "    retired: true ", "    refusable: false ", 0, "channels[3].refusable", "marketing can always be refused"},
		{"marketing on a contract", acme, "legal_bases: [consent, existing_customer, terms]", "legal_bases: [consent, contract]", 0, "channels[1].legal_bases", "cannot have the legal basis contract; use consent"},
		{"marketing on a legal obligation", acme, "legal_bases: [consent]", "legal_bases: [legal_obligation]", 0, "channels[0].legal_bases", "cannot have the legal basis legal_obligation"},
		{"transactional without contract", acme, "legal_bases: [contract]", "legal_bases: [legal_obligation]", 0, "channels[2].legal_bases", "use [contract]"},
		{"transactional on consent, too", acme, "legal_bases: [contract]", "legal_bases: [contract, consent]", 0, "channels[2].legal_bases", "use [contract]"},
		{"legal notice on a contract", acme, "legal_bases: [legal_obligation]", "legal_bases: [contract]", 0, "channels[3].legal_bases", "use [legal_obligation]"},
		{"channel without sender identity", acme, "    sender_identities: [acme-newsletter]\n", "", -8, "channels[0]", "the key sender_identities is missing"},
		{"channel with no sender identity in the list", acme, "sender_identities: [acme-newsletter]", "sender_identities: []", 0, "channels[0].sender_identities", "empty"},
		{"undefined sender identity", acme, "sender_identities: [acme-newsletter]", "sender_identities: [acme-letter]", 0, "channels[0].sender_identities", `no sender identity has the id "acme-letter"; the catalog defines acme-marketing, acme-newsletter, acme-service`},
		{"undefined department of a channel", acme, "    department: newsletter-desk\n    medium", "    department: desk\n    medium", 0, "channels[0].department", `no department has the id "desk"`},
		{"undefined department of a sender", acme, "    department: newsletter-desk\n    from", "    department: desk\n    from", 0, "sender_identities[0].department", `no department has the id "desk"`},
		{"undefined controller", acme, "controller: acme", "controller: acm", 0, "departments[0].controller", `no controller has the id "acm"; the catalog defines acme`},
		{"undefined honoured channel", acme, "honours: [newsletter]", "honours: [letters]", 0, "channels[1].honours", `no channel has the id "letters"`},
		{"undefined channel of a declaration", acme, "channels: [newsletter]\n", "channels: [letters]\n", 0, "declarations[0].versions[0].channels", `no channel has the id "letters"`},
		{"undefined accepted look-alike", every, "{with: outages,", "{with: outage,", 0, "sender_identities[2].lookalike_accepted.with", `no sender identity has the id "outage"`},
		{"accepted look-alike of itself", every, "{with: outages,", "{with: tariffs,", 0, "sender_identities[2].lookalike_accepted.with", "cannot name itself"},
		{"accepted look-alike without reason", every, `justification: "shown here for the key, not for the need"`, `justification: " "`, 0, "sender_identities[2].lookalike_accepted.justification", "empty"},
		{"accepted look-alike with no justification", every, `, justification: "shown here for the key, not for the need"`, "", 0, "sender_identities[2].lookalike_accepted", "the key justification is missing"},
		{"channel that honours itself", acme, "honours: [newsletter]", "honours: [product-marketing]", 0, "channels[1].honours", "in a circle: product-marketing honours product-marketing"},
		{"channels that honour each other", acme, "    double_opt_in: required\n", "    honours: [product-marketing]\n", 11, "channels[1].honours", "in a circle: newsletter honours product-marketing honours newsletter"},
		{"soft opt-in without assessment", acme, "        assessed: {by: data protection officer, on: 2025-11-03}\n", "", -1, "declarations[2].versions[1].counts_as", "add assessed: {by: …, on: 2026-01-31}"},
		{"assessment without date", acme, ", on: 2025-11-03}", "}", 0, "declarations[2].versions[1].assessed", "the key on is missing"},
		{"assessment with a wrong date", acme, "on: 2025-11-03", "on: 2025-13-03", 0, "declarations[2].versions[1].assessed.on", "write it as 2026-01-31"},
		{"terms that count as nothing named", acme, "        counts_as: none               # the clause of 2024 was hidden among others\n", "", -3, "declarations[2].versions[0]", "the key counts_as is missing"},
		{"consent that counts as something", acme, "        channels: [newsletter]\n", "        channels: [newsletter]\n        counts_as: none\n", 1, "declarations[0].versions[0].counts_as", "only a clause of the terms"},
		{"unknown kind of declaration", acme, "kind: terms", "kind: clause", 0, "declarations[2].kind", "use consent, terms or notice"},
		{"clause that counts as a contract", acme, "counts_as: existing_customer ", "counts_as: contract ", 0, "declarations[2].versions[1].counts_as", "a clause cannot count as a contract: e-mail marketing rests on a consent, or on a sale with all conditions of the soft opt-in (CJEU C-654/23)"},
		{"clause that counts as anything else", acme, "counts_as: existing_customer ", "counts_as: consent ", 0, "declarations[2].versions[1].counts_as", "use none or existing_customer"},
		{"period to the end of the year of a lapse", every, "P18M", "P1Y/EOY", 0, "channels[1].consent_lapses_after", "which only claims_period and the periods of retention may"},
		{"period to the end of the year of the policy", every, "existing_customer_lapses_after: P24M", "existing_customer_lapses_after: P2Y/EOY", 0, "policy.existing_customer_lapses_after", "ends with the year"},
		{"period to the end of the year of a decision", every, "decision_ttl: PT5M", "decision_ttl: P1Y/EOY", 0, "policy.decision_ttl", "ends with the year"},
		{"period to the end of the year of a request", every, "confirmation_expires_after: P30D", "confirmation_expires_after: P1Y/EOY", 0, "policy.confirmation_expires_after", "ends with the year"},
		{"days to the end of the year", every, "claims_period: P3Y/EOY", "claims_period: P3D/EOY", 0, "policy.claims_period", "is of whole years"},
		{"recipient without client", every, "{client: mail-tool, ", "{", 0, "recipients[0]", "the key client is missing"},
		{"recipient without country", every, ", country: AT}", "}", 0, "recipients[0]", "the key country is missing"},
		{"recipient of an unknown role", every, "role: processor", "role: friend", 0, "recipients[0].role", "use own_department, processor or other_controller"},
		{"recipient of no country", every, "country: AT", "country: UK", 0, "recipients[0].country", `"UK" is not the code of a country`},
		{"recipient of a country in small letters", every, "country: AT", "country: at", 0, "recipients[0].country", "two capitals"},
		{"recipient of a region", every, "country: AT", "country: EU", 0, "recipients[0].country", "two capitals"},
		{"recipient of three letters", every, "country: AT", "country: AUT", 0, "recipients[0].country", "two capitals"},
		{"recipient whose client is no id", every, "client: mail-tool", "client: Mail Tool", 0, "recipients[0].client", "is not a valid id"},
		{"recipient defined twice", every, "departments:\n", "  - {client: mail-tool, name: X, postal_address: Y, role: processor, country: AT}\ndepartments:\n", 0, "recipients[1].client", "defined twice"},
		{"unknown key of a recipient", every, "{client: mail-tool, ", "{client: mail-tool, zip: 1, ", 0, "recipients[0]", `unknown key "zip"`},
		{"retention note in one language", every, "{en: Kept as the schedule of the group says, de: ", "{de: ", 0, "controllers[0].retention_note", "the key en is missing"},
		{"empty authority", every, "supervisory_authority: Datenschutzbehörde, Barichgasse 40–42, 1030 Wien ", `supervisory_authority: "" `, 0, "controllers[0].supervisory_authority", "empty"},
		{"two words in one", every, "generic_words: [depesche]", "generic_words: [depesche, frohe post]", 0, "generic_words[1]", `"frohe post" is no word`},
		{"word without a letter", every, "generic_words: [depesche]", `generic_words: ["--"]`, 0, "generic_words[0]", "is no word"},
		{"word twice", every, "generic_words: [depesche]", "generic_words: [depesche, depesche]", 0, "generic_words", "in the list twice"},
		{"evidence that cannot be required", every, "evidence_required: [url, ip]", "evidence_required: [url, phone]", 0, "channels[1].evidence_required[1]", `"phone" is not a part of the evidence that can be required; use url, ip, user_agent or operator`},
		{"evidence required twice", every, "evidence_required: [url, ip]", "evidence_required: [url, url]", 0, "channels[1].evidence_required", "in the list twice"},
		{"notice_required that is no truth value", every, "notice_required: true", "notice_required: always", 0, "channels[1].notice_required", "true or false"},
		{"notice without place", every, "        place: checkout, above the button     # where it stood\n", "", -3, "declarations[2].versions[0]", "the key place is missing"},
		{"notice that offers no refusal", every, "refusal_offered: true", "refusal_offered: false", 0, "declarations[2].versions[0].refusal_offered", "right is true"},
		{"notice that counts as something", every, "        refusal_offered: true", "        counts_as: none\n        refusal_offered: true", 0, "declarations[2].versions[0].counts_as", "only a clause of the terms"},
		{"consent with a place", every, "        text: Ja zum Magazin", "        place: shop\n        text: Ja zum Magazin", 0, "declarations[0].versions[0].place", "only a notice has this key"},
		{"language that is none", acme, "language: de", "language: german-ish", 0, "declarations[0].versions[0].language", "tag such as de"},
		{"channel defined twice", acme, "  - id: order-updates", "  - id: newsletter", 0, "channels[2].id", "defined twice, first on line 23"},
		{"department defined twice", acme, "  - id: customer-service", "  - id: marketing", 0, "departments[2].id", "defined twice, first on line 13"},
		{"sender identity defined twice", acme, "  - id: acme-service", "  - id: acme-marketing", 0, "sender_identities[2].id", "defined twice"},
		{"declaration defined twice", acme, "  - id: all-news", "  - id: newsletter-signup", 0, "declarations[1].id", "defined twice"},
		{"version defined twice", acme, `version: "2026"`, `version: "2024"`, 0, "declarations[2].versions[1].version", "defined twice"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			document, line := c.apply(t)
			problems := refused(t, document)
			for _, p := range problems {
				if p.Line == line && p.Path == c.path && strings.Contains(p.Message, c.message) && p.File == "catalog.yaml" && p.Code == "" {
					return
				}
			}
			t.Errorf("want %d: %s: %s, got\n%s", line, c.path, c.message, &Invalid{Problems: problems})
		})
	}
}

func TestParse_SeveralProblems_AreReportedTogetherInOrder(t *testing.T) {
	document := example(t, "acme.yaml")
	document = replaced(t, document, "decision_ttl: PT5M", "decision_ttl: soon")
	document = replaced(t, document, "department: customer-service", "department: service")
	document = replaced(t, document, "postal_address:", "address:")
	problems := refused(t, document)
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if got, want := fmt.Sprint(lines), "[3 5 45 109]"; got != want {
		t.Errorf("problems on the lines %s, want %s:\n%s", got, want, &Invalid{Problems: problems})
	}
}

func TestParse_MisspeltKey_IsTheOnlyProblem(t *testing.T) {
	document := replaced(t, example(t, "acme.yaml"), "\nchannels:", "\nchanels:")
	problems := refused(t, document)
	if len(problems) != 1 || problems[0].Message != `unknown key "chanels"; did you mean channels?` {
		t.Errorf("got\n%s", &Invalid{Problems: problems})
	}
	// What stands under the key is read all the same.
	document = replaced(t, document, "class: transactional", "class: urgent")
	if problems = refused(t, document); len(problems) != 2 {
		t.Errorf("got\n%s", &Invalid{Problems: problems})
	}
}

func TestParse_DocumentThatIsNone_IsRefused(t *testing.T) {
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: 1\n", i)
		}
		return b.String()
	}
	for rule, c := range map[string]struct {
		document, message string
		line              int
	}{
		"empty":                      {"", "empty", 0},
		"comments only":              {"# nothing\n", "empty", 0},
		"list":                       {"- a\n", "this must be a mapping", 1},
		"single value":               {"catalog", "this must be a mapping", 1},
		"no YAML":                    {"a: 1\nb: [1, 2\n", "not valid YAML", 2},
		"tab as indent":              {"a:\n\tb: 1\n", "not valid YAML", 2},
		"no UTF-8":                   {"a: 1\nb: \xff\n", "not valid UTF-8", 2},
		"NUL in a comment":           {"a: 1\n# b\x00\n", "control character U+0000", 2},
		"escape in a text":           {"a: 1\nb: 'c\x1b[2J'\n", "control character U+001B", 2},
		"two documents":              {"a: 1\n---\nb: 1\n", "several documents", 0},
		"many documents":             {strings.Repeat("a\n---\n", 60_000), "several documents", 4},
		"character out of place":     {"a: 1\nb: " + strings.Repeat("@", 100_000), "not valid YAML", 2},
		"value out of place":         {strings.Repeat(`"a" `, 100_000), "not valid YAML", 1},
		"list of a hundred thousand": {"a:\n" + strings.Repeat(" -\n", 100_000), "more than 1000 entries", 1002},
		"anchor":                     {"a: 1\nb: &x 1\n", "anchors", 2},
		"alias":                      {"a: 1\nb: *x\n", "anchors", 2},
		"merge key":                  {"a: 1\n<<: {b: 1}\n", "merge keys", 2},
		"tag":                        {"a: !!str 1\n", "tags", 1},
		"directive":                  {"%YAML 1.2\n---\na: 1\n", "directives", 1},
		"complex key":                {"? a\n: 1\n", "complex keys", 1},
		"deep braces":                {strings.Repeat("{a: ", 50_000), "nested", 1},
		"deep brackets":              {strings.Repeat("[", 200_000), "nested", 1},
		"deep dashes":                {strings.Repeat("- ", 200_000), "nested", 1},
		"deep indents":               {"a:\n a:\n  a:\n   a:\n    a:\n     a:\n      a:\n       a:\n        a:\n         a:\n          a:\n           a:\n            a:\n             a:\n              a:\n               a:\n                a:\n", "nested", 17},
		"mapping of many keys":       {keys(65), "more than 64 keys", 65},
		"mapping of fifty thousand":  {keys(50_000), "more than 64 keys", 65},
		"too many words and signs":   {"a: [" + strings.Repeat("a,", 130_000) + "]", "more than 250000 tokens", 0},
		"larger than a mebibyte":     {strings.Repeat("#", 1<<20+1), "larger than", 0},
		"list of too many entries":   {"{controllers: 1, departments: 1, sender_identities: 1, channels: [" + strings.Repeat("a,", 1001) + "a]}", "1002 entries; at most 1000", 1},
	} {
		problems := refused(t, c.document)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Line == c.line && strings.Contains(p.Message, c.message) }) {
			t.Errorf("%s: want %q on line %d, got\n%s", rule, c.message, c.line, &Invalid{Problems: problems})
		}
	}
}

func TestParse_ManyProblems_AreCutOff(t *testing.T) {
	document := "channels:\n" + strings.Repeat("  - {x: 1}\n", 900)
	problems := refused(t, document)
	if len(problems) != yamlread.MaxProblems+1 || !strings.Contains(problems[yamlread.MaxProblems].Message, "others are left out") {
		t.Errorf("%d problems, the last %q", len(problems), problems[len(problems)-1].Message)
	}
}

// newWarnings returns the warnings of a changed example that the example itself does not have.
func newWarnings(t *testing.T, name, document string) ([]Problem, error) {
	t.Helper()
	_, before, err := Parse("catalog.yaml", []byte(example(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := Parse("catalog.yaml", []byte(document))
	return slices.DeleteFunc(warnings, func(w Problem) bool {
		return slices.ContainsFunc(before, func(b Problem) bool { return b.Path == w.Path && b.Message == w.Message })
	}), err
}

func TestParse_WhatHasNoEffectOrIsLikelyAMistake_IsAWarning(t *testing.T) {
	for _, c := range []change{
		{"sender identity of another department", "acme.yaml", "sender_identities: [acme-newsletter]", "sender_identities: [acme-service]", 0, "channels[0].sender_identities", "belongs to the department"},
		{"retired default sender", "acme.yaml", "    reply_to: redaktion@acme.example\n", "    retired: true\n", -32, "channels[0].sender_identities", "is retired"},
		{"reference pattern of marketing", "acme.yaml", "    goods: [coffee-machines, coffee]", "    reference_pattern: x", 0, "channels[1].reference_pattern", "no effect"},
		{"goods without customers", "acme.yaml", "    double_opt_in: required\n", "    goods: [coffee]\n", 0, "channels[0].goods", "no effect"},
		{"honours without customers", "every-key.yaml", "    double_opt_in: optional ", "    honours: [old-letter] #", 0, "channels[0].honours", "no effect"},
		{"lapse without consent", "acme.yaml", "    reference_pattern: \"order-[0-9]+\"", "    consent_lapses_after: P1M", 0, "channels[2].consent_lapses_after", "no effect"},
		{"double opt-in without consent", "acme.yaml", "    reference_pattern: \"order-[0-9]+\"", "    double_opt_in: optional", 0, "channels[2].double_opt_in", "no effect"},
		{"declaration for what does not accept it", "acme.yaml", "channels: [newsletter, product-marketing]", "channels: [newsletter, order-updates]", 0, "declarations[1].versions[0].channels", "does not accept consent"},
		{"evidence required of no consent", "acme.yaml", "    reference_pattern: \"order-[0-9]+\"", "    evidence_required: [url]", 0, "channels[2].evidence_required", "no effect"},
		{"notice required of no customer", "acme.yaml", "    double_opt_in: required\n", "    notice_required: true\n", 0, "channels[0].notice_required", "no effect"},
		{"notice for what takes no customers", "every-key.yaml", "channels: [offers]\n        place", "channels: [magazine]\n        place", 0, "declarations[2].versions[0].channels", "accepts no existing customers"},
		{"decisions that live too long", "acme.yaml", "decision_ttl: PT5M", "decision_ttl: P2D", 0, "policy.decision_ttl", "more than a day"},
	} {
		document, line := c.apply(t)
		warnings, err := newWarnings(t, c.document, document)
		if err != nil || len(warnings) != 1 {
			t.Errorf("%s: %v, warnings %v", c.rule, err, warnings)
			continue
		}
		if w := warnings[0]; w.Line != line || w.Path != c.path || !strings.Contains(w.Message, c.message) {
			t.Errorf("%s: want %d: %s: %s, got %s", c.rule, line, c.path, c.message, w)
		}
	}
}

func TestParseBasis_OnlyTheFive(t *testing.T) {
	for _, name := range []string{"consent", "existing_customer", "terms", "contract", "legal_obligation"} {
		if basis, ok := ParseBasis(name); !ok || string(basis) != name {
			t.Errorf("ParseBasis(%q) = %q, %t", name, basis, ok)
		}
	}
	for _, name := range []string{"", "Consent", "legitimate_interest"} {
		if basis, ok := ParseBasis(name); ok || basis != "" {
			t.Errorf("ParseBasis(%q) = %q, %t", name, basis, ok)
		}
	}
}

func TestParse_UndefinedIdAmongMany_ListsAFew(t *testing.T) {
	var controllers strings.Builder
	for i := range 12 {
		fmt.Fprintf(&controllers, "  - {id: c%02d, name: C, postal_address: Wien, privacy_contact: c@c.example}\n", i)
	}
	departments := "departments:\n  - {id: d, name: {en: D, de: D}, controller: x, complaints_to: d@c.example}\n"
	for document, want := range map[string]string{
		"controllers:\n" + controllers.String() + departments: "the catalog defines c00, c01, c02, c03, c04, c05, c06, c07 and 4 more",
		departments: "the catalog defines no controller",
	} {
		if problems := (&Invalid{Problems: refused(t, document)}).Error(); !strings.Contains(problems, `no controller has the id "x"; `+want) {
			t.Errorf("want %q, got\n%s", want, problems)
		}
	}
}

func TestIsID_WhatPartsOfACatalogMayBeCalled(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "2026": true, "acme-news_1.b": true, strings.Repeat("a", 64): true,
		"": false, "A": false, "-a": false, ".a": false, "_a": false, "a b": false, "ä": false, "a@b": false, "a:b": false, "a/b": false,
		strings.Repeat("a", 65): false,
	} {
		if got := IsID(s); got != want {
			t.Errorf("IsID(%q) = %t, want %t", s, got, want)
		}
	}
}

func TestParseDeclarationRef_IdAtVersion(t *testing.T) {
	id, version, err := ParseDeclarationRef("newsletter-signup@2026-01_B")
	if id != "newsletter-signup" || version != "2026-01_B" || err != nil {
		t.Errorf("got %q, %q, %v", id, version, err)
	}
	for _, s := range []string{"", "@", "a", "a@", "@1", "a@1@2", "A@1", "a b@1", "a@1 ", "anna@example.com", "a@" + strings.Repeat("1", 65)} {
		if id, version, err := ParseDeclarationRef(s); err == nil || id != "" || version != "" {
			t.Errorf("ParseDeclarationRef(%q) = %q, %q, %v", s, id, version, err)
		}
	}
}
