package wallclock

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseClock reads a time of day of hours and minutes, from 00:00 to 24:00.
func ParseClock(s string) (Clock, error) {
	malformed := errors.New("a time of day is written as 20:00, with two digits each for hours and minutes")
	if len(s) != len("20:00") || s[2] != ':' || strings.Trim(s[:2]+s[3:], "0123456789") != "" {
		return 0, malformed
	}
	hours, err := strconv.Atoi(s[:2])
	if err != nil {
		return 0, malformed
	}
	minutes, err := strconv.Atoi(s[3:])
	if err != nil {
		return 0, malformed
	}
	if c := Clock(hours*60 + minutes); minutes < 60 && c <= EndOfDay {
		return c, nil
	}
	return 0, errors.New("a time of day lies between 00:00 and 24:00, with minutes up to 59")
}

// String returns the time as ParseClock reads it.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// DayNames returns how days are called, from Monday on.
func DayNames() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

// ParseDay returns the set of the one day with a name of DayNames, and whether there is one.
func ParseDay(name string) (Days, bool) {
	i := slices.Index(DayNames(), name)
	if i < 0 {
		return 0, false
	}
	return 1 << weekday(i), true
}

// Names returns the names of the days in the set, from Monday on.
func (d Days) Names() []string {
	var names []string
	for i, name := range DayNames() {
		if d.Has(weekday(i)) {
			names = append(names, name)
		}
	}
	return names
}

// weekday returns the day of a name by its index.
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }
