// Package wallclock reckons with what the clock on a wall of some place shows: times of day, days of the week, dates, and at which moments they
// are reached. It never steps by 24 hours, because a day on which summer time begins or ends is shorter or longer.
package wallclock

import (
	"fmt"
	"time"
	_ "time/tzdata" // For a zone that the machine lacks.
)

// Clock is a time of day on a wall clock in minutes since midnight, up to [EndOfDay].
type Clock int

// EndOfDay is 24:00, the beginning of the next day.
const EndOfDay Clock = 24 * 60

// Days is a set of days of the week.
type Days uint8

// EveryDay is the set of all days of the week.
const EveryDay Days = 1<<7 - 1

// Has reports whether the day is in the set.
func (d Days) Has(day time.Weekday) bool { return d&(1<<day) != 0 }

// Zone returns the zone with a name of the IANA time zone database, such as Europe/Vienna, or UTC. That of the machine is none.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a name of the time zone database, such as Europe/Vienna", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a name of the time zone database, such as Europe/Vienna", name)
	}
	return zone, nil
}
