package wording

import (
	"testing"

	"github.com/assent-io/assent/internal/locale"
)

func TestPeriod_EveryUnit_IsSaidInWords(t *testing.T) {
	for iso, want := range map[string]locale.Text{
		"P3Y": {EN: "3 years", DE: "3 Jahre"}, "P1Y6M": {EN: "1 year and 6 months", DE: "1 Jahr und 6 Monate"}, "P30D": {EN: "30 days", DE: "30 Tage"},
		"PT5M": {EN: "5 minutes", DE: "5 Minuten"}, "P1DT12H": {EN: "1 day and 12 hours", DE: "1 Tag und 12 Stunden"}, "P2W": {EN: "2 weeks", DE: "2 Wochen"},
		"P36M/EOY": {EN: "3 years from the end of the year", DE: "3 Jahre ab dem Ende des Jahres"},
		"P36M":     {EN: "3 years", DE: "3 Jahre"}, "P18M": {EN: "18 months", DE: "18 Monate"},
		"some": locale.Same("some"),
	} {
		if got := Period(iso); got != want {
			t.Errorf("%s: %+v, want %+v", iso, got, want)
		}
	}
}
