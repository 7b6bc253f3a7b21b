package casework_test

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/wallclock"
)

func TestHoursInWords_DaysThatFollowEachOther_AreTheirFirstAndLast(t *testing.T) {
	days := func(list ...time.Weekday) (days wallclock.Days) {
		for _, d := range list {
			days |= 1 << d
		}
		return days
	}
	desk := casework.Desk{Hours: worktime.Hours{Zone: "Europe/Vienna", Week: []worktime.Interval{
		{Days: days(time.Monday, time.Tuesday, time.Wednesday), From: 8 * 60, Until: 12 * 60},
		{Days: days(time.Monday, time.Thursday, time.Friday), From: 13 * 60, Until: 17 * 60},
		{Days: days(time.Saturday), From: 9 * 60, Until: 10 * 60},
	}}}
	if got, want := desk.HoursInWords(), "mon-wed 08:00-12:00, mon,thu,fri 13:00-17:00, sat 09:00-10:00 Europe/Vienna"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := (&casework.Desk{}).HoursInWords(), "mon-fri 09:00-17:00 UTC"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
