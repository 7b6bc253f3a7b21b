package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestParse_CapsThatAreWrong_AreRefusedWithLineAndRemedy(t *testing.T) {
	for name, c := range map[string]struct{ lines, path, message string }{
		"no id":            {"pressure: {max: 1, per: P7D}\n", "pressure", "the key id is missing"},
		"no maximum":       {"pressure: {id: a, per: P7D}\n", "pressure", "the key max is missing"},
		"no period":        {"pressure: {id: a, max: 1}\n", "pressure", "the key per is missing"},
		"none":             {"pressure: {id: a, max: 0, per: P7D}\n", "pressure.max", "a whole number from 1 to 1000"},
		"fewer than none":  {"pressure: {id: a, max: -1, per: P7D}\n", "pressure.max", "a whole number from 1 to 1000"},
		"half a message":   {"pressure: {id: a, max: 1.5, per: P7D}\n", "pressure.max", "a whole number from 1 to 1000"},
		"no time":          {"pressure: {id: a, max: 1, per: P0D}\n", "pressure.per", "a period of zero length"},
		"negative period":  {"pressure: {id: a, max: 1, per: -P7D}\n", "pressure.per", "is not a period"},
		"a number of days": {"pressure: {id: a, max: 1, per: 7}\n", "pressure.per", "is not a period"},
		"end of a year":    {"pressure: {id: a, max: 1, per: P1Y/EOY}\n", "pressure.per", "the window of a cap rolls"},
		"unknown channel":  {"pressure: {id: a, max: 1, per: P7D, channels: [newsletters]}\n", "pressure[0].channels", `no channel has the id "newsletters"`},
		"not marketing":    {"pressure: {id: a, max: 1, per: P7D, channels: [order-updates]}\n", "pressure[0].channels", "is not marketing"},
		"another class":    {"pressure: {id: a, max: 1, per: P7D, classes: [transactional]}\n", "pressure.classes", "neither count nor wait"},
		"both":             {"pressure: {id: a, max: 1, per: P7D, classes: [marketing], channels: [newsletter]}\n", "pressure.classes", "leave one of them out"},
		"twice":            {"pressure: [{id: a, max: 1, per: P7D}, {id: a, max: 2, per: P30D}]\n", "pressure[1].id", "is defined twice"},
		"misspelt key":     {"pressure: {id: a, max: 1, period: P7D}\n", "pressure", `unknown key "period"`},
	} {
		problems := refused(t, limited(t, c.lines))
		if !slices.ContainsFunc(problems, func(p Problem) bool {
			return strings.HasPrefix(strings.ReplaceAll(p.Path, "[0]", ""), strings.ReplaceAll(c.path, "[0]", "")) && strings.Contains(p.Message, c.message)
		}) {
			t.Errorf("%s: want %s: %s, got\n%s", name, c.path, c.message, &Invalid{Problems: problems})
		}
	}
}

func TestParse_CapsThatCanNeverBeMet_AreWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		want  []string // paths
	}{
		"implied":             {"pressure: [{id: a, max: 1, per: P7D}, {id: b, max: 2, per: P1D}]\n", []string{"pressure[1]"}},
		"implied by a later":  {"pressure: [{id: b, max: 2, per: P1D}, {id: a, max: 1, per: P7D}]\n", []string{"pressure[0]"}},
		"the same twice":      {"pressure: [{id: a, max: 1, per: P7D}, {id: b, max: 1, per: P7D}]\n", []string{"pressure[1]"}},
		"of one channel":      {"pressure: [{id: a, max: 1, per: P7D}, {id: b, max: 1, per: P1D, channels: [newsletter]}]\n", []string{"pressure[1]"}},
		"of other channels":   {"pressure: [{id: a, max: 1, per: P7D, channels: [product-marketing]}, {id: b, max: 1, per: P1D, channels: [newsletter]}]\n", nil},
		"more in more time":   {"pressure: [{id: a, max: 1, per: P7D}, {id: b, max: 3, per: P30D}]\n", nil},
		"a month or 30 days":  {"pressure: [{id: a, max: 1, per: P1M}, {id: b, max: 1, per: P30D}]\n", nil},
		"by an observed one":  {"pressure: [{id: a, max: 1, per: P7D, observe: true}, {id: b, max: 2, per: P1D}]\n", nil},
		"an observed one":     {"pressure: [{id: a, max: 1, per: P7D}, {id: b, max: 2, per: P1D, observe: true}]\n", []string{"pressure[1]"}},
		"one of all channels": {"pressure: [{id: a, max: 1, per: P7D, channels: [newsletter]}, {id: b, max: 2, per: P1D}]\n", nil},
	} {
		warnings, err := newWarnings(t, "acme.yaml", limited(t, c.lines))
		var got []string
		for _, w := range warnings {
			got = append(got, w.Path)
			if !strings.Contains(w.Message, "the cap has no effect") {
				t.Errorf("%s: %v", name, w)
			}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, warnings of %v, want %v", name, err, got, c.want)
		}
	}
}

// TestParse_Contacts_AreKeptForAsLongAsTheyCount holds that no cap counts what retention has deleted, in the longest months either.
func TestParse_Contacts_AreKeptForAsLongAsTheyCount(t *testing.T) {
	const policy = "policy: {retention: {evidence: P3Y, requests: P30D, disclosures: P3Y, hard_bounces: P24M"
	document := func(kept, caps string) string {
		text := example(t, "acme.yaml")
		from := strings.Index(text, "policy:")
		if from < 0 {
			t.Fatal("the example has no policy")
		}
		return text[:from] + policy + kept + "}}\n" + caps
	}
	for caps, want := range map[string]string{
		"":                                          "P30D",
		"pressure: {id: a, max: 1, per: P7D}\n":     "P30D",
		"pressure: {id: a, max: 1, per: P1M}\n":     "P31D",
		"pressure: {id: a, max: 1, per: P1Y}\n":     "P366D",
		"pressure: {id: a, max: 1, per: P40DT1H}\n": "P41D",
	} {
		if got := mustParse(t, document("", caps)).Policy.Retention.Contacts; got != mustPeriod(t, want) {
			t.Errorf("%q: contacts are kept for %s, want %s", caps, got, want)
		}
	}
	if got := mustParse(t, document(", contacts: P2M", "pressure: {id: a, max: 1, per: P59D}\n")).Policy.Retention.Contacts; got != mustPeriod(t, "P2M") {
		t.Errorf("contacts are kept for %s", got)
	}
	for kept, caps := range map[string]string{
		", contacts: P29D": "", ", contacts: P1M": "", ", contacts: P30D": "pressure: {id: a, max: 1, per: P1M}\n", ", contacts: P0D": "",
	} {
		problems := refused(t, document(kept, caps))
		if len(problems) != 1 || problems[0].Path != "policy.retention.contacts" {
			t.Errorf("%s, %q: %v", kept, caps, problems)
		}
	}
}
