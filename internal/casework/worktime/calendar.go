package worktime

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
)

// ErrNone says that there is no working time within a year after some moment, as where holidays and closures leave none.
var ErrNone = errors.New("the hours, holidays and closures leave no working time within a year; shorten the closures, or add hours")

// Calendar reckons with the working time of one desk. It is safe for concurrent use.
type Calendar struct {
	zone   *time.Location
	week   [7][]Interval // by time.Weekday, each day's in their order
	closed func(wallclock.Date) bool
}

// New returns the calendar of hours, without the days that are closed: holidays and the company's own. Closed may be nil. The error is that
// of Hours.Check.
func New(h Hours, closed func(wallclock.Date) bool) (*Calendar, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	zone, err := wallclock.Zone(h.Zone)
	if err != nil {
		return nil, err
	}
	c := &Calendar{zone: zone, closed: closed}
	for day := range c.week {
		for _, i := range h.Week {
			if i.Days.Has(time.Weekday(day)) {
				c.week[day] = append(c.week[day], i)
			}
		}
		slices.SortFunc(c.week[day], func(a, b Interval) int { return int(a.From - b.From) })
	}
	return c, nil
}

// Zone returns the zone of the hours.
func (c *Calendar) Zone() *time.Location { return c.zone }

// span is a stretch of working time of a day: from is in it, until is the first moment after it, both in microseconds since 1970.
type span struct {
	day         wallclock.Date
	from, until int64
}

// on returns the working time of a day in its order; none if the day is no working day.
func (c *Calendar) on(day wallclock.Date) []span {
	if c.closed != nil && c.closed(day) {
		return nil
	}
	var spans []span
	for _, i := range c.week[day.Weekday()] {
		s := span{day: day, from: wallclock.Reached(c.zone, day.At(i.From)), until: wallclock.Reached(c.zone, day.At(i.Until))}
		if s.from < s.until {
			spans = append(spans, s)
		}
	}
	return spans
}

// outlook is how many days in a row without working time are looked at.
const outlook = 366

// each calls f with the working time that ends after t, in its order, until it has enough. It returns ErrNone if there is none any more.
func (c *Calendar) each(t int64, f func(span) (enough bool)) error {
	idle := 0
	for day := wallclock.DateOf(time.UnixMicro(t).In(c.zone)); idle <= outlook; day, idle = day.Plus(1), idle+1 {
		for _, s := range c.on(day) {
			if s.until <= t {
				continue
			}
			idle = 0
			if f(s) {
				return nil
			}
		}
	}
	return ErrNone
}

// Open reports whether a moment is working time.
func (c *Calendar) Open(t time.Time) bool {
	next, err := c.Next(t)
	return err == nil && !next.After(t)
}

// Next returns the first moment of working time from t on: t itself if it is one. The error is ErrNone.
func (c *Calendar) Next(t time.Time) (time.Time, error) {
	next, _, err := c.next(t)
	return next, err
}

// next returns the first moment of working time from t on, and the working day to which it belongs.
func (c *Calendar) next(t time.Time) (next time.Time, day wallclock.Date, err error) {
	err = c.each(t.UnixMicro(), func(s span) bool {
		day, next = s.day, time.UnixMicro(max(s.from, t.UnixMicro())).UTC()
		return true
	})
	return next, day, err
}

// WorkingDay reports whether there is working time on a day.
func (c *Calendar) WorkingDay(day wallclock.Date) bool { return len(c.on(day)) > 0 }

// Between returns how much working time there is from one moment to another; none if the second is not later.
func (c *Calendar) Between(from, until time.Time) time.Duration {
	start, end := from.UnixMicro(), until.UnixMicro()
	var sum int64
	for day, last := wallclock.DateOf(from.In(c.zone)), wallclock.DateOf(until.In(c.zone)).Plus(1); start < end && !last.Before(day); day = day.Plus(1) {
		for _, s := range c.on(day) {
			sum += max(0, min(s.until, end)-max(s.from, start))
		}
	}
	return time.Duration(sum) * time.Microsecond
}

// Add returns the moment that lies a period of working time after t, in UTC: first its days, then its hours, minutes and seconds. See
// AddDays and AddTime. A period with months is refused, because a month of working time is not defined; the error is ErrNone otherwise.
func (c *Calendar) Add(t time.Time, p period.Period) (time.Time, error) {
	months, days, seconds := p.Parts()
	if months != 0 {
		return time.Time{}, fmt.Errorf("the period %s has months, of which working time has none; write working days or hours, such as P20D or PT8H", p)
	}
	t, err := c.AddDays(t, int(days))
	if err != nil {
		return time.Time{}, err
	}
	return c.AddTime(t, time.Duration(seconds)*time.Second)
}

// AddTime returns the earliest moment before which, from t on, the desk worked for so long: with hours until 17:00, an hour from 16:00 on ends
// at 17:00 and not at the beginning of the next day. For no time it is t.
func (c *Calendar) AddTime(t time.Time, d time.Duration) (time.Time, error) {
	left, end := d.Microseconds(), t.UnixMicro()
	if left <= 0 {
		return t.UTC(), nil
	}
	err := c.each(t.UnixMicro(), func(s span) bool {
		from := max(s.from, t.UnixMicro())
		end = min(s.until, from+left)
		left -= end - from
		return left == 0
	})
	return time.UnixMicro(end).UTC(), err
}

// AddDays returns the same time of day on the working day that is the n-th after that of t. Where the desk is not at work at t, the days count
// from the next moment at which it is. Where it is not at work at that time of the n-th day, the result is the end of the working time just
// before, on that day; and where that day begins later, its beginning. So it always lies on the n-th day, and what comes on Saturday has as
// long as what comes on Monday when the desk begins. For no days it is t.
func (c *Calendar) AddDays(t time.Time, n int) (time.Time, error) {
	if n <= 0 {
		return t.UTC(), nil
	}
	start, day, err := c.next(t)
	if err != nil {
		return time.Time{}, err
	}
	local := start.In(c.zone)
	hour, minute, second := local.Clock()
	ofDay := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(local.Nanosecond())
	var spans []span
	for idle := 0; n > 0; idle++ {
		if idle > outlook {
			return time.Time{}, ErrNone
		}
		day = day.Plus(1)
		if spans = c.on(day); len(spans) > 0 {
			n, idle = n-1, 0
		}
	}
	at := wallclock.Reached(c.zone, day.At(0).Add(ofDay))
	result := spans[0].from
	for _, s := range spans {
		if s.from <= at {
			result = min(at, s.until)
		}
	}
	return time.UnixMicro(result).UTC(), nil
}
