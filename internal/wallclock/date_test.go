package wallclock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-12-24", "2027-02-29", "2028-02-29", "0000-01-01", "2026-1-1", "26-12-24", "2026-12-24T00:00:00Z", " 2026-12-24"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err == nil && (d.String() != s || DateOf(d.At(0)) != d) {
			t.Fatalf("%q is %s", s, d)
		}
	})
}

func TestParseDate_WhatIsNoDay_IsRefused(t *testing.T) {
	for _, text := range []string{"", "2026-02-29", "2026-13-01", "2026-12-32", "2026-12-24 ", "24.12.2026", "2026-1-01"} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("%q is %s", text, d)
		}
	}
	if d, err := ParseDate("2028-02-29"); err != nil || d != (Date{2028, time.February, 29}) || d.Weekday() != time.Tuesday || d.IsZero() || !(Date{}).IsZero() {
		t.Errorf("%s, %v", d, err)
	}
}

func TestDate_PlusMonths_TakesTheLastDayWhereTheMonthLacksTheDate(t *testing.T) {
	for _, c := range []struct {
		from   Date
		months int
		want   string
	}{
		{Date{2026, 12, 31}, 2, "2027-02-28"},
		{Date{2027, 12, 31}, 2, "2028-02-29"},
		{Date{2028, 2, 29}, 12, "2029-02-28"},
		{Date{2026, 10, 31}, 1, "2026-11-30"},
		{Date{2026, 10, 30}, 1, "2026-11-30"},
		{Date{2026, 3, 31}, -1, "2026-02-28"},
		{Date{2026, 12, 15}, 1, "2027-01-15"},
	} {
		if got := c.from.PlusMonths(c.months).String(); got != c.want {
			t.Errorf("%d months after %s is %s, want %s", c.months, c.from, got, c.want)
		}
	}
}

func TestDate_PlusAndSince_AreContrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date{rapid.IntRange(1900, 2200).Draw(t, "year"), 1, 1}.Plus(rapid.IntRange(0, 365).Draw(t, "day"))
		n := rapid.IntRange(-100_000, 100_000).Draw(t, "days")
		if later := d.Plus(n); later.Since(d) != n || d.Before(later) != (n > 0) || later.Plus(-n) != d {
			t.Fatalf("%d days after %s is %s", n, d, later)
		}
	})
}
