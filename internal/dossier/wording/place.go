package wording

import (
	"strings"
	"time"
	_ "time/tzdata" // For the zone where the machine lacks it.

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

// zoneName is the time zone that people read times in: that of the controllers, of which the catalog names none yet.
const zoneName = "Europe/Vienna"

// Zone returns the zone of zoneName; UTC where the data of time zones lack it.
func Zone() *time.Location {
	loaded, err := time.LoadLocation(zoneName)
	if err != nil {
		return time.UTC
	}
	return loaded
}

// GermanZone writes the names of the zone as they are in German.
func GermanZone(text string) string {
	return strings.NewReplacer("CEST", "MESZ", "CET", "MEZ").Replace(text)
}

// At writes a time in the layouts of the locale key, in the zone of Zone; nothing for no time.
func At(t consent.Instant, key string) locale.Text {
	if t == 0 {
		return locale.Text{}
	}
	at, layout := t.Time().In(Zone()), locale.Get(key)
	return locale.Text{EN: at.Format(layout.EN), DE: GermanZone(at.Format(layout.DE))}
}

// Day writes the day of a time as people write it.
func Day(t consent.Instant) locale.Text { return At(t, "time.day") }

// Country returns the name of a country that ISO 3166-1 gives the code; what is no such code as it is.
func Country(code string) locale.Text {
	region, err := language.ParseRegion(code)
	if err != nil {
		return locale.Same(code)
	}
	return locale.Text{EN: display.English.Regions().Name(region), DE: display.German.Regions().Name(region)}
}

// EconomicArea are the members of the European Economic Area, as ISO 3166-1 names them.
func EconomicArea() []string {
	return []string{
		"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT",
		"NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
	}
}
