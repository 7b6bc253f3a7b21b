package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// limited returns the example with the lines at its end.
func limited(t testing.TB, lines string) string {
	t.Helper()
	return example(t, "acme.yaml") + lines
}

func TestParse_OneMapping_IsAListOfOne(t *testing.T) {
	const one, freeze = "{zone: Europe/Vienna, from: 20:00, until: 08:00}", "{zone: Europe/Vienna, from: 2026-12-24, until: 2026-12-26, reason: x}"
	mapping := mustParse(t, limited(t, "quiet_hours: "+one+"\nfreezes: "+freeze+"\n"))
	list := mustParse(t, limited(t, "quiet_hours: ["+one+"]\nfreezes: ["+freeze+"]\n"))
	if diff := cmp.Diff([]any{list.QuietHours, list.Freezes}, []any{mapping.QuietHours, mapping.Freezes}); diff != "" || len(list.QuietHours) != 1 {
		t.Errorf("-list +mapping:\n%s", diff)
	}
}

func TestParse_LimitsThatAreWrong_AreRefusedWithLineAndRemedy(t *testing.T) {
	const evening = "quiet_hours:\n  - {zone: Europe/Vienna, from: 20:00, until: 08:00"
	const christmas = "freezes:\n  - {zone: Europe/Vienna, reason: x, from: 2026-12-24"
	for name, c := range map[string]struct{ lines, path, message string }{
		"neither list nor one":   {"quiet_hours: 20:00\n", "quiet_hours", "this must be a list"},
		"one mapping":            {"quiet_hours: {zone: UTC, from: 20:00, until: 20:00}\n", "quiet_hours.until", "write two different ones"},
		"unknown key":            {evening + ", day: [mon]}\n", "quiet_hours[0]", `unknown key "day"; did you mean days?`},
		"missing zone":           {"quiet_hours:\n  - {from: 20:00, until: 08:00}\n", "quiet_hours[0]", "the key zone is missing"},
		"unknown zone":           {"quiet_hours:\n  - {zone: Europe/Wien, from: 20:00, until: 08:00}\n", "quiet_hours[0].zone", `"Europe/Wien" is not a time zone; write the name`},
		"zone of the machine":    {"quiet_hours:\n  - {zone: Local, from: 20:00, until: 08:00}\n", "quiet_hours[0].zone", "is not a time zone"},
		"the same time twice":    {"quiet_hours:\n  - {zone: UTC, from: 08:00, until: 08:00}\n", "quiet_hours[0].until", "write two different ones, and for whole days 00:00 and 24:00"},
		"no time":                {"quiet_hours:\n  - {zone: UTC, from: 8pm, until: 08:00}\n", "quiet_hours[0].from", `"8pm" is not a time of day: a time of day is written as 20:00`},
		"negative time":          {"quiet_hours:\n  - {zone: UTC, from: -1:00, until: 08:00}\n", "quiet_hours[0].from", "is not a time of day"},
		"time after the day":     {"quiet_hours:\n  - {zone: UTC, from: 20:00, until: 24:30}\n", "quiet_hours[0].until", "between 00:00 and 24:00"},
		"from the end of a day":  {"quiet_hours:\n  - {zone: UTC, from: 24:00, until: 08:00}\n", "quiet_hours[0].from", "write 00:00, and the next day"},
		"unknown day":            {evening + ", days: [mon, Sunday]}\n", "quiet_hours[0].days[1]", `"Sunday" is not a day of the week; use mon, tue`},
		"day twice":              {evening + ", days: [mon, mon]}\n", "quiet_hours[0].days", `"mon" is in the list twice`},
		"no day":                 {evening + ", days: []}\n", "quiet_hours[0].days", "the list is empty"},
		"unknown channel":        {evening + ", channels: [newsletters]}\n", "quiet_hours[0].channels", `no channel has the id "newsletters"; the catalog defines legal-notices`},
		"not marketing":          {evening + ", channels: [order-updates]}\n", "quiet_hours[0].channels", "is not marketing, and its messages do not wait"},
		"no time left":           {"quiet_hours:\n  - {zone: Europe/Vienna, from: 00:00, until: 24:00}\n", "quiet_hours", `leave no time in any week to send on "newsletter", "product-marketing"`},
		"no time left together":  {evening + "}\n  - {zone: Europe/Vienna, from: 07:00, until: 21:00, channels: [newsletter]}\n", "quiet_hours", `leave no time in any week to send on "newsletter"; shorten`},
		"freeze without reason":  {"freezes:\n  - {from: 2026-12-24T00:00:00Z}\n", "freezes[0]", "the key reason is missing"},
		"freeze after all time":  {"freezes:\n  - {zone: UTC, reason: x, from: 2026-12-24, until: 9999-12-31}\n", "freezes[0].until", "not within the years 1 to 9999"},
		"freeze without begin":   {"freezes:\n  - {reason: x, until: 2026-12-24T00:00:00Z}\n", "freezes[0]", "the key from is missing"},
		"date without zone":      {"freezes:\n  - {reason: x, from: 2026-12-24}\n", "freezes[0].from", "is a date, and the key zone is missing; add it"},
		"no date":                {christmas + ", until: 2026-12-32}\n", "freezes[0].until", `"2026-12-32" is neither a date nor a time; write 2026-12-24`},
		"backwards":              {christmas + ", until: 2026-12-23}\n", "freezes[0].until", "the freeze ends before it begins"},
		"of no length":           {"freezes:\n  - {reason: x, from: 2026-12-24T00:00:00Z, until: 2026-12-24T01:00:00+01:00}\n", "freezes[0].until", "ends before it begins"},
		"unknown except":         {christmas + ", except: [newsletter]}\n", "freezes[0].except", "this must be a mapping with the keys channels, departments"},
		"unknown channel but":    {christmas + ", except: {channels: [marketing]}}\n", "freezes[0].except.channels", `no channel has the id "marketing"`},
		"unknown department but": {christmas + ", except: {departments: [newsletter]}}\n", "freezes[0].except.departments", `no department has the id "newsletter"`},
		"observe is no truth":    {evening + ", observe: maybe}\n", "quiet_hours[0].observe", "this must be true or false"},
	} {
		document := limited(t, c.lines)
		line := 1 + strings.Count(example(t, "acme.yaml"), "\n")
		problems := refused(t, document)
		if !slices.ContainsFunc(problems, func(p Problem) bool {
			return p.Path == c.path && strings.Contains(p.Message, c.message) && (p.Line == line || p.Line == line+1)
		}) {
			t.Errorf("%s: want %s: %s, got\n%s", name, c.path, c.message, &Invalid{Problems: problems})
		}
	}
}

func TestParse_LimitsThatAreLikelyAMistake_AreWarnedOf(t *testing.T) {
	for name, c := range map[string]struct{ lines, path, message string }{
		"freeze without end":    {"freezes:\n  - {reason: x, zone: UTC, from: 2026-12-24}\n", "freezes[0]", "the freeze has no end"},
		"freeze of a long time": {"freezes:\n  - {reason: x, zone: UTC, from: 2026-12-24, until: 2027-12-26}\n", "freezes[0].until", "longer than a year"},
		"zone of no date":       {"freezes:\n  - {reason: x, zone: UTC, from: 2026-12-24T00:00:00Z, until: 2026-12-26T00:00:00Z}\n", "freezes[0].zone", "no effect"},
		"except no marketing":   {"freezes:\n  - {reason: x, zone: UTC, from: 2026-12-24, until: 2026-12-26, except: {channels: [order-updates]}}\n", "freezes[0].except.channels", "no effect"},
	} {
		warnings, err := newWarnings(t, "acme.yaml", limited(t, c.lines))
		if err != nil || len(warnings) != 1 || warnings[0].Path != c.path || !strings.Contains(warnings[0].Message, c.message) {
			t.Errorf("%s: %v, warnings %v", name, err, warnings)
		}
	}
}

func TestParse_LimitsThatAreRight_AreThoseOfTheirChannels(t *testing.T) {
	c := mustParse(t, limited(t, `quiet_hours:
  - {zone: Europe/Vienna, from: "20:00", until: 08:00}
  - {zone: Europe/Vienna, from: 00:00, until: 24:00, days: [sun], channels: [newsletter], observe: true}
freezes:
  - {zone: Europe/Vienna, from: 2026-12-24, until: 2026-12-24, reason: Christmas, except: {departments: [marketing]}}
`))
	if f := c.Freezes[0]; !f.From.Equal(time.Date(2026, 12, 23, 23, 0, 0, 0, time.UTC)) || f.Until.Sub(f.From) != 24*time.Hour {
		t.Errorf("the freeze of one day is from %s until %s", f.From, f.Until)
	}
	for channel, want := range map[string][2]int{"newsletter": {2, 1}, "product-marketing": {1, 0}, "order-updates": {0, 0}, "legal-notices": {0, 0}, "x": {0, 0}} {
		limits, calendar := c.Limits(channel), c.Calendar(channel)
		if got := [2]int{len(limits.QuietHours), len(limits.Freezes)}; got != want || (calendar == nil) != limits.IsZero() {
			t.Errorf("%s has %v quiet hours and freezes, want %v; calendar %t", channel, got, want, calendar != nil)
		}
	}
	night := time.Date(2026, 10, 1, 19, 0, 0, 0, time.UTC).UnixMicro()
	if m := c.Calendar("newsletter").At(night); !m.Quiet {
		t.Errorf("at 21:00 in Vienna: %+v", m)
	}
}

// A list whose parts have no names is compared as a whole: a freeze that is taken away is seen, though another one like it stays.
func TestCheckDepartment_Limits_ApplyToTheWholeCompany(t *testing.T) {
	two := limited(t, "freezes:\n  - {zone: UTC, from: 2026-12-24, until: 2026-12-26, reason: x}\n  - {zone: UTC, from: 2027-12-24, until: 2027-12-26, reason: x}\n")
	one := limited(t, "freezes:\n  - {zone: UTC, from: 2027-12-24, until: 2027-12-26, reason: x}\n")
	problems := departmentProblems(t, mustParse(t, two), mustParse(t, one), "marketing")
	if len(problems) != 1 || problems[0].Path != "freezes" || !strings.Contains(problems[0].Message, "it applies to the whole company") {
		t.Errorf("a freeze that is taken away: %v", problems)
	}
	quiet := limited(t, "quiet_hours:\n  - {zone: UTC, from: 20:00, until: 08:00}\n")
	if problems := departmentProblems(t, mustParse(t, example(t, "acme.yaml")), mustParse(t, quiet), "marketing"); len(problems) != 1 || problems[0].Path != "quiet_hours" {
		t.Errorf("new quiet hours: %v", problems)
	}
}
