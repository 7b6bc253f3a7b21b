package period

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse_AcceptedSpelling_HasACanonicalOne(t *testing.T) {
	for iso, want := range map[string]string{
		"P24M": "P24M", "P2Y": "P24M", "P1Y6M": "P18M", "P30D": "P30D", "P2W": "P14D", "P1W1D": "P8D",
		"PT5M": "PT5M", "PT300S": "PT5M", "PT1H30M": "PT1H30M", "PT90M": "PT1H30M", "P1DT12H": "P1DT12H",
		"P3Y/EOY": "P36M/EOY", "P12M/EOY": "P12M/EOY", "P100Y/EOY": "P1200M/EOY",
		"P1Y2M3W4DT5H6M7S": "P14M25DT5H6M7S", "P0D": "P0D", "PT0S": "P0D", "P100Y": "P1200M", "P036600D": "P36600D",
	} {
		p, err := Parse(iso)
		if err != nil || p.String() != want {
			t.Errorf("Parse(%q) = %s, %v, want %s", iso, p, err, want)
		}
		if p.IsZero() != (want == "P0D") {
			t.Errorf("Parse(%q).IsZero() = %t", iso, p.IsZero())
		}
	}
}

func TestParse_WhatIsNoPeriod_IsRefused(t *testing.T) {
	for _, iso := range []string{
		"", "P", "PT", "P1", "1D", "D", "PD", "P1DT", "PT1D", "P1H", "P1M1Y", "P1D1W", "P1D1D", "PT1S1M", "P1Y1Y",
		"-P1D", "P-1D", "P+1D", "P1.5D", "P1,5D", "PT0.5S", "p1d", "P1d", " P1D", "P1D ", "P1 D", "P1DT1HT1M", "P１D",
		"P101Y", "P1201M", "P99Y13M", "P36601D", "P5229W", "PT878401H", "P1000000000D", "P99999999999999999999Y",
		"/EOY", "P/EOY", "P0Y/EOY", "P0D/EOY", "P6M/EOY", "P13M/EOY", "P1Y1D/EOY", "P1YT1S/EOY", "P30D/EOY", "P1Y/eoy", "P1Y/EOY/EOY", "P1YEOY",
		"P1Y/EOM", "P1Y/EOYT1S", "P101Y/EOY",
	} {
		if p, err := Parse(iso); err == nil || p != (Period{}) {
			t.Errorf("Parse(%q) = %s, %v", iso, p, err)
		}
	}
}

func TestAddTo_CalendarArithmetic(t *testing.T) {
	for _, c := range []struct{ period, from, want string }{
		{"P24M", "2024-01-31T10:00:00Z", "2026-01-31T10:00:00Z"},
		{"P1M", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
		{"P1M", "2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"},
		{"P1M", "2026-03-31T23:59:59.999999Z", "2026-04-30T23:59:59.999999Z"},
		{"P1M", "2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z"},
		{"P12M", "2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z"},
		{"P4Y", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"P1200M", "2000-02-29T00:00:00Z", "2100-02-28T00:00:00Z"},
		{"P1M1D", "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"P30D", "2026-01-31T00:00:00Z", "2026-03-02T00:00:00Z"},
		{"P2W", "2026-12-25T00:00:00Z", "2027-01-08T00:00:00Z"},
		{"PT5M", "2026-12-31T23:58:00Z", "2027-01-01T00:03:00Z"},
		{"P1DT1H", "2026-03-28T23:30:00Z", "2026-03-30T00:30:00Z"},
		{"P0D", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"},
		{"P1M", "2026-03-01T00:30:00+02:00", "2026-03-28T22:30:00Z"},
		{"P3Y/EOY", "2026-05-04T10:00:00Z", "2030-01-01T00:00:00Z"},
		{"P3Y/EOY", "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"},
		{"P3Y/EOY", "2026-12-31T23:59:59.999999Z", "2030-01-01T00:00:00Z"},
		{"P3Y/EOY", "2027-01-01T00:00:00Z", "2031-01-01T00:00:00Z"},
		{"P1Y/EOY", "2024-02-29T12:00:00Z", "2026-01-01T00:00:00Z"},
		{"P36M/EOY", "2027-01-01T00:30:00+01:00", "2030-01-01T00:00:00Z"},
	} {
		from, err := time.Parse(time.RFC3339Nano, c.from)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(c.period)
		if err != nil {
			t.Fatal(err)
		}
		got := p.AddTo(from)
		if got.Format(time.RFC3339Nano) != c.want || got.Location() != time.UTC {
			t.Errorf("%s after %s is %s, want %s", c.period, c.from, got.Format(time.RFC3339Nano), c.want)
		}
	}
}

// anyPeriod draws a period that Parse could give.
func anyPeriod() *rapid.Generator[Period] {
	return rapid.Custom(func(t *rapid.T) Period {
		return Period{
			months:  rapid.Int64Range(0, maxMonths).Draw(t, "months"),
			days:    rapid.Int64Range(0, maxDays).Draw(t, "days"),
			seconds: rapid.Int64Range(0, maxSeconds).Draw(t, "seconds"),
		}
	})
}

// anyWholeYears draws a period that ends with the year.
func anyWholeYears() *rapid.Generator[Period] {
	return rapid.Map(rapid.Int64Range(1, maxMonths/12), func(years int64) Period { return Period{months: 12 * years, yearEnd: true} })
}

// anyInstant draws a time of the years 1900 to 2200.
func anyInstant() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(-2_208_988_800_000_000, 7_258_118_400_000_000), func(us int64) time.Time {
		return time.UnixMicro(us).UTC()
	})
}

func TestProperty_PeriodAsText_ReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(anyPeriod(), anyWholeYears()).Draw(t, "period")
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Fatalf("Parse(%s) = %s, %v", p, again, err)
		}
	})
}

func TestProperty_PeriodThatEndsWithTheYear_EndsAtTheFirstNewYearAfterThePeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, from := anyWholeYears().Draw(t, "period"), anyInstant().Draw(t, "from")
		end, without := p.AddTo(from), Period{months: p.months}.AddTo(from)
		newYear := time.Date(end.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
		if !p.EndsWithYear() || end != newYear || !end.After(without) || !end.AddDate(-1, 0, 0).Before(without.Add(1)) {
			t.Fatalf("%s after %s is %s, without the year's end %s", p, from, end, without)
		}
	})
}

func TestProperty_Months_KeepTheDayOrEndOnTheLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		months := rapid.IntRange(0, maxMonths).Draw(t, "months")
		from := anyInstant().Draw(t, "from")
		got := Period{months: int64(months)}.AddTo(from)
		passed := (got.Year()-from.Year())*12 + int(got.Month()-from.Month())
		lastDay := got.AddDate(0, 0, 1).Day() == 1
		if passed != months || got.Day() != from.Day() && (!lastDay || got.Day() > from.Day()) {
			t.Fatalf("%d months after %s is %s", months, from, got)
		}
		if got.Sub(got.Truncate(24*time.Hour)) != from.Sub(from.Truncate(24*time.Hour)) {
			t.Fatalf("%s became %s: the time of day changed", from, got)
		}
	})
}

func TestProperty_AddTo_AgreesWithPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, from := anyPeriod().Draw(t, "period"), anyInstant().Draw(t, "from")
		first := time.Date(from.Year(), from.Month()+time.Month(p.months), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		want := first.AddDate(0, 0, min(from.Day(), last)-1+int(p.days)).
			Add(from.Sub(from.Truncate(24*time.Hour)) + time.Duration(p.seconds)*time.Second)
		if got := p.AddTo(from); !got.Equal(want) {
			t.Fatalf("%s after %s is %s, want %s", p, from, got, want)
		}
	})
}

func TestAddTo_EveryYearOfTheCalendar_AgreesWithPackageTime(t *testing.T) {
	for year := -400; year <= 2400; year++ {
		from := time.Date(year, time.January, 31, 1, 2, 3, 4, time.UTC)
		want := time.Date(year, time.March, 0, 1, 2, 3, 4, time.UTC)
		if got := (Period{months: 1}).AddTo(from); !got.Equal(want) {
			t.Fatalf("a month after %s is %s, want %s", from, got, want)
		}
	}
}

func TestProperty_LongerPeriod_NeverEndsEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, from := anyPeriod().Draw(t, "period"), anyInstant().Draw(t, "from")
		end := p.AddTo(from)
		if end.Before(from) || end.Equal(from) != p.IsZero() {
			t.Fatalf("%s after %s is %s", p, from, end)
		}
		for _, longer := range []Period{
			{months: p.months + 1, days: p.days, seconds: p.seconds},
			{months: p.months, days: p.days + 1, seconds: p.seconds},
			{months: p.months, days: p.days, seconds: p.seconds + 1},
		} {
			if !longer.AddTo(from).After(end) {
				t.Fatalf("%s after %s does not end after %s", longer, from, end)
			}
		}
	})
}
