// Package worktime reckons with working time: the hours of the week in which a desk answers, without lunch breaks, holidays and closures. It
// goes by dates and by what the wall clock shows, never by steps of 24 hours; see [Hours].
package worktime

import "github.com/assent-io/assent/internal/wallclock"

// Hours are the working hours of a week in a zone.
//
// An interval of a day begins at the first moment at which the wall clock has reached From, and ends at the first moment at which it has
// reached Until. So an interval that the clock is put forward in is an hour shorter, one that it is put back in is an hour longer: as long as
// the clock really ran. An hour that the clock shows twice belongs to the interval in which it is shown first; an interval that the clock
// skips is empty on that day.
type Hours struct {
	Zone string // by its name in the IANA time zone database
	// Week has the intervals in any order. A day may have several, which leave a lunch break between them; they do not overlap.
	Week []Interval
}

// Interval is a part of some days of the week. It does not cross midnight.
type Interval struct {
	Days        wallclock.Days  // at least one
	From, Until wallclock.Clock // From is before Until
}

// IsZero reports whether nothing is said of hours.
func (h *Hours) IsZero() bool { return h.Zone == "" && len(h.Week) == 0 }
