package wallclock

import (
	"math"
	"time"
)

// margin is more than any zone differs from UTC, and than any clock is put forward or back.
const margin = 26 * time.Hour

// Reached returns the first moment at which the wall clock of the zone shows the time, or a later one; in microseconds since
// 1970-01-01T00:00:00Z. The time is given as Date.At returns it.
func Reached(zone *time.Location, wall time.Time) int64 {
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

// Passed returns the first moment from which on the wall clock of the zone never again shows an earlier time, likewise.
func Passed(zone *time.Location, wall time.Time) int64 {
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
	return time.UnixMicro(Reached(zone, DateOf(day).At(0))).UTC()
}

// EndOfDate returns the first moment after a date in a zone, likewise.
func EndOfDate(zone *time.Location, day time.Time) time.Time {
	return time.UnixMicro(Passed(zone, DateOf(day).Plus(1).At(0))).UTC()
}
