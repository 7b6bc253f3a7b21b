package dossier

import (
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

// RetentionOf returns how long what is held is kept. The periods are those of the catalog's policy by what they are of, in ISO 8601;
// what is missing has no end.
func RetentionOf(periods map[string]string) []Retention {
	var list []Retention
	for _, of := range []string{"evidence", "requests", "disclosures", "hard_bounces"} {
		what, key, values := locale.Get("retention."+of), "retention.noEnd", locale.Values{}
		if iso := periods[of]; iso != "" {
			key, values["period"] = "retention.period", PeriodWords(iso)
		}
		values["what"] = what
		list = append(list, Retention{Of: of, Period: periods[of], Text: locale.Fill(key, values)})
	}
	if iso := periods["claims"]; iso != "" {
		list = append(list, Retention{
			Of: "claims", Period: iso, Text: locale.Fill("retention.claims", locale.Values{"period": PeriodWords(iso)}),
		})
	}
	return append(list,
		Retention{Of: "suppressions", Text: locale.Get("retention.suppressions")},
		Retention{Of: "ledger", Text: locale.Get("retention.ledger")},
	)
}

// PeriodWords writes a period of ISO 8601 in words; one that it cannot read as it is.
func PeriodWords(iso string) locale.Text {
	if whole, ok := strings.CutSuffix(iso, period.YearEnd); ok {
		return locale.Fill("period.toYearEnd", locale.Values{"period": PeriodWords(whole)})
	}
	rest, ok := strings.CutPrefix(iso, "P")
	if !ok {
		return locale.Same(iso)
	}
	date, clock, _ := strings.Cut(rest, "T")
	var list []locale.Text
	for _, part := range []struct {
		text, letters string
		units         []string
	}{
		{date, "YMWD", []string{"period.year", "period.month", "period.week", "period.day"}},
		{clock, "HMS", []string{"period.hour", "period.minute", "period.second"}},
	} {
		for part.text != "" {
			var n int
			var letter rune
			if _, err := fmt.Sscanf(part.text, "%d%c", &n, &letter); err != nil {
				return locale.Same(iso)
			}
			at := strings.IndexRune(part.letters, letter)
			if at < 0 {
				return locale.Same(iso)
			}
			list = append(list, locale.Count(part.units[at], n, nil))
			part.text = part.text[strings.IndexRune(part.text, letter)+1:]
		}
	}
	return locale.Join(list)
}
