// Package campaign reckons when marketing may not go out although it is lawful: quiet hours of the week and freezes, sends that are not cleared, and
// caps on what one person gets. It knows no addresses, and of a person only the contacts that it is told of; see [Question].
//
// Times are microseconds since 1970-01-01T00:00:00Z. All that it says of local times goes by the wall clock of a zone and by dates, never by
// steps of 24 hours; see [QuietHours].
package campaign

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// QuietHours are a part of the day in which no marketing goes out.
//
// They begin at the first moment at which the wall clock of the zone has reached From on a day of Days, and end with the last moment at which
// it has not reached Until: on the same day, or on the next one where Until is not later than From. So they belong to the day on which they
// begin. Where the clock is put forward over From, they begin when it is put forward; over all of them, there are none on that day. Where it is put
// back, they begin the first time that it shows From, and end the last time that it shows Until: in doubt they last longer.
type QuietHours struct {
	Zone        string          // by its name in the IANA time zone database
	From, Until wallclock.Clock // From is before wallclock.EndOfDay; they differ
	Days        wallclock.Days  // on which they begin; at least one
	// Channels are those that they hold for; none: all of marketing.
	Channels []string
	// Observe says that they are only counted, and defer nothing.
	Observe bool
}

// Freeze is a span of time in which no marketing goes out.
type Freeze struct {
	From   time.Time // in UTC, in whole microseconds
	Until  time.Time // the first moment after it; zero: it has no end
	Reason string    // for people
	// Except are the channels, and ExceptDepartments the departments with channels, that it does not hold for.
	Except            []string
	ExceptDepartments []string
	// Observe says that it is only counted, and defers nothing.
	Observe bool
}

// Limits are the quiet hours and freezes of a catalog, or of one of its channels.
type Limits struct {
	QuietHours []QuietHours
	Freezes    []Freeze
}

// Of returns the limits that hold for a marketing channel of a department.
func (l *Limits) Of(channel, department string) Limits {
	var own Limits
	for _, q := range l.QuietHours {
		if len(q.Channels) == 0 || slices.Contains(q.Channels, channel) {
			q.Channels = nil
			own.QuietHours = append(own.QuietHours, q)
		}
	}
	for _, f := range l.Freezes {
		if !slices.Contains(f.Except, channel) && !slices.Contains(f.ExceptDepartments, department) {
			f.Except, f.ExceptDepartments = nil, nil
			own.Freezes = append(own.Freezes, f)
		}
	}
	return own
}

// Enforced returns the limits without those that are only observed.
func (l *Limits) Enforced() Limits {
	return Limits{
		QuietHours: slices.DeleteFunc(slices.Clone(l.QuietHours), func(q QuietHours) bool { return q.Observe }),
		Freezes:    slices.DeleteFunc(slices.Clone(l.Freezes), func(f Freeze) bool { return f.Observe }),
	}
}

// Equal reports whether both limits say the same, in the same order. It looks at what a calendar knows, and not at what people read.
func (l *Limits) Equal(other *Limits) bool {
	return slices.EqualFunc(l.QuietHours, other.QuietHours, func(a, b QuietHours) bool {
		return a.Zone == b.Zone && a.From == b.From && a.Until == b.Until && a.Days == b.Days && a.Observe == b.Observe && slices.Equal(a.Channels, b.Channels)
	}) && slices.EqualFunc(l.Freezes, other.Freezes, func(a, b Freeze) bool {
		return a.From.Equal(b.From) && a.Until.Equal(b.Until) && a.Observe == b.Observe &&
			slices.Equal(a.Except, b.Except) && slices.Equal(a.ExceptDepartments, b.ExceptDepartments)
	})
}

// IsZero reports whether there are none.
func (l *Limits) IsZero() bool { return len(l.QuietHours) == 0 && len(l.Freezes) == 0 }
