// Package worktime reckons with working time: the hours of the week in which a desk answers, without lunch breaks, holidays and closures. It
// goes by dates and by what the wall clock shows, never by steps of 24 hours; see [Hours].
package worktime

import (
	"errors"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

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

// Default returns the hours that hold where nothing is said: Monday to Friday from 09:00 to 17:00.
func Default(zone string) Hours {
	return Hours{Zone: zone, Week: []Interval{{Days: wallclock.EveryDay &^ (1<<time.Saturday | 1<<time.Sunday), From: 9 * 60, Until: 17 * 60}}}
}

// Check returns what is wrong with the hours: a zone that is none, no interval, one without days or whose end is not later than its
// beginning, or two that overlap.
func (h *Hours) Check() error {
	if _, err := wallclock.Zone(h.Zone); err != nil {
		return err
	}
	if len(h.Week) == 0 {
		return errors.New("the hours have no interval; write at least one, such as Monday to Friday from 09:00 to 17:00")
	}
	for i, a := range h.Week {
		if a.Days == 0 {
			return errors.New("an interval of the hours has no days; name at least one")
		}
		if a.From < 0 || a.Until > wallclock.EndOfDay || a.From >= a.Until {
			return fmt.Errorf("the hours from %s to %s end before they begin; the end has to be later on the same day, and a night is written as "+
				"two intervals, the first until 24:00", a.From, a.Until)
		}
		for _, b := range h.Week[:i] {
			if both := a.Days & b.Days; both != 0 && a.From < b.Until && b.From < a.Until {
				return fmt.Errorf("the hours from %s to %s and from %s to %s overlap on %s; let the one begin when the other ends, or later",
					b.From, b.Until, a.From, a.Until, both.Names()[0])
			}
		}
	}
	return nil
}
