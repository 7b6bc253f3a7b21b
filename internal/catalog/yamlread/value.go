package yamlread

import (
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog/document"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/timetext"
	"github.com/assent-io/assent/internal/wallclock"
	"github.com/assent-io/assent/internal/yamltext"
)

// Flag reads true or false, false when the key is missing.
func (o *Object) Flag(key string) bool {
	if !o.Has(key) {
		return false
	}
	b, ok := o.fields[key].(*ast.BoolNode)
	if !ok {
		o.Fail(key, "this must be true or false, not %s", yamltext.Kind(o.fields[key]))
		return false
	}
	return b.Value
}

// Count reads a whole number from 1 to most. A missing key gives the default.
func (o *Object) Count(key string, most, byDefault int) int {
	if !o.Has(key) {
		return byDefault
	}
	text, ok := yamltext.Of(o.fields[key])
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > most {
		o.Fail(key, "%s is not allowed; use a whole number from 1 to %d", Shown(o.fields[key]), most)
		return byDefault
	}
	return n
}

// Period reads a calendar period longer than nothing, which may end with a year. A missing key gives the default.
func (o *Object) Period(key string, byDefault period.Period) period.Period {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return byDefault
	}
	p, err := period.Parse(s)
	if err != nil {
		o.Fail(key, "%s is not a period: %s", yamltext.Quote(s), err)
		return byDefault
	}
	if p.IsZero() {
		o.Fail(key, "%s is a period of zero length; give a longer one", yamltext.Quote(s))
	}
	return p
}

// Instant reads a time of RFC 3339 and returns it in UTC, or nil.
func (o *Object) Instant(key string) *time.Time {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return nil
	}
	t, err := timetext.Parse(s)
	if err != nil || t.Nanosecond()%1000 != 0 {
		o.Fail(key, "%s is not a valid time; write it as 2026-01-01T00:00:00Z, with at most six decimals", yamltext.Quote(s))
		return nil
	}
	t = t.UTC()
	return &t
}

// Day reads a date.
func (o *Object) Day(key string) time.Time {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		o.Fail(key, "%s is not a date; write it as 2026-01-31", yamltext.Quote(s))
	}
	return t
}

// Clock reads a time of day.
func (o *Object) Clock(key string) wallclock.Clock {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return 0
	}
	c, err := wallclock.ParseClock(s)
	if err != nil {
		o.Fail(key, "%s is not a time of day: %s", yamltext.Quote(s), err)
	}
	return c
}

// Days reads a list of days of the week; every day when the key is missing.
func (o *Object) Days(key string) wallclock.Days {
	if !o.Has(key) {
		return wallclock.EveryDay
	}
	var days wallclock.Days
	var names []string
	for _, entry := range o.Items(key, document.MaxList) {
		name, _ := yamltext.Of(entry.Node)
		day, ok := wallclock.ParseDay(name)
		if !ok {
			entry.Fail("%s is not a day of the week; use %s", Shown(entry.Node), Alternatives(wallclock.DayNames()))
			continue
		}
		days, names = days|day, append(names, name)
	}
	o.Unique(key, names)
	return days
}

// Zone reads the name of a time zone; nil when it is missing or wrong.
func (o *Object) Zone(key string) *time.Location {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return nil
	}
	zone, err := wallclock.Zone(s)
	if err != nil {
		o.Fail(key, "%s is not a time zone; write the name of the IANA time zone database, such as Europe/Vienna", yamltext.Quote(s))
		return nil
	}
	return zone
}

// Bound reads where a freeze begins or ends: a time of RFC 3339, or a date in the zone, of which ofDate gives the time. It is zero when missing or
// wrong.
func (o *Object) Bound(key string, zone *time.Location, ofDate func(*time.Location, time.Time) time.Time) (at time.Time, date bool) {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return time.Time{}, false
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		switch {
		case zone != nil:
			return ofDate(zone, day), true
		case !o.Has("zone"):
			o.Fail(key, "%s is a date, and the key zone is missing; add it, such as zone: Europe/Vienna, or write a time such as 2026-12-24T00:00:00+01:00", yamltext.Quote(s))
		}
		return time.Time{}, true
	}
	t, err := timetext.Parse(s)
	if err != nil || t.Nanosecond()%1000 != 0 {
		o.Fail(key, "%s is neither a date nor a time; write 2026-12-24, or 2026-12-24T00:00:00+01:00 with at most six decimals", yamltext.Quote(s))
		return time.Time{}, false
	}
	return t.UTC(), false
}
