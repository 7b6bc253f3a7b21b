// Package holiday says which days of a place are public holidays, and which days a desk works or is closed besides.
package holiday

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// Selection is how a catalog names the holidays of a desk: those of a place, with what is added and removed.
type Selection struct {
	// Base is a place by its code of ISO 3166, such as AT, DE-BY or CH-ZH; see [Bases]. Empty: no holidays but those of Add.
	Base string
	// Add are days on which the desk is closed although the place has no holiday, such as the foundation day of the company.
	Add []wallclock.Date
	// RemoveDates are days on which the desk works although they are holidays of Base.
	RemoveDates []wallclock.Date
	// RemoveNames are holidays of Base that never count, by a name that [Names] returns, in any case of letters.
	RemoveNames []string
}

// IsZero reports whether nothing is said of holidays.
func (s *Selection) IsZero() bool {
	return s.Base == "" && len(s.Add) == 0 && len(s.RemoveDates) == 0 && len(s.RemoveNames) == 0
}

// Calendar says of each day whether it is a holiday. It is safe for concurrent use.
type Calendar struct {
	days       []day
	add, works map[wallclock.Date]bool
}

// New returns the calendar of a selection. The error says what of it is not known, and what would be.
func New(s Selection) (*Calendar, error) {
	c := &Calendar{days: holidaysOf(s.Base), add: map[wallclock.Date]bool{}, works: map[wallclock.Date]bool{}}
	if s.Base != "" && c.days == nil {
		return nil, UnknownBaseError{Base: s.Base}
	}
	for _, d := range s.RemoveDates {
		if _, is := c.find(d); !is {
			return nil, fmt.Errorf("%s is no holiday%s, so that it cannot be removed; leave it out", d, in(s.Base))
		}
		if slices.Contains(s.Add, d) {
			return nil, fmt.Errorf("%s is both added and removed; leave out one of the two", d)
		}
		c.works[d] = true
	}
	for _, name := range s.RemoveNames {
		kept := slices.DeleteFunc(slices.Clone(c.days), func(d day) bool { return strings.EqualFold(d.Name, name) })
		if len(kept) == len(c.days) {
			return nil, UnknownNameError{Base: s.Base, Name: name}
		}
		c.days = kept
	}
	for _, d := range s.Add {
		c.add[d] = true
	}
	return c, nil
}

func in(base string) string {
	if base == "" {
		return ", for there is no base"
	}
	return " of " + base
}

// UnknownBaseError says that the holidays of a place are not known.
type UnknownBaseError struct{ Base string }

func (e UnknownBaseError) Error() string {
	if e.Base == "CH" {
		return "Switzerland has its holidays by canton, such as CH-ZH; of the others write the dates under add"
	}
	return fmt.Sprintf("the holidays of %q are not known; right are %s, and for any other place the dates under add", e.Base, strings.Join(Bases(), ", "))
}

// UnknownNameError says that a place has no holiday of a name.
type UnknownNameError struct{ Base, Name string }

func (e UnknownNameError) Error() string {
	if e.Base == "" {
		return fmt.Sprintf("%q cannot be removed, for there is no base; name the place, such as base: AT", e.Name)
	}
	return fmt.Sprintf("%q is no holiday of %s; right are a date, or %s", e.Name, e.Base, strings.Join(Names(e.Base), ", "))
}

// Names returns how the holidays of a place are called, in one of its languages; none if the place is not known.
func Names(base string) []string {
	var names []string
	for _, d := range holidaysOf(base) {
		names = append(names, d.Name)
	}
	return names
}

// Closed reports whether the desk does not work on a day: a holiday of the place that was not removed, or a day that was added.
func (c *Calendar) Closed(d wallclock.Date) bool {
	if c.works[d] {
		return false
	}
	_, is := c.find(d)
	return is || c.add[d]
}

// Public reports whether a day is a public holiday by which a period of law is longer. Days that were added are none, for they may be closures
// of the company alone; nor is a holiday that some municipalities of the place do not have. In doubt a period ends earlier.
func (c *Calendar) Public(d wallclock.Date) bool {
	found, is := c.find(d)
	return is && !found.partly && !c.works[d]
}

// Name returns what the holiday of a day is called; empty if it is none of the place.
func (c *Calendar) Name(d wallclock.Date) string {
	if found, is := c.find(d); is && !c.works[d] {
		return found.Name
	}
	return ""
}

func (c *Calendar) find(d wallclock.Date) (day, bool) {
	for _, h := range c.days {
		// The library gives midnight in the zone of the machine, or, where the clock is put forward then, an hour before it.
		actual, _ := h.Calc(d.Year)
		if !actual.IsZero() && wallclock.DateOf(actual.Add(2*time.Hour)) == d {
			return h, true
		}
	}
	return day{}, false
}
