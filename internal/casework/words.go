package casework

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/wallclock"
)

// HoursInWords returns when the desk works, such as mon-fri 09:00-17:00 UTC.
func (d *Desk) HoursInWords() string {
	hours := d.Hours
	if hours.IsZero() {
		hours = worktime.Default("UTC")
	}
	parts := make([]string, len(hours.Week))
	for i, w := range hours.Week {
		parts[i] = daysInWords(w.Days.Names()) + " " + w.From.String() + "-" + w.Until.String()
	}
	return strings.Join(parts, ", ") + " " + hours.Zone
}

// daysInWords writes days that follow each other as their first and last.
func daysInWords(names []string) string {
	all := wallclock.DayNames()
	if len(names) < 3 {
		return strings.Join(names, ",")
	}
	first, last := slices.Index(all, names[0]), slices.Index(all, names[len(names)-1])
	if last-first == len(names)-1 {
		return names[0] + "-" + names[len(names)-1]
	}
	return strings.Join(names, ",")
}
