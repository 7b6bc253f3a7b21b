package dossier

import (
	"strings"

	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

// RetentionOf returns how long what is held is kept. The periods are those of the catalog's policy by what they are of, in ISO 8601;
// what is missing has no end.
func RetentionOf(periods map[string]string) []Retention {
	var list []Retention
	add := func(of, suffix string) {
		iso := periods[of]
		values, key := locale.Values{}, of+suffix
		if iso != "" {
			values["period"], values["yearEnd"] = wording.Period(strings.TrimSuffix(iso, period.YearEnd)), wording.YearEnd(iso)
		}
		list = append(list, Retention{Of: of, Period: iso, Text: locale.Fill("retention."+key, values)})
	}
	for _, of := range []string{"evidence", "requests", "disclosures", "hard_bounces"} {
		if periods[of] == "" {
			add(of, ".noEnd")
		} else {
			add(of, ".period")
		}
	}
	if periods["claims"] != "" {
		add("claims", "")
	}
	return append(list,
		Retention{Of: "suppressions", Text: locale.Get("retention.suppressions")},
		Retention{Of: "ledger", Text: locale.Get("retention.ledger")},
	)
}
