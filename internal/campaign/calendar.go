package campaign

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// never is later than all times.
const never = math.MaxInt64

// Calendar answers for the limits of one channel. It is safe for concurrent use.
type Calendar struct {
	quiet   []hours
	freezes []freeze
	last    atomic.Pointer[Moment] // what was found last: the next question is most often about the same stretch of time
}

// hours are quiet hours with their zone.
type hours struct {
	QuietHours

	zone *time.Location
}

// freeze is a freeze in microseconds.
type freeze struct {
	from, until int64 // until is never where it has no end
	observe     bool
}

// Moment is what a calendar says of a time, and of the stretch of time around it in which nothing changes.
type Moment struct {
	Freeze, Quiet                 bool // these defer
	ObservedFreeze, ObservedQuiet bool // these would, if they were not only observed
	// Free is the first moment after it at which nothing defers, of Freeze or Quiet; 0: none is foreseen.
	Free int64
	// Next is when the next limit that defers begins; 0: none is foreseen, or Freeze or Quiet.
	Next int64

	from, to int64 // the stretch: from to just before to
}

// NewCalendar returns the calendar of the limits of one channel, whatever channels and departments they name. The error names a zone that is
// not in the time zone database.
func NewCalendar(limits Limits) (*Calendar, error) {
	c := &Calendar{}
	zones := map[string]*time.Location{}
	for _, q := range limits.QuietHours {
		zone, known := zones[q.Zone]
		if !known {
			var err error
			if zone, err = wallclock.Zone(q.Zone); err != nil {
				return nil, err
			}
			zones[q.Zone] = zone
		}
		c.quiet = append(c.quiet, hours{QuietHours: q, zone: zone})
	}
	for _, f := range limits.Freezes {
		compiled := freeze{from: f.From.UnixMicro(), until: never, observe: f.Observe}
		if !f.Until.IsZero() {
			compiled.until = f.Until.UnixMicro()
		}
		c.freezes = append(c.freezes, compiled)
	}
	return c, nil
}

// At returns what holds at a time. The answer is shared and not to be changed.
func (c *Calendar) At(t int64) *Moment {
	if m := c.last.Load(); m != nil && m.from <= t && t < m.to {
		return m
	}
	m := c.reckon(t)
	c.last.Store(m)
	return m
}

// reckon finds what holds at a time, and for how long.
func (c *Calendar) reckon(t int64) *Moment {
	m := &Moment{from: t, to: never}
	next := int64(never)
	see := func(from, until int64, observe bool) (in bool) {
		switch {
		case t < from:
			m.to = min(m.to, from)
			if !observe {
				next = min(next, from)
			}
		case t < until:
			m.to = min(m.to, until)
			return true
		}
		return false
	}
	for _, f := range c.freezes {
		if see(f.from, f.until, f.observe) {
			m.Freeze, m.ObservedFreeze = m.Freeze || !f.observe, m.ObservedFreeze || f.observe
		}
	}
	for i := range c.quiet {
		q := &c.quiet[i]
		m.to = min(m.to, t+(horizon-2)*dayLength) // Nothing is known of what begins later.
		q.each(t, func(from, until int64) (enough bool) {
			if see(from, until, q.Observe) {
				m.Quiet, m.ObservedQuiet = m.Quiet || !q.Observe, m.ObservedQuiet || q.Observe
			}
			return from > t
		})
	}
	switch {
	case m.Freeze || m.Quiet:
		m.Free, _ = c.FreeFrom(t)
	case next != never:
		m.Next = next
	}
	return m
}

// horizon is how many days ahead the beginning of quiet hours is looked for. On one day of the week they begin within a week; within two, if the
// clock was put forward over them.
const horizon = 15

// dayLength is about the length of a day, in microseconds.
const dayLength = int64(24 * time.Hour / time.Microsecond)

// each calls f with the quiet hours that end after t, beginning and end, in their order, until it has enough.
func (q *hours) each(t int64, f func(from, until int64) (enough bool)) {
	today := wallclock.DateOf(time.UnixMicro(t).In(q.zone))
	for ahead := -2; ahead <= horizon; ahead++ {
		day := today.Plus(ahead)
		if !q.Days.Has(day.Weekday()) {
			continue
		}
		from, until := q.on(day)
		if from < until && t < until && f(from, until) {
			return
		}
	}
}

// on returns the beginning and the end of the quiet hours of a day; none if they do not end later than they begin.
func (q *hours) on(day wallclock.Date) (from, until int64) {
	last := day
	if q.Until <= q.From {
		last = day.Plus(1)
	}
	return wallclock.Reached(q.zone, day.At(q.From)), wallclock.Passed(q.zone, last.At(q.Until))
}

// outlook is how far FreeFrom looks ahead: longer than a year, for what may depend on summer time.
const outlook = 400 * 24 * time.Hour

// FreeFrom returns the first moment from a time on at which nothing defers. Within a freeze without an end there is none, and neither is
// there in quiet hours that follow one another for more than a year: then it returns 0 and false.
func (c *Calendar) FreeFrom(t int64) (free int64, ok bool) { return c.freeWithin(t, outlook) }

// freeWithin returns what FreeFrom does, where quiet hours that follow one another are not looked at for longer than given.
func (c *Calendar) freeWithin(t int64, longest time.Duration) (free int64, ok bool) {
	free = t
	for waited := int64(0); waited <= longest.Microseconds(); {
		if until := c.frozenUntil(free); until == never {
			return 0, false
		} else if until > free {
			free, waited = until, 0
			continue
		}
		until := c.quietUntil(free)
		if until == free {
			return free, true
		}
		waited += until - free
		free = until
	}
	return 0, false
}

// FreeAfter returns the first moment from until on at which nothing defers, where m is what holds before it; 0: none is foreseen.
func (c *Calendar) FreeAfter(m *Moment, until int64) int64 {
	if (m.Freeze || m.Quiet) && (m.Free == 0 || until <= m.Free) {
		return m.Free
	}
	free, _ := c.FreeFrom(until)
	return free
}

// LeaveTime reports whether the quiet hours that defer end at some time, freezes aside. The limits are those of one channel, with zones that exist.
func (l *Limits) LeaveTime() bool {
	enforced := l.Enforced()
	c, err := NewCalendar(Limits{QuietHours: enforced.QuietHours})
	if err != nil {
		return false
	}
	_, ok := c.freeWithin(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), horizon*24*time.Hour)
	return ok
}

// frozenUntil returns the latest end of the freezes at t that defer; t if there are none.
func (c *Calendar) frozenUntil(t int64) int64 {
	until := t
	for _, f := range c.freezes {
		if !f.observe && f.from <= t && t < f.until {
			until = max(until, f.until)
		}
	}
	return until
}

// quietUntil returns the latest end of the quiet hours at t that defer; t if there are none.
func (c *Calendar) quietUntil(t int64) int64 {
	until := t
	for i := range c.quiet {
		if q := &c.quiet[i]; !q.Observe {
			q.each(t, func(from, end int64) (enough bool) {
				if from <= t {
					until = max(until, end)
				}
				return from > t
			})
		}
	}
	return until
}
