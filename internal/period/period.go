// Package period reads and adds calendar periods, which ISO 8601 calls durations: two years, thirty days, five minutes.
package period

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a calendar period, such as two years or five minutes. It is
// comparable; the zero value is no time at all.
type Period struct {
	months  int64
	days    int64
	seconds int64
	yearEnd bool // of whole years, from the end of a year
}

// YearEnd is what a period ends with that begins at the end of the year in which it would begin, as limitation periods do by
// section 199 of the German civil code: P3Y/EOY.
const YearEnd = "/EOY"

// Equal reports whether two periods are the same, as == does.
func (p Period) Equal(other Period) bool { return p == other }

// Months returns the period of some months.
func Months(n int64) Period { return Period{months: n} }

// Days returns the period of some days.
func Days(n int64) Period { return Period{days: n} }

// Seconds returns the period of some seconds.
func Seconds(n int64) Period { return Period{seconds: n} }

// Months, days and seconds each come to at most a hundred years, so that no
// sum of a period and a time of our days overflows.
const (
	maxMonths  = 1200
	maxDays    = 36_600
	maxSeconds = maxDays * 24 * 60 * 60
)

// unit is what a letter of a period stands for; exactly one number is set.
type unit struct{ months, days, seconds int64 }

// Parse reads an ISO 8601 duration of whole numbers: P24M, P1Y6M, P30D,
// P2W, PT5M, P1DT12H. Signs, fractions and small letters are refused, as is
// a unit out of order or given twice, and more than a hundred years of
// months, of days or of time.
//
// Whole years may be followed by YearEnd, as in P3Y/EOY.
func Parse(iso string) (Period, error) {
	iso, yearEnd := strings.CutSuffix(iso, YearEnd)
	rest, ok := strings.CutPrefix(iso, "P")
	if !ok {
		return Period{}, errors.New("a period must start with P, as in P24M, P30D or PT5M")
	}
	date, clock, timed := strings.Cut(rest, "T")
	if rest == "" || timed && clock == "" {
		return Period{}, errors.New("a period must have at least one number with its unit, as in P24M, P30D or PT5M")
	}
	var p Period
	if err := p.parsePart(date, "YMWD", []unit{{months: 12}, {months: 1}, {days: 7}, {days: 1}}); err != nil {
		return Period{}, err
	}
	if err := p.parsePart(clock, "HMS", []unit{{seconds: 3600}, {seconds: 60}, {seconds: 1}}); err != nil {
		return Period{}, err
	}
	if p.months > maxMonths || p.days > maxDays || p.seconds > maxSeconds {
		return Period{}, errors.New("a period must not be longer than a hundred years")
	}
	if yearEnd && (p.months == 0 || p.months%12 != 0 || p.days != 0 || p.seconds != 0) {
		return Period{}, errors.New("a period that ends with the year is of whole years, as in P3Y" + YearEnd)
	}
	p.yearEnd = yearEnd
	return p, nil
}

// parsePart reads numbers and units; letters are the units in their order.
func (p *Period) parsePart(s, letters string, units []unit) error {
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if digits == 0 || digits == len(s) || digits > 9 {
			return errors.New("a period must consist of whole numbers of at most nine digits, each followed by its unit")
		}
		number, err := strconv.ParseInt(s[:digits], 10, 64)
		if err != nil {
			return fmt.Errorf("reading a number of the period: %w", err)
		}
		i := strings.IndexByte(letters, s[digits])
		if i < 0 {
			return errors.New("the units of a period must be Y, M, W and D, then T and H, M and S, in this order, each at most once")
		}
		p.months += number * units[i].months
		p.days += number * units[i].days
		p.seconds += number * units[i].seconds
		letters, units, s = letters[i+1:], units[i+1:], s[digits+1:]
	}
	return nil
}

// AddTo returns the instant that lies the period after t, in UTC. Years and
// months are added first; where the month that is reached lacks the day, its
// last day is taken. Then come weeks and days, then the time parts.
//
// A period that ends with the year lasts until the end of 31 December: it has
// ended at the first beginning of a year after t and the period.
func (p Period) AddTo(t time.Time) time.Time {
	const day = 24 * time.Hour // no day of UTC is longer or shorter to package time
	t = t.UTC()
	if p.yearEnd {
		return time.Date(t.Year()+int(p.months/12)+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	if p.months > 0 {
		year, month, dayOfMonth := t.Date()
		months := int64(year)*12 + int64(month) - 1 + p.months
		toYear, toMonth := floorDiv(months, 12), months-12*floorDiv(months, 12)+1
		toDay := min(int64(dayOfMonth), lastDay(toYear, toMonth))
		passed := dayNumber(toYear, toMonth, toDay) - dayNumber(int64(year), int64(month), int64(dayOfMonth))
		t = t.Add(time.Duration(passed) * day)
	}
	return t.Add(time.Duration(p.days)*day + time.Duration(p.seconds)*time.Second)
}

// dayNumber counts the days of the Gregorian calendar up to a date. Years
// begin in March here, so that a leap day is the last of its year.
func dayNumber(year, month, day int64) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	const daysOfFiveMonths = 153 // from March on: 31, 30, 31, 30, 31, and again
	return 365*year + floorDiv(year, 4) - floorDiv(year, 100) + floorDiv(year, 400) +
		(daysOfFiveMonths*(month-3)+2)/5 + day
}

// lastDay returns the last day of a month.
func lastDay(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// floorDiv divides and rounds down, also below zero.
func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

// EndsWithYear reports whether the period begins, and so ends, with the end of
// a year.
func (p Period) EndsWithYear() bool { return p.yearEnd }

// Parts returns the months, days and seconds of the period, for arithmetic that is not AddTo's, such as that of working time. Years are
// twelve months, weeks seven days, and hours and minutes are seconds.
func (p Period) Parts() (months, days, seconds int64) { return p.months, p.days, p.seconds }

// IsZero reports whether the period is no time at all.
func (p Period) IsZero() bool { return p == Period{} }

// String returns the period in ISO 8601, in months, days, hours, minutes and
// seconds, with YearEnd where it ends with the year. Parse reads it back as the same period.
func (p Period) String() string {
	if p.IsZero() {
		return "P0D"
	}
	var b strings.Builder
	b.WriteByte('P')
	write := func(number int64, letter byte) {
		if number > 0 {
			b.WriteString(strconv.FormatInt(number, 10))
			b.WriteByte(letter)
		}
	}
	write(p.months, 'M')
	write(p.days, 'D')
	if p.seconds > 0 {
		b.WriteByte('T')
		write(p.seconds/3600, 'H')
		write(p.seconds/60%60, 'M')
		write(p.seconds%60, 'S')
	}
	if p.yearEnd {
		b.WriteString(YearEnd)
	}
	return b.String()
}
