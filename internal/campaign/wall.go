package campaign

import (
	"math"
	"time"
)

// margin is more than any zone differs from UTC, and than any clock is put forward or back.
const margin = 26 * time.Hour

// date is a day of the Gregorian calendar. Day may lie outside the month, and names then a day before or after it.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	year, month, day := t.Date()
	return date{year, month, day}
}

// at returns what the wall clock shows at a time of the day, as if it showed UTC.
func (d date) at(c Clock) time.Time {
	return time.Date(d.year, d.month, d.day, 0, int(c), 0, 0, time.UTC)
}

func (d date) weekday() time.Weekday { return d.at(0).Weekday() }

func (d date) plus(days int) date { return date{d.year, d.month, d.day + days} }

// reached returns the first moment at which the wall clock of the zone shows the time, or a later one.
func reached(zone *time.Location, wall time.Time) int64 {
	from := wall.Add(-margin).In(zone)
	for {
		_, end := from.ZoneBounds()
		at := later(from, wall.Add(-offset(from)))
		if end.IsZero() || at.Before(end) {
			return at.UnixMicro()
		}
		from = end
	}
}

// passed returns the first moment from which on the wall clock of the zone never again shows an earlier time.
func passed(zone *time.Location, wall time.Time) int64 {
	last := int64(math.MinInt64)
	for from, to := wall.Add(-margin).In(zone), wall.Add(margin); from.Before(to); {
		_, end := from.ZoneBounds()
		at := wall.Add(-offset(from)) // Before it the clock shows earlier times.
		if !end.IsZero() && end.Before(at) {
			at = end
		}
		if at.After(from) {
			last = max(last, at.UnixMicro())
		}
		if end.IsZero() {
			break
		}
		from = end
	}
	return last
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// StartOfDay returns the first moment of a date in a zone, in UTC; the time of day and the zone of the date do not count.
func StartOfDay(zone *time.Location, day time.Time) time.Time {
	return time.UnixMicro(reached(zone, dateOf(day).at(0))).UTC()
}

// EndOfDate returns the first moment after a date in a zone, likewise.
func EndOfDate(zone *time.Location, day time.Time) time.Time {
	return time.UnixMicro(passed(zone, dateOf(day).plus(1).at(0))).UTC()
}
