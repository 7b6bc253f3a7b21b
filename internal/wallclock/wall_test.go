package wallclock

import (
	"testing"
	"time"
)

func TestStartOfDayAndEndOfDate_AreByTheWallClock(t *testing.T) {
	for _, c := range []struct{ zone, day, start, end string }{
		{"Europe/Vienna", "2026-12-24", "2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z"},
		{"Europe/Vienna", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, // 25 hours
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},  // It begins at 01:00.
		{"Australia/Lord_Howe", "2028-02-29", "2028-02-28T13:00:00Z", "2028-02-29T13:00:00Z"},
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := StartOfDay(zone, day).Format(time.RFC3339); got != c.start {
			t.Errorf("%s in %s begins at %s, want %s", c.day, c.zone, got, c.start)
		}
		if got := EndOfDate(zone, day).Format(time.RFC3339); got != c.end {
			t.Errorf("%s in %s ends at %s, want %s", c.day, c.zone, got, c.end)
		}
	}
}
