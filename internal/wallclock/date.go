package wallclock

import (
	"errors"
	"time"
)

// Date is a day of the Gregorian calendar. It is comparable; those that this package returns exist.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that the clock of the time's zone shows.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads a date such as 2026-12-24.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, errors.New("a date is written as 2026-12-24, and has to be one of the calendar")
	}
	return DateOf(t), nil
}

// At returns what the wall clock shows at a time of the day, as if it showed UTC.
func (d Date) At(c Clock) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, int(c), 0, 0, time.UTC)
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.At(0).Weekday() }

// Plus returns the day that lies some days later, or earlier if they are below zero.
func (d Date) Plus(days int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

// PlusMonths returns the same day some months later; where that month lacks it, the last day of the month.
func (d Date) PlusMonths(months int) Date {
	last := DateOf(time.Date(d.Year, d.Month+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC))
	return Date{last.Year, last.Month, min(d.Day, last.Day)}
}

// Before reports whether the day lies before another one.
func (d Date) Before(other Date) bool { return d.At(0).Before(other.At(0)) }

// IsZero reports whether it is no day at all.
func (d Date) IsZero() bool { return d == Date{} }

// String returns the date as ParseDate reads it.
func (d Date) String() string { return d.At(0).Format(time.DateOnly) }

// Since returns how many days the day lies after another one; below zero if it lies before it.
func (d Date) Since(other Date) int { return int(d.At(0).Sub(other.At(0)) / (24 * time.Hour)) }
