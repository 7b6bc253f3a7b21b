package worktime

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/wallclock"
)

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := wallclock.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// austria has the holidays of Austria that do not move.
func austria(day wallclock.Date) bool {
	switch day.String()[len("2026-"):] {
	case "01-01", "01-06", "05-01", "08-15", "10-26", "11-01", "12-08", "12-25", "12-26":
		return true
	}
	return false
}

// none has no holidays.
func none(wallclock.Date) bool { return false }

// TestLaw_Months_EndsWithTheSameDateOrTheLastDayAndOnAWorkingDay has the vectors of Regulation 1182/71.
func TestLaw_Months_EndsWithTheSameDateOrTheLastDayAndOnAWorkingDay(t *testing.T) {
	zone := mustZone(t, "Europe/Vienna")
	for _, c := range []struct {
		why, received string
		months        int
		holidays      func(wallclock.Date) bool
		end           string // the first moment after it
	}{
		{"February has no 31st, and 28 February 2027 is a Sunday", "2027-01-31T10:00:00+01:00", 1, austria, "2027-03-02T00:00:00+01:00"},
		{"the last day of February is a leap day", "2028-01-31T10:00:00+01:00", 1, austria, "2028-03-01T00:00:00+01:00"},
		{"nor has it a 30th", "2028-01-30T23:59:59+01:00", 1, austria, "2028-03-01T00:00:00+01:00"},
		{"received on a leap day", "2028-02-29T08:00:00+01:00", 1, austria, "2028-03-30T00:00:00+02:00"},
		{"April has no 31st", "2027-03-31T08:00:00+02:00", 1, austria, "2027-05-01T00:00:00+02:00"},
		{"26 October is the national holiday", "2026-09-26T12:00:00+02:00", 1, austria, "2026-10-28T00:00:00+01:00"},
		{"and is none in Germany", "2026-09-26T12:00:00+02:00", 1, none, "2026-10-27T00:00:00+01:00"},
		{"24 December is no holiday", "2026-11-24T12:00:00+01:00", 1, austria, "2026-12-25T00:00:00+01:00"},
		{"two holidays and a Sunday", "2026-11-25T12:00:00+01:00", 1, austria, "2026-12-29T00:00:00+01:00"},
		{"received in the last second of a day", "2026-11-24T23:59:59+01:00", 1, austria, "2026-12-25T00:00:00+01:00"},
		{"received in the first second of the next", "2026-11-25T00:00:00+01:00", 1, austria, "2026-12-29T00:00:00+01:00"},
		{"by the date of the zone, not of UTC", "2026-11-24T23:30:00Z", 1, austria, "2026-12-29T00:00:00+01:00"},
		{"summer time ends within it", "2026-09-28T12:00:00+02:00", 1, austria, "2026-10-29T00:00:00+01:00"},
		{"it would end on the Sunday on which summer time ends", "2026-09-25T12:00:00+02:00", 1, none, "2026-10-27T00:00:00+01:00"},
		{"three months, and February has no 30th", "2026-11-30T12:00:00+01:00", 3, austria, "2027-03-02T00:00:00+01:00"},
		{"three months from a 31st", "2026-08-31T12:00:00+02:00", 3, austria, "2026-12-01T00:00:00+01:00"},
		{"over the end of the year", "2026-12-06T12:00:00+01:00", 1, austria, "2027-01-08T00:00:00+01:00"},
	} {
		law := Law{Zone: zone, Holiday: c.holidays}
		if got := law.Months(moment(t, c.received), c.months); !got.Equal(moment(t, c.end)) {
			t.Errorf("%s: received %s, it ends before %s, want %s", c.why, c.received, got.In(zone).Format(time.RFC3339), c.end)
		}
	}
}

func TestLaw_Days_OfTwoOrMore_HaveTwoWorkingDays(t *testing.T) {
	zone := mustZone(t, "Europe/Vienna")
	for _, c := range []struct {
		why, received string
		days          int
		end           string
	}{
		{"a day from Thursday on", "2026-11-26T12:00:00+01:00", 1, "2026-11-28T00:00:00+01:00"},
		{"a day from Friday on ends on Monday", "2026-11-27T12:00:00+01:00", 1, "2026-12-01T00:00:00+01:00"},
		{"two days from Friday on end on Sunday, and have Monday and Tuesday", "2026-11-27T12:00:00+01:00", 2, "2026-12-02T00:00:00+01:00"},
		{"three days from Friday on end on Monday, and have Tuesday", "2026-11-27T12:00:00+01:00", 3, "2026-12-02T00:00:00+01:00"},
		{"four days from Friday on", "2026-11-27T12:00:00+01:00", 4, "2026-12-02T00:00:00+01:00"},
		{"two days before Christmas", "2026-12-24T12:00:00+01:00", 2, "2026-12-30T00:00:00+01:00"},
		{"a week over Christmas", "2026-12-23T12:00:00+01:00", 7, "2026-12-31T00:00:00+01:00"},
	} {
		law := Law{Zone: zone, Holiday: austria}
		if got := law.Days(moment(t, c.received), c.days); !got.Equal(moment(t, c.end)) {
			t.Errorf("%s: received %s, it ends before %s, want %s", c.why, c.received, got.In(zone).Format(time.RFC3339), c.end)
		}
	}
}

// TestLaw_Months_EndsAtTheEndOfAWorkingDayNotBeforeTheDateOfTheMonth holds what the law promises of every day.
func TestLaw_Months_EndsAtTheEndOfAWorkingDayNotBeforeTheDateOfTheMonth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := wallclock.Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		law, months := Law{Zone: zone, Holiday: austria}, rapid.IntRange(1, 3).Draw(t, "months")
		received := time.Unix(rapid.Int64Range(1_700_000_000, 2_100_000_000).Draw(t, "received"), 0)
		end := law.Months(received, months)
		last, first := wallclock.DateOf(end.Add(-time.Second).In(zone)), wallclock.DateOf(received.In(zone))
		if !law.WorkingDay(last) || wallclock.DateOf(end.In(zone)) == last {
			t.Fatalf("received %s, the last day is %s, and it ends at %s", first, last, end.In(zone))
		}
		same := time.Date(first.Year, first.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
		lastOfMonth := same.AddDate(0, 1, -1).Day()
		nominal := wallclock.DateOf(same.AddDate(0, 0, min(first.Day, lastOfMonth)-1))
		for day := nominal; day.Before(last); day = day.Plus(1) {
			if law.WorkingDay(day) {
				t.Fatalf("received %s, it ends with %s although %s is a working day", first, last, day)
			}
		}
		if last.Before(nominal) {
			t.Fatalf("received %s, it ends with %s, before %s", first, last, nominal)
		}
	})
}
