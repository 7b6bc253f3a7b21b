package campaign

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/wallclock"
)

// zones are those of the tests: the clock of the last is put forward by half an hour, and in the southern summer.
var zones = []string{"Europe/Vienna", "America/New_York", "Australia/Lord_Howe"}

func mustCalendar(t testing.TB, limits Limits) *Calendar {
	t.Helper()
	c, err := NewCalendar(limits)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const minute = int64(time.Minute / time.Microsecond)

// span is a stretch of time, minute by minute, with what the wall clock of a zone shows in each: the minutes since 1970 if it were UTC.
type span struct {
	start int64 // of the first minute
	shows []int64
}

func spanOf(zone *time.Location, from, to time.Time) span {
	s := span{start: from.UnixMicro()}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		local := at.In(zone)
		shown := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
		s.shows = append(s.shows, shown.Unix()/60)
	}
	return s
}

// covered is the oracle: which minutes are quiet. It looks at every minute around each day, and at nothing but what the clock shows.
func (s *span) covered(q *QuietHours) (quiet, begins []bool) {
	quiet, begins = make([]bool, len(s.shows)), make([]bool, len(s.shows))
	const day = 24 * 60
	for midnight := s.shows[0] / day * day; midnight < s.shows[len(s.shows)-1]; midnight += day {
		if !q.Days.Has(time.Unix(midnight*60, 0).UTC().Weekday()) {
			continue
		}
		first, last := midnight+int64(q.From), midnight+int64(q.Until)
		if q.Until <= q.From {
			last += day
		}
		begin, end := -1, -1
		about := int(midnight - s.shows[0])
		for i := max(about-day, 0); i < min(about+3*day, len(s.shows)); i++ {
			if begin < 0 && s.shows[i] >= first {
				begin = i
			}
			if s.shows[i] < last {
				end = i + 1
			}
		}
		if begin < 0 || begin >= end {
			continue
		}
		begins[begin] = true
		for i := begin; i < end; i++ {
			quiet[i] = true
		}
	}
	return quiet, begins
}

// TestCalendar_QuietHours_AreThoseOfAnOracleThatLooksAtEachMinute holds a year of quiet hours against the oracle.
func TestCalendar_QuietHours_AreThoseOfAnOracleThatLooksAtEachMinute(t *testing.T) {
	years := map[string]span{}
	rapid.Check(t, func(t *rapid.T) {
		name, year := rapid.SampledFrom(zones).Draw(t, "zone"), rapid.IntRange(2023, 2028).Draw(t, "year")
		zone, err := wallclock.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		key := name + strconv.Itoa(year)
		s, known := years[key]
		if !known {
			s = spanOf(zone, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC))
			years[key] = s
		}
		q := QuietHours{
			Zone: name, From: clock(t, "from", 0, wallclock.EndOfDay-1), Until: clock(t, "until", 1, wallclock.EndOfDay),
			Days: wallclock.Days(rapid.OneOf(rapid.Just(int(wallclock.EveryDay)), rapid.IntRange(1, int(wallclock.EveryDay))).Draw(t, "days")),
		}
		if q.From == q.Until {
			q.Until++
		}
		c, err := NewCalendar(Limits{QuietHours: []QuietHours{q}})
		if err != nil {
			t.Fatal(err)
		}
		quiet, begins := s.covered(&q)
		const edge = 20 * 24 * 60 // The oracle knows nothing beyond its year.
		free, next := make([]int64, len(quiet)), make([]int64, len(quiet))
		for i := len(quiet) - edge; i > edge; i-- {
			at := s.start + int64(i)*minute
			if free[i-1], next[i-1] = free[i], next[i]; !quiet[i] {
				free[i-1] = at
			}
			if begins[i] {
				next[i-1] = at
			}
		}
		for i := edge; i < len(quiet)-edge; i++ {
			at := s.start + int64(i)*minute
			m := c.At(at)
			if m.Quiet != quiet[i] || c.At(at+minute-1).Quiet != quiet[i] {
				t.Fatalf("%+v at %s: quiet %t, want %t", q, time.UnixMicro(at).In(zone), m.Quiet, quiet[i])
			}
			if m.Quiet && free[i] != 0 && m.Free != free[i] {
				t.Fatalf("%+v at %s is free at %s, want %s", q, time.UnixMicro(at).In(zone), time.UnixMicro(m.Free).In(zone), time.UnixMicro(free[i]).In(zone))
			}
			if !m.Quiet && next[i] != 0 && m.Next != next[i] {
				t.Fatalf("%+v at %s: the next begin at %s, want %s", q, time.UnixMicro(at).In(zone), time.UnixMicro(m.Next).In(zone), time.UnixMicro(next[i]).In(zone))
			}
		}
	})
}

// clock draws a time of day: often one at which a clock is put forward or back.
func clock(t *rapid.T, label string, from, to wallclock.Clock) wallclock.Clock {
	return wallclock.Clock(rapid.OneOf(rapid.IntRange(int(from), int(to)), rapid.IntRange(60, 200), rapid.SampledFrom([]int{60, 90, 120, 150, 180})).Draw(t, label))
}

// TestCalendar_SeveralLimits_FreeIsTheFirstMomentAtWhichNoneDefers holds Free to what it promises, over any limits together.
func TestCalendar_SeveralLimits_FreeIsTheFirstMomentAtWhichNoneDefers(t *testing.T) {
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	deferred, endless, capped := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t, start)
		whole, err := NewCalendar(limits)
		if err != nil {
			t.Fatal(err)
		}
		enforced := limits.Enforced()
		c, err := NewCalendar(enforced)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			at := start.UnixMicro() + int64(rapid.IntRange(0, 60*24*60).Draw(t, "minute"))*minute - int64(rapid.IntRange(0, 1).Draw(t, "before"))
			m := c.At(at)
			if w := whole.At(at); w.Freeze != m.Freeze || w.Quiet != m.Quiet || w.Free != m.Free || w.Next != m.Next {
				t.Fatalf("what is only observed changes %+v to %+v", m, w)
			}
			if !m.Freeze && !m.Quiet {
				if m.Free != 0 || m.Next != 0 && m.Next <= at {
					t.Fatalf("at %d nothing defers: %+v", at, m)
				}
				if m.Next != 0 {
					capped++
					if n := c.At(m.Next); !n.Freeze && !n.Quiet {
						t.Fatalf("the next limit does not begin at %d", m.Next)
					}
					if n := c.At(m.Next - 1); n.Freeze || n.Quiet {
						t.Fatalf("something defers before the next limit, at %d", m.Next-1)
					}
				}
				continue
			}
			deferred++
			if m.Free == 0 {
				endless++
				continue
			}
			if n := c.At(m.Free); n.Freeze || n.Quiet {
				t.Fatalf("at %d it is to wait until %d, and then until %d", at, m.Free, n.Free)
			}
			for of := range int64(50) {
				if n := c.At(at + (m.Free-1-at)*(of+1)/50); !n.Freeze && !n.Quiet {
					t.Fatalf("at %d it is to wait until %d, and nothing defers before", at, m.Free)
				}
			}
		}
	})
	if deferred == 0 || endless == 0 || capped == 0 {
		t.Errorf("%d deferred, %d of them without end, %d that something defers later", deferred, endless, capped)
	}
}

func drawLimits(t *rapid.T, start time.Time) Limits {
	var limits Limits
	for range rapid.IntRange(0, 3).Draw(t, "quiet hours") {
		q := QuietHours{
			Zone: rapid.SampledFrom(zones).Draw(t, "zone"), From: clock(t, "from", 0, wallclock.EndOfDay-1), Until: clock(t, "until", 1, wallclock.EndOfDay),
			Days: wallclock.Days(rapid.IntRange(1, int(wallclock.EveryDay)).Draw(t, "days")), Observe: rapid.IntRange(0, 3).Draw(t, "observe") == 0,
		}
		if q.From == q.Until {
			q.Until++
		}
		limits.QuietHours = append(limits.QuietHours, q)
	}
	for range rapid.IntRange(0, 3).Draw(t, "freezes") {
		f := Freeze{From: start.Add(time.Duration(rapid.IntRange(0, 60*24).Draw(t, "hour")) * time.Hour), Observe: rapid.IntRange(0, 3).Draw(t, "observe") == 0}
		if hours := rapid.IntRange(0, 200).Draw(t, "hours"); hours > 0 {
			f.Until = f.From.Add(time.Duration(hours) * time.Hour)
		}
		limits.Freezes = append(limits.Freezes, f)
	}
	return limits
}

// TestQuietHours_ClockPutForwardOrBack_HaveADefinedMeaning names the cases that the comment of QuietHours promises.
func TestQuietHours_ClockPutForwardOrBack_HaveADefinedMeaning(t *testing.T) {
	for name, c := range map[string]struct {
		zone        string
		from, until wallclock.Clock
		days        wallclock.Days
		asked       string // within the quiet hours, or before them
		begin, end  string // in UTC; empty: there are none for a week before the next ones
	}{
		"over midnight":                    {"Europe/Vienna", 20 * 60, 8 * 60, 1 << time.Friday, "2026-10-02T18:00:00Z", "2026-10-02T18:00:00Z", "2026-10-03T06:00:00Z"},
		"over midnight, clock put back":    {"Europe/Vienna", 20 * 60, 8 * 60, 1 << time.Saturday, "2026-10-24T18:00:00Z", "2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z"},
		"over midnight, clock put forward": {"Europe/Vienna", 20 * 60, 8 * 60, 1 << time.Saturday, "2026-03-28T19:00:00Z", "2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z"},
		"begin at a time that is not":      {"Europe/Vienna", 2*60 + 30, 4 * 60, 1 << time.Sunday, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		"end at a time that is not":        {"Europe/Vienna", 60, 2*60 + 30, 1 << time.Sunday, "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		"begin at a time that is twice":    {"Europe/Vienna", 2*60 + 30, 4 * 60, 1 << time.Sunday, "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
		"end at a time that is twice":      {"Europe/Vienna", 60, 2*60 + 30, 1 << time.Sunday, "2026-10-25T00:45:00Z", "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z"},
		"by half an hour":                  {"Australia/Lord_Howe", 1*60 + 45, 3 * 60, 1 << time.Sunday, "2026-04-04T15:00:00Z", "2026-04-04T14:45:00Z", "2026-04-04T16:30:00Z"},
		"leap day":                         {"America/New_York", 21 * 60, 9 * 60, 1 << time.Tuesday, "2028-03-01T03:00:00Z", "2028-03-01T02:00:00Z", "2028-03-01T14:00:00Z"},
		"whole day":                        {"Europe/Vienna", 0, wallclock.EndOfDay, 1 << time.Sunday, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		calendar := mustCalendar(t, Limits{QuietHours: []QuietHours{{Zone: c.zone, From: c.from, Until: c.until, Days: c.days}}})
		begin, end := micro(t, c.begin), micro(t, c.end)
		if m := calendar.At(micro(t, c.asked)); !m.Quiet || m.Free != end {
			t.Errorf("%s: at %s %+v, want quiet until %d", name, c.asked, m, end)
		}
		if m := calendar.At(begin - 1); m.Quiet || m.Next != begin {
			t.Errorf("%s: just before they begin: %+v, want %d as the next", name, m, begin)
		}
		if calendar.At(end).Quiet || !calendar.At(end-1).Quiet || !calendar.At(begin).Quiet {
			t.Errorf("%s: they are not from %s to %s", name, c.begin, c.end)
		}
	}
	skipped := mustCalendar(t, Limits{QuietHours: []QuietHours{{Zone: "Europe/Vienna", From: 125, Until: 175, Days: 1 << time.Sunday}}})
	if m := skipped.At(micro(t, "2026-03-29T01:00:00Z")); m.Quiet || m.Next != micro(t, "2026-04-05T00:05:00Z") {
		t.Errorf("on a day on which the clock is put forward over all of them: %+v", m)
	}
}

func micro(t testing.TB, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

func TestLimits_OfAChannel_AreThoseThatNameItOrExceptOthers(t *testing.T) {
	all := Limits{
		QuietHours: []QuietHours{{Zone: "UTC", Until: 60, Days: wallclock.EveryDay}, {Zone: "UTC", Until: 90, Days: wallclock.EveryDay, Channels: []string{"news"}, Observe: true}},
		Freezes:    []Freeze{{Reason: "a", Except: []string{"news"}}, {Reason: "b", ExceptDepartments: []string{"press"}}, {Reason: "c"}},
	}
	news, shop := all.Of("news", "desk"), all.Of("shop", "press")
	if len(news.QuietHours) != 2 || len(news.Freezes) != 2 || news.Freezes[0].Reason != "b" {
		t.Errorf("of news: %+v", news)
	}
	if len(shop.QuietHours) != 1 || len(shop.Freezes) != 2 || shop.Freezes[0].Reason != "a" {
		t.Errorf("of shop: %+v", shop)
	}
	if enforced := news.Enforced(); len(enforced.QuietHours) != 1 || len(news.QuietHours) != 2 {
		t.Errorf("enforced of news: %+v of %+v", enforced, news)
	}
	if !news.Equal(&news) || news.Equal(&shop) || !(&Limits{}).IsZero() || news.IsZero() {
		t.Error("limits are not compared by what they say")
	}
}

func TestNewCalendar_UnknownZone_IsAnError(t *testing.T) {
	for _, zone := range []string{"", "Local", "Europe/Wien", "../etc/passwd", "CET+1"} {
		if _, err := NewCalendar(Limits{QuietHours: []QuietHours{{Zone: zone, Until: 60, Days: wallclock.EveryDay}}}); err == nil {
			t.Errorf("%q is a zone", zone)
		}
	}
}

func TestCalendar_NoTimeLeft_IsNeverFree(t *testing.T) {
	c := mustCalendar(t, Limits{QuietHours: []QuietHours{{Zone: "Europe/Vienna", Until: wallclock.EndOfDay, Days: wallclock.EveryDay}}})
	if free, ok := c.FreeFrom(micro(t, "2026-10-01T00:00:00Z")); ok || free != 0 {
		t.Errorf("free at %d", free)
	}
}

func BenchmarkCalendar_At(b *testing.B) {
	c := mustCalendar(b, Limits{
		QuietHours: []QuietHours{{Zone: "Europe/Vienna", From: 20 * 60, Until: 8 * 60, Days: wallclock.EveryDay}},
		Freezes:    []Freeze{{From: time.UnixMicro(micro(b, "2026-12-23T23:00:00Z")), Until: time.UnixMicro(micro(b, "2026-12-26T23:00:00Z"))}},
	})
	at := micro(b, "2026-10-01T08:00:00Z")
	b.Run("the same stretch of time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.At(at)
		}
	})
	b.Run("another one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.reckon(at)
		}
	})
}
