package campaign

import (
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// What the catalog reads of quiet hours and freezes has its names from package wallclock.
type (
	Clock = wallclock.Clock
	Days  = wallclock.Days
)

// The bounds of both.
const (
	EndOfDay = wallclock.EndOfDay
	EveryDay = wallclock.EveryDay
)

// Zone, ParseClock, ParseDay and DayNames are those of package wallclock.
func Zone(name string) (*time.Location, error) { return wallclock.Zone(name) }

// ParseClock is that of package wallclock.
func ParseClock(s string) (Clock, error) { return wallclock.ParseClock(s) }

// ParseDay is that of package wallclock.
func ParseDay(name string) (Days, bool) { return wallclock.ParseDay(name) }

// DayNames is that of package wallclock.
func DayNames() []string { return wallclock.DayNames() }

// StartOfDay is that of package wallclock.
func StartOfDay(zone *time.Location, day time.Time) time.Time { return wallclock.StartOfDay(zone, day) }

// EndOfDate is that of package wallclock.
func EndOfDate(zone *time.Location, day time.Time) time.Time { return wallclock.EndOfDate(zone, day) }
