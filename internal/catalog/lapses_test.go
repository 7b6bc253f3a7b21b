package catalog

import (
	"strings"
	"testing"
)

// lapsing returns the example with lines in the place of the lapse of the first of its channels that has one.
func lapsing(t *testing.T, lines, retention string) string {
	t.Helper()
	text := replaced(t, example(t, "acme.yaml"), "    consent_lapses_after: P24M\n", lines)
	if strings.Contains(text, "contacts:") {
		t.Fatal("the example says how long contacts are kept")
	}
	if retention == "" {
		return text
	}
	return replaced(t, text, "policy:\n", "policy:\n  retention:\n"+retention)
}

func TestParse_ConsentLapsesFrom_SaysFromWhenOnThePeriodCounts(t *testing.T) {
	const after = "    consent_lapses_after: P24M\n"
	for name, c := range map[string]struct {
		lines, retention string
		want             LapsesFrom
		kept             string
	}{
		"unset":                {after, "", FromBeginning, "P30D"},
		"neither":              {"", "", "", "P30D"},
		"beginning":            {after + "    consent_lapses_from: beginning\n", "    contacts: P30D\n", FromBeginning, "P30D"},
		"kept by default":      {after + "    consent_lapses_from: last_contact\n", "", FromLastContact, "P731D"},
		"kept for as long":     {after + "    consent_lapses_from: last_contact\n", "    contacts: P24M\n", FromLastContact, "P24M"},
		"kept for longer":      {after + "    consent_lapses_from: last_contact\n", "    contacts: P731D\n", FromLastContact, "P731D"},
		"kept to a year's end": {after + "    consent_lapses_from: last_contact\n", "    contacts: P3Y/EOY\n", FromLastContact, "P3Y/EOY"},
	} {
		parsed := mustParse(t, lapsing(t, c.lines, c.retention))
		if got := parsed.Channels[0].ConsentLapsesFrom; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := parsed.Policy.Retention.Contacts; got != mustPeriod(t, c.kept) {
			t.Errorf("%s: contacts are kept for %s, want %s", name, got, c.kept)
		}
	}
}

func TestParse_ConsentLapsesFromLastContact_IsRefusedWhereContactsAreForgottenBefore(t *testing.T) {
	const last = "    consent_lapses_from: last_contact\n"
	for name, c := range map[string]struct{ lines, retention, message string }{
		"a shorter period":        {"    consent_lapses_after: P24M\n" + last, "    contacts: P23M\n", `contacts are kept for P23M only; set policy.retention.contacts to "P24M" at least`},
		"shorter in a leap year":  {"    consent_lapses_after: P24M\n" + last, "    contacts: P730D\n", "contacts are kept for P730D only"},
		"shorter in a long month": {"    consent_lapses_after: P31D\n" + last, "    contacts: P30D\n", "contacts are kept for P30D only"},
		"without a period":        {last, "", "nothing says after which period without a contact a consent lapses; add consent_lapses_after"},
		"misspelt":                {"    consent_lapses_after: P24M\n    consent_lapses_from: lastcontact\n", "", `"lastcontact" is not allowed; use beginning or last_contact; did you mean last_contact?`},
		"far from either":         {"    consent_lapses_after: P24M\n    consent_lapses_from: confirmation\n", "", `"confirmation" is not allowed; use beginning or last_contact`},
	} {
		problems := refused(t, lapsing(t, c.lines, c.retention))
		if len(problems) != 1 || problems[0].Path != "channels[0].consent_lapses_from" || !strings.Contains(problems[0].Message, c.message) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestParse_ConsentLapsesFromLastContact_WarnsOfContactsThatNothingSaysHowLongToKeep(t *testing.T) {
	const lines = "    consent_lapses_after: P24M\n    consent_lapses_from: last_contact\n"
	warned := func(document string) (paths []string) {
		t.Helper()
		_, warnings, err := Parse("acme.yaml", []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range warnings {
			if strings.Contains(w.Message, "contact") || strings.Contains(w.Message, "no consent lapses") {
				paths = append(paths, w.Path)
			}
		}
		return paths
	}
	for document, want := range map[string]string{
		lapsing(t, lines, ""):                                           "policy.retention",
		lapsing(t, lines, "    contacts: P10Y\n"):                       "",
		lapsing(t, "    consent_lapses_after: P24M\n", ""):              "",
		lapsing(t, "    consent_lapses_from: beginning\n", ""):          "channels[0].consent_lapses_from",
		lapsing(t, lines+"    retired: true\n", "    contacts: P10Y\n"): "",
	} {
		if got := strings.Join(warned(document), " "); got != want {
			t.Errorf("warnings of %q, want %q", got, want)
		}
	}
}
