package worktime

import (
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// Law reckons periods as Regulation (EEC, Euratom) No 1182/71 has it, by which the periods of the GDPR go. All of its days are whole days in
// the zone, and its working days are all but Saturdays, Sundays and public holidays (Art. 2(2)), whatever hours and closures a desk has.
type Law struct {
	Zone *time.Location // of the place of the controller
	// Holiday reports whether a day is a public holiday there; nil: none is.
	Holiday func(wallclock.Date) bool
}

// Months returns the first moment after a period of some months that begins with what happens at t, such as the receipt of a request.
//
// The day of t does not count (Art. 3(1)). The period ends with the day of the last month that has the same date, and where there is none with
// the last day of that month (Art. 3(2)(c)). Where that day is a Saturday, a Sunday or a public holiday, it ends with the next working day
// (Art. 3(4)).
func (l Law) Months(t time.Time, months int) time.Time {
	received := wallclock.DateOf(t.In(l.Zone))
	return l.end(received, received.PlusMonths(months), 2)
}

// Days returns the first moment after a period of some days that begins with what happens at t, likewise (Art. 3(2)(b)). A period of two days
// or more has at least two working days (Art. 3(5)).
func (l Law) Days(t time.Time, days int) time.Time {
	received := wallclock.DateOf(t.In(l.Zone))
	return l.end(received, received.Plus(days), min(days, 2))
}

// end moves the last day of a period to where the law lets it end, with at least some working days in the period; for one of a single day that is
// the day on which it ends.
func (l Law) end(received, last wallclock.Date, working int) time.Time {
	for !l.WorkingDay(last) {
		last = last.Plus(1)
	}
	for day := received.Plus(1); working > 0 && !last.Before(day); day = day.Plus(1) {
		if l.WorkingDay(day) {
			working--
		}
	}
	for working > 0 {
		if last = last.Plus(1); l.WorkingDay(last) {
			working--
		}
	}
	return wallclock.EndOfDate(l.Zone, last.At(0))
}

// WorkingDay reports whether a day is neither a Saturday nor a Sunday nor a public holiday.
func (l Law) WorkingDay(day wallclock.Date) bool {
	weekday := day.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday && (l.Holiday == nil || !l.Holiday(day))
}
