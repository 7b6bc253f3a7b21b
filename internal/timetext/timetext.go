// Package timetext reads times that are written as text, alike on the command line, in REST and in files.
package timetext

import (
	"errors"
	"regexp"
	"time"
)

// Example is a time that Parse reads, for messages that say how one is written.
const Example = "2026-10-01T08:00:00Z"

// ErrFormat is returned for a text that is no time of RFC 3339.
var ErrFormat = errors.New("it must be a time such as " + Example)

// format is the date-time of RFC 3339 with T and Z in upper case and at most nine decimals. The package time checks the ranges of
// the date and the time of day, but not this: it reads T1:00:00Z, 00,5Z and +24:00 as well (golang/go#54580).
var format = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// Parse reads a time of RFC 3339. Leap seconds are refused.
func Parse(text string) (time.Time, error) {
	if !format.MatchString(text) {
		return time.Time{}, ErrFormat
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, ErrFormat
	}
	return t, nil
}

// ParseTimestamp reads a time of RFC 3339 that a Timestamp of the API can hold: of the years 1 to 9999 in UTC.
func ParseTimestamp(text string) (time.Time, error) {
	t, err := Parse(text)
	if err != nil {
		return time.Time{}, err
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return time.Time{}, errors.New("it must be a time after the year 0")
	}
	return t, nil
}
