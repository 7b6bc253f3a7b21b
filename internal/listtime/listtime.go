// Package listtime reads the times in the lists of other programs. They are written in many ways, often without a zone, sometimes without a
// time of day, and some say that there is none. How to read what is not exact depends on what it is about: of a refusal the latest time
// that may be meant counts, of a consent the earliest, so that no consent outlives a refusal because of it.
package listtime

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Format is a way of writing times.
type Format int

const (
	// ISO is a date with hyphens and the year first, alone or with a time of day, with seconds or without, with a fraction of any length
	// or none, with Z or an offset or none: 2026-10-01T08:00:00Z, 2026-10-01 08:00, 2026-10-01.
	ISO Format = iota + 1
	// Compact is the short form of ISO 8601: 20261001T080000, with Z or an offset or none.
	Compact
	// Go is what the package time of Go prints: 2026-10-01 08:00:00.25 +0200 CEST.
	Go
	// Epoch is a number of seconds since 1970 with ten digits, perhaps with a fraction, or of milliseconds with thirteen.
	Epoch
	// Mail is a date of RFC 2822: Thu, 01 Oct 2026 08:00:00 +0000.
	Mail
	// DayFirst is a date with the day before the month and a time of day or none: 01.10.2026 08:00, 1/10/2026, 01-10-2026 8:00:00 PM.
	DayFirst
	// MonthFirst is the same with the month before the day: 10/01/2026 8:00 PM.
	MonthFirst
)

// Reading says which of the times that may be meant is taken.
type Reading int

const (
	// Latest is for refusals.
	Latest Reading = iota + 1
	// Earliest is for consents.
	Earliest
)

// Time is what a text says.
type Time struct {
	// At is in UTC. It is zero where the text says that there is no time: it is empty, or a date before 1971, which stands for zero.
	At time.Time
	// Naive is set where the text has no zone, so that the zone of the Rules was taken.
	Naive bool
	// DateOnly is set where the text has no time of day.
	DateOnly bool
	// Milliseconds is set for a number of milliseconds.
	Milliseconds bool
}

// Rules say how the times of a file are read.
type Rules struct {
	// Formats are tried in this order.
	Formats []Format
	// Zone is that of times without one; nil is UTC.
	Zone *time.Location
	// Now is when the file is read; later times are refused.
	Now time.Time
}

// The reasons why a text is no time. None repeats the text.
var (
	ErrFormat = errors.New("it is not a time in a form that is known here")
	ErrOrder  = errors.New("it may have the day or the month first, and nothing says which")
	ErrGap    = errors.New("there was no such time: the clocks were put forward over it")
	ErrFuture = errors.New("it is in the future")
)

// firstYear is the first one that is a year: what is earlier stands for zero, which some time zones show as a time of 1969.
const firstYear = 1971

// Read reads a time. Of a text that may mean several times, as one in the hour that the clocks show twice or a date alone, the reading says
// which is taken; none is after Now.
func (r *Rules) Read(text string, reading Reading) (Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Time{}, nil
	}
	for _, format := range r.Formats {
		w, ok := parse(format, text)
		if !ok {
			continue
		}
		return r.settle(&w, reading)
	}
	if ordered.MatchString(text) && !slices.Contains(r.Formats, DayFirst) && !slices.Contains(r.Formats, MonthFirst) {
		return Time{}, ErrOrder
	}
	return Time{}, ErrFormat
}

// settle finds the time that was meant.
func (r *Rules) settle(w *written, reading Reading) (Time, error) {
	read := Time{Naive: !w.zoned, DateOnly: w.dateOnly, Milliseconds: w.milliseconds}
	if w.at.Year() < firstYear {
		return read, nil
	}
	earliest, latest := w.at, w.at
	if !w.zoned {
		var ok bool
		if earliest, latest, ok = r.span(w); !ok {
			return Time{}, ErrGap
		}
	}
	if earliest.After(r.Now) {
		return Time{}, ErrFuture
	}
	read.At = earliest.UTC()
	if reading == Latest {
		read.At = latest.UTC()
		if latest.After(r.Now) {
			read.At = r.Now.UTC()
		}
	}
	return read, nil
}

// span returns the earliest and the latest time that a text without a zone may mean; false where there is none.
func (r *Rules) span(w *written) (earliest, latest time.Time, ok bool) {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	if !w.dateOnly {
		return instants(w.at, zone)
	}
	return beginOf(w.at, zone), beginOf(w.at.AddDate(0, 0, 1), zone).Add(-time.Microsecond), true
}

// beginOf returns when a day began, which is not midnight where the clocks were put forward over it.
func beginOf(day time.Time, zone *time.Location) time.Time {
	first, last, ok := instants(day, zone)
	if !ok {
		return last
	}
	return first
}

// instants returns the first and the last time at which clocks in the zone showed a time, which is given as if it were UTC. Where they
// were put forward over it, it returns false, and the times at which they would have shown it before and after.
func instants(shown time.Time, zone *time.Location) (first, last time.Time, ok bool) {
	const day = 24 * time.Hour
	var found [2]time.Time
	var isShown [2]bool
	for i, around := range [...]time.Time{shown.Add(-day), shown.Add(day)} {
		_, offset := around.In(zone).Zone()
		found[i] = shown.Add(-time.Duration(offset) * time.Second)
		_, there := found[i].In(zone).Zone()
		isShown[i] = there == offset
	}
	switch {
	case isShown[0] && !isShown[1]:
		return found[0], found[0], true
	case isShown[1] && !isShown[0]:
		return found[1], found[1], true
	case found[1].Before(found[0]):
		return found[1], found[0], isShown[0]
	default:
		return found[0], found[1], isShown[0]
	}
}
