package worktime

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
)

// zones are those of the tests: the clock of the last is put forward by half an hour, and in the southern summer.
var zones = []string{"Europe/Vienna", "America/New_York", "Australia/Lord_Howe"}

// decade is ten years of a zone, minute by minute: what the wall clock shows in each, as the minutes since 1970 if it were UTC. It knows
// nothing but package time.
type decade struct {
	start time.Time
	shows []int32
}

const perDay = 24 * 60

func decadeOf(zone *time.Location) *decade {
	d := &decade{start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	for at := d.start; at.Year() < 2034; at = at.Add(time.Minute) {
		_, offset := at.In(zone).Zone()
		d.shows = append(d.shows, int32((at.Unix()+int64(offset))/60))
	}
	return d
}

func (d *decade) at(minute int) time.Time { return d.start.Add(time.Duration(minute) * time.Minute) }

// oracle says of each minute whether it is working time: the clock, taken as one that never goes back, shows a time within an interval of a
// day on which the desk works. The sums are the working minutes before each minute.
type oracle struct {
	*decade

	latest []int32 // what the clock that never goes back shows
	sums   []int32
}

func (d *decade) oracle(h Hours, closed map[wallclock.Date]bool) *oracle {
	o := &oracle{decade: d, latest: make([]int32, len(d.shows)), sums: make([]int32, len(d.shows)+1)}
	latest, day, works := int32(0), int32(-1), make([]bool, perDay)
	for i, shown := range d.shows {
		latest = max(latest, shown)
		o.latest[i] = latest
		if latest/perDay != day {
			day = latest / perDay
			date := time.Unix(int64(day)*perDay*60, 0).UTC()
			for m := range works {
				works[m] = false
			}
			for _, interval := range h.Week {
				if interval.Days.Has(date.Weekday()) && !closed[wallclock.DateOf(date)] {
					for m := interval.From; m < interval.Until; m++ {
						works[m] = true
					}
				}
			}
		}
		o.sums[i+1] = o.sums[i]
		if works[latest%perDay] {
			o.sums[i+1]++
		}
	}
	return o
}

func (o *oracle) open(minute int) bool { return o.sums[minute+1] > o.sums[minute] }

// next returns the first working minute from one on; false if there is none any more.
func (o *oracle) next(minute int) (int, bool) {
	i := minute + sort.Search(len(o.sums)-minute-1, func(i int) bool { return o.sums[minute+i+1] > o.sums[minute] })
	return i, i < len(o.sums)-1
}

// after returns the earliest minute before which the desk worked for so many minutes.
func (o *oracle) after(minute, work int) (int, bool) {
	i := minute + sort.Search(len(o.sums)-minute, func(i int) bool { return int(o.sums[minute+i]-o.sums[minute]) >= work })
	return i, i < len(o.sums)
}

// daysAfter walks to the n-th day with work after that of the next working minute, and there to the minute at which the clock first shows the
// same time: back to the end of the work just before, or forward to the first work of the day.
func (o *oracle) daysAfter(minute, n int) (int, bool) {
	start, ok := o.next(minute)
	if !ok {
		return 0, false
	}
	i, day := start, o.latest[start]/perDay
	for ; n > 0; n-- {
		for i < len(o.latest) && (o.latest[i]/perDay <= day || !o.open(i)) {
			i++
		}
		if i == len(o.latest) {
			return 0, false
		}
		day = o.latest[i] / perDay
	}
	wanted, result := day*perDay+o.shows[start]%perDay, i
	for ; i < len(o.latest)-1 && o.latest[i] < wanted && o.latest[i]/perDay == day; i++ {
		if o.open(i) {
			result = i + 1
		}
	}
	if i < len(o.latest)-1 && o.latest[i]/perDay == day && o.open(i) {
		result = i
	}
	return result, i < len(o.latest)-1
}

// drawHours draws hours with up to three intervals a day, often at times at which a clock is put forward or back.
func drawHours(t *rapid.T, zone string) Hours {
	h := Hours{Zone: zone}
	for range rapid.IntRange(1, 6).Draw(t, "intervals") {
		clock := rapid.OneOf(rapid.IntRange(0, perDay), rapid.IntRange(30, 240), rapid.SampledFrom([]int{60, 90, 120, 150, 180, 9 * 60, 17 * 60}))
		a, b := clock.Draw(t, "from"), clock.Draw(t, "until")
		days := rapid.OneOf(rapid.Just(0b0111110), rapid.Just(int(wallclock.EveryDay)), rapid.IntRange(1, int(wallclock.EveryDay))).Draw(t, "days")
		h.Week = append(h.Week, Interval{Days: wallclock.Days(days), From: wallclock.Clock(min(a, b)), Until: wallclock.Clock(max(a, b))})
		if h.Check() != nil {
			h.Week = h.Week[:len(h.Week)-1]
		}
	}
	if len(h.Week) == 0 {
		return Default(zone)
	}
	return h
}

func drawClosed(t *rapid.T) map[wallclock.Date]bool {
	closed := map[wallclock.Date]bool{}
	for range rapid.IntRange(0, 30).Draw(t, "closures") {
		day := wallclock.Date{Year: 2024, Month: 1, Day: 1}.Plus(rapid.IntRange(0, 3650).Draw(t, "day"))
		for range rapid.IntRange(1, 20).Draw(t, "length") {
			closed[day] = true
			day = day.Plus(1)
		}
	}
	return closed
}

// TestCalendar_OverTenYears_AgreesWithAnOracleThatLooksAtEachMinute holds all of the arithmetic against the oracle, at moments drawn from ten years,
// half of them around a change of the clock.
func TestCalendar_OverTenYears_AgreesWithAnOracleThatLooksAtEachMinute(t *testing.T) {
	decades, changes := map[string]*decade{}, map[string][]int{}
	for _, name := range zones {
		d := decadeOf(mustZone(t, name))
		decades[name] = d
		for i := 1; i < len(d.shows); i++ {
			if d.shows[i] != d.shows[i-1]+1 {
				changes[name] = append(changes[name], i)
			}
		}
		if len(changes[name]) != 20 {
			t.Fatalf("the clock of %s changes %d times in ten years", name, len(changes[name]))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		hours, closed := drawHours(t, name), drawClosed(t)
		o := decades[name].oracle(hours, closed)
		c, err := New(hours, func(day wallclock.Date) bool { return closed[day] })
		if err != nil {
			t.Fatal(err)
		}
		most := min(60*60, 10*int(o.sums[100*perDay]-o.sums[93*perDay])) // about ten weeks of work
		for range 50 {
			minute := rapid.OneOf(rapid.IntRange(perDay, len(o.shows)-perDay), rapid.Custom(func(t *rapid.T) int {
				return rapid.SampledFrom(changes[name]).Draw(t, "change") + rapid.IntRange(-perDay, perDay).Draw(t, "minutes off")
			})).Draw(t, "minute")
			if wrong := o.differs(c, minute, rapid.IntRange(0, most).Draw(t, "work"), rapid.IntRange(0, 40).Draw(t, "days")); wrong != "" {
				t.Fatalf("%+v: %s", hours, wrong)
			}
		}
		from, until := rapid.IntRange(0, len(o.shows)).Draw(t, "from"), rapid.IntRange(0, len(o.shows)).Draw(t, "until")
		want := time.Duration(max(0, o.sums[max(from, until)]-o.sums[from])) * time.Minute
		if got := c.Between(o.at(from), o.at(until)); got != want {
			t.Fatalf("%+v: between %s and %s are %s, want %s", hours, o.at(from), o.at(until), got, want)
		}
	})
}

// arithmetic is what the oracle judges.
type arithmetic interface {
	Open(t time.Time) bool
	Next(t time.Time) (time.Time, error)
	AddTime(t time.Time, d time.Duration) (time.Time, error)
	AddDays(t time.Time, n int) (time.Time, error)
	Between(from, until time.Time) time.Duration
}

// differs says in what the arithmetic differs from the oracle at a minute; empty: in nothing. What lies beyond the ten years is not looked at.
func (o *oracle) differs(c arithmetic, minute, work, days int) string {
	t := o.at(minute)
	if got := c.Open(t); got != o.open(minute) || c.Open(t.Add(time.Minute-time.Microsecond)) != got {
		return fmt.Sprintf("at %s it is working time: %t, want %t", t, got, o.open(minute))
	}
	for _, try := range []struct {
		what     string
		want     func() (int, bool)
		got      func() (time.Time, error)
		measured bool // by the working time between
	}{
		{"the next working time", func() (int, bool) { return o.next(minute) }, func() (time.Time, error) { return c.Next(t) }, false},
		{
			fmt.Sprintf("%d minutes of work later", work),
			func() (int, bool) { return o.after(minute, work) },
			func() (time.Time, error) { return c.AddTime(t, time.Duration(work)*time.Minute) },
			true,
		},
		{
			fmt.Sprintf("%d working days later", days),
			func() (int, bool) {
				if days == 0 {
					return minute, true
				}
				return o.daysAfter(minute, days)
			},
			func() (time.Time, error) { return c.AddDays(t, days) },
			false,
		},
	} {
		want, known := try.want()
		if got, err := try.got(); known && (err != nil || !got.Equal(o.at(want))) {
			return fmt.Sprintf("%s of %s (shows %s) is %s, %v, want %s", try.what, t, o.clock(minute), got, err, o.at(want))
		} else if known && try.measured && c.Between(t, got) != time.Duration(work)*time.Minute {
			return fmt.Sprintf("between %s and %s are %s, want %d minutes", t, got, c.Between(t, got), work)
		}
	}
	return ""
}

func (o *oracle) clock(minute int) string {
	return time.Unix(int64(o.shows[minute])*60, 0).UTC().Format("Mon 2006-01-02 15:04")
}

// stepping is arithmetic as it is often written: a day begins 24 hours after the one before, and a time of day lies so many hours after its
// beginning.
type stepping struct {
	*Calendar

	zone  *time.Location
	start time.Time // the beginning of a day
	hours Hours
}

func (s *stepping) Open(t time.Time) bool {
	since := t.Sub(s.start)
	day, of := s.start.Add(since/(24*time.Hour)*24*time.Hour), since%(24*time.Hour)
	for _, i := range s.hours.Week {
		if i.Days.Has(day.In(s.zone).Weekday()) && of >= time.Duration(i.From)*time.Minute && of < time.Duration(i.Until)*time.Minute {
			return true
		}
	}
	return false
}

// TestOracle_ArithmeticInStepsOf24Hours_IsFoundOut shows that the oracle would see the most common mistake.
func TestOracle_ArithmeticInStepsOf24Hours_IsFoundOut(t *testing.T) {
	for _, name := range zones {
		zone, hours := mustZone(t, name), Default(name)
		d := decadeOf(zone)
		o := d.oracle(hours, nil)
		c, err := New(hours, nil)
		if err != nil {
			t.Fatal(err)
		}
		wrong := &stepping{Calendar: c, zone: zone, hours: hours, start: wallclock.StartOfDay(zone, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))}
		right, found := 0, 0
		for minute := 2 * perDay; minute < 366*perDay; minute += 61 {
			if o.differs(c, minute, 60, 1) != "" {
				t.Fatalf("the calendar differs at %s", d.at(minute))
			}
			if o.differs(wrong, minute, 60, 1) != "" {
				found++
			} else {
				right++
			}
		}
		if found == 0 || right == 0 {
			t.Errorf("%s: steps of 24 hours are wrong %d times and right %d times", name, found, right)
		}
	}
}

// office are hours with a lunch break and a short Friday.
func office() Hours {
	return Hours{Zone: "Europe/Vienna", Week: []Interval{
		{Days: 0b0011110, From: 13 * 60, Until: 17 * 60},
		{Days: 0b0111110, From: 8 * 60, Until: 12 * 60},
	}}
}

func TestCalendar_Add_IsDefinedAtBordersAndChangesOfTheClock(t *testing.T) {
	always := Hours{Zone: "Europe/Vienna", Week: []Interval{{Days: wallclock.EveryDay, From: 0, Until: wallclock.EndOfDay}}}
	night := Hours{Zone: "Europe/Vienna", Week: []Interval{{Days: wallclock.EveryDay, From: 60, Until: 4 * 60}}}
	skipped := Hours{Zone: "Europe/Vienna", Week: []Interval{{Days: 1 << time.Sunday, From: 125, Until: 175}}}
	for _, c := range []struct {
		why         string
		hours       Hours
		from        string
		period, end string
	}{
		{"hours of a day", office(), "2026-12-01T09:00:00+01:00", "PT2H", "2026-12-01T11:00:00+01:00"},
		{"over the lunch break", office(), "2026-12-01T11:00:00+01:00", "PT2H", "2026-12-01T14:00:00+01:00"},
		{"to the end of the day, not the beginning of the next", office(), "2026-12-01T16:00:00+01:00", "PT1H", "2026-12-01T17:00:00+01:00"},
		{"over night", office(), "2026-12-01T16:30:00+01:00", "PT1H", "2026-12-02T08:30:00+01:00"},
		{"over the weekend and two holidays", office(), "2026-12-24T16:00:00+01:00", "PT2H", "2026-12-28T09:00:00+01:00"},
		{"a working day", office(), "2026-12-01T09:15:30+01:00", "P1D", "2026-12-02T09:15:30+01:00"},
		{"a working day from Thursday afternoon: Friday has none, it ends with Friday's work", office(), "2026-12-03T16:00:00+01:00", "P1D", "2026-12-04T12:00:00+01:00"},
		{"a working day from Friday", office(), "2026-12-11T09:00:00+01:00", "P1D", "2026-12-14T09:00:00+01:00"},
		{"from Saturday it counts from Monday's beginning", office(), "2026-12-12T11:00:00+01:00", "P1D", "2026-12-15T08:00:00+01:00"},
		{"from the evening it counts from the next beginning", office(), "2026-12-14T20:00:00+01:00", "P1D", "2026-12-16T08:00:00+01:00"},
		{"from the lunch break it counts from its end", office(), "2026-12-14T12:30:00+01:00", "P1D", "2026-12-15T13:00:00+01:00"},
		{"a week of it over a holiday", office(), "2026-12-02T10:00:00+01:00", "P5D", "2026-12-10T10:00:00+01:00"},
		{"days and then hours", office(), "2026-12-01T11:00:00+01:00", "P1DT2H", "2026-12-02T14:00:00+01:00"},
		{"no time", office(), "2026-12-12T11:00:00+01:00", "P0D", "2026-12-12T11:00:00+01:00"},
		{"a day of 23 hours", always, "2026-03-28T12:00:00+01:00", "P1D", "2026-03-29T12:00:00+02:00"},
		{"24 hours over it", always, "2026-03-28T12:00:00+01:00", "PT24H", "2026-03-29T13:00:00+02:00"},
		{"an hour in the night of the change", always, "2026-03-28T23:30:00+01:00", "PT1H", "2026-03-29T00:30:00+01:00"},
		{"a day of 25 hours", always, "2026-10-24T12:00:00+02:00", "P1D", "2026-10-25T12:00:00+01:00"},
		{"an interval that the clock is put forward in has two hours", night, "2026-03-28T12:00:00+01:00", "PT3H", "2026-03-30T02:00:00+02:00"},
		{"an interval that the clock is put back in has four hours", night, "2026-10-24T12:00:00+02:00", "PT4H", "2026-10-25T04:00:00+01:00"},
		{"a day to a time that the clock skips ends when it is put forward", always, "2026-03-28T02:30:00+01:00", "P1D", "2026-03-29T03:00:00+02:00"},
		{"a day to a time that the clock shows twice ends the first time", always, "2026-10-24T02:30:00+02:00", "P1D", "2026-10-25T02:30:00+02:00"},
		{"an interval that the clock skips is empty", skipped, "2026-03-23T12:00:00+01:00", "PT30M", "2026-04-05T02:35:00+02:00"},
		{"leap day", office(), "2028-02-28T09:00:00+01:00", "P2D", "2028-03-01T09:00:00+01:00"},
	} {
		p, err := period.Parse(c.period)
		if err != nil {
			t.Fatal(err)
		}
		calendar, err := New(c.hours, austria)
		if err != nil {
			t.Fatal(err)
		}
		got, err := calendar.Add(moment(t, c.from), p)
		if err != nil || !got.Equal(moment(t, c.end)) {
			t.Errorf("%s: %s after %s is %s, %v, want %s", c.why, c.period, c.from, got.In(calendar.Zone()).Format(time.RFC3339), err, c.end)
		}
	}
}

func TestCalendar_WithoutWorkingTime_SaysSo(t *testing.T) {
	c, err := New(office(), func(wallclock.Date) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	now := moment(t, "2026-12-01T09:00:00Z")
	if _, err := c.Next(now); !errors.Is(err, ErrNone) {
		t.Errorf("next: %v", err)
	}
	if _, err := c.AddDays(now, 1); !errors.Is(err, ErrNone) {
		t.Errorf("a day: %v", err)
	}
	if _, err := c.AddTime(now, time.Hour); !errors.Is(err, ErrNone) {
		t.Errorf("an hour: %v", err)
	}
	if got := c.Between(now, now.AddDate(1, 0, 0)); got != 0 || c.Open(now) {
		t.Errorf("a year has %s", got)
	}
	open, err := New(office(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.Add(now, period.Months(1)); err == nil || !strings.Contains(err.Error(), "P20D") {
		t.Errorf("a month of working time: %v", err)
	}
}

func TestHours_Check_SaysWhatIsWrong(t *testing.T) {
	weekdays := Default("UTC").Week[0].Days
	for want, h := range map[string]Hours{
		"time zone database":    {Zone: "Europe/Wien", Week: Default("").Week},
		"no interval":           {Zone: "UTC"},
		"no days":               {Zone: "UTC", Week: []Interval{{From: 60, Until: 120}}},
		"from 17:00 to 09:00":   {Zone: "UTC", Week: []Interval{{Days: weekdays, From: 17 * 60, Until: 9 * 60}}},
		"from 09:00 to 09:00":   {Zone: "UTC", Week: []Interval{{Days: weekdays, From: 9 * 60, Until: 9 * 60}}},
		"overlap on fri; let":   {Zone: "UTC", Week: []Interval{{Days: weekdays, From: 60, Until: 120}, {Days: 1 << time.Friday, From: 119, Until: 180}}},
		"end before they begin": {Zone: "UTC", Week: []Interval{{Days: weekdays, From: 23 * 60, Until: 25 * 60}}},
	} {
		if err := h.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", h, err, want)
		}
		if _, err := New(h, nil); err == nil {
			t.Errorf("%+v is a calendar", h)
		}
	}
	for _, h := range []Hours{Default("UTC"), office(), {Zone: "UTC", Week: []Interval{
		{Days: weekdays, From: 0, Until: 60},
		{Days: weekdays, From: 60, Until: wallclock.EndOfDay},
	}}} {
		if err := h.Check(); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
	}
}
