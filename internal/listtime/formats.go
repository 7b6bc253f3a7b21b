package listtime

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// written is what a text says before the zone is known.
type written struct {
	// at is a time, or what clocks showed as if it were UTC.
	at           time.Time
	zoned        bool
	dateOnly     bool
	milliseconds bool
}

// The texts that may be times, with what they consist of as named groups. Whether there is such a day, parse finds out.
var (
	iso = regexp.MustCompile(`^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)` +
		`(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)? ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$`)
	compact = regexp.MustCompile(`^(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)` +
		`(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?$`)
	// The name of the zone, and the reading of the monotonic clock behind it, say nothing more than the offset.
	golang = regexp.MustCompile(`^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)` +
		`(?:\.(?P<fraction>\d+))? (?P<zone>[+-]\d{4}) \S+(?: m=[+-]\d+\.\d+)?$`)
	epoch   = regexp.MustCompile(`^(?P<seconds>\d{10}|0)(?:\.(?P<fraction>\d+))?$|^(?P<milliseconds>\d{13})$`)
	ordered = regexp.MustCompile(`^(?P<first>\d{1,2})[./-](?P<then>\d{1,2})[./-](?P<year>\d{4})` +
		`(?:(?:,? |T)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?` +
		` ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$`)
)

// parse reads a text in one format; false where it is none in it.
func parse(format Format, text string) (written, bool) {
	switch format {
	case ISO:
		return parseDate(fieldsOf(iso, text))
	case Compact:
		return parseDate(fieldsOf(compact, text))
	case Go:
		return parseDate(fieldsOf(golang, text))
	case Epoch:
		return parseEpoch(fieldsOf(epoch, text))
	case Mail:
		return parseMail(text)
	case DayFirst:
		f := fieldsOf(ordered, text)
		f.set("day", f["first"])
		f.set("month", f["then"])
		return parseDate(f)
	case MonthFirst:
		f := fieldsOf(ordered, text)
		f.set("day", f["then"])
		f.set("month", f["first"])
		return parseDate(f)
	}
	return written{}, false
}

// fields are the named parts of a text; nil for a text of another form.
type fields map[string]string

func fieldsOf(form *regexp.Regexp, text string) fields {
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return nil
	}
	f := fields{}
	for i, name := range form.SubexpNames() {
		if name != "" && parts[i] != "" {
			f[name] = parts[i]
		}
	}
	return f
}

func (f fields) set(name, value string) {
	if f != nil {
		f[name] = value
	}
}

// number returns a part as a number; 0 where it is missing.
func (f fields) number(name string) int {
	n, err := strconv.Atoi(f[name])
	if err != nil {
		return 0
	}
	return n
}

// nanoseconds returns a fraction of a second of any length.
func (f fields) nanoseconds() int {
	n, err := strconv.Atoi((f["fraction"] + "000000000")[:9])
	if err != nil {
		return 0
	}
	return n
}

// parseDate puts together a date and a time of day.
func parseDate(f fields) (written, bool) {
	if f == nil {
		return written{}, false
	}
	year, month, day := f.number("year"), f.number("month"), f.number("day")
	if year < firstYear {
		// There need not be such a day: MySQL has 0000-00-00.
		return written{at: time.Unix(0, 0).UTC()}, true
	}
	hour, ok := hourOf(f)
	minute, second := f.number("minute"), f.number("second")
	if !ok || minute > 59 || second > 59 {
		return written{}, false
	}
	w := written{at: time.Date(year, time.Month(month), day, hour, minute, second, f.nanoseconds(), time.UTC), dateOnly: f["hour"] == ""}
	if w.at.Month() != time.Month(month) || w.at.Day() != day {
		return written{}, false
	}
	offset, zoned, ok := offsetOf(f["zone"])
	w.at, w.zoned = w.at.Add(-offset), zoned
	return w, ok
}

// hourOf returns the hour of 24 of a time of 24 or of 12 hours.
func hourOf(f fields) (int, bool) {
	hour := f.number("hour")
	switch strings.ToLower(f["half"]) {
	case "":
		return hour, hour <= 23
	case "p":
		return hour%12 + 12, hour >= 1 && hour <= 12
	default:
		return hour % 12, hour >= 1 && hour <= 12
	}
}

// offsetOf reads Z, UTC or an offset such as +0200, +02:00 or +02.
func offsetOf(zone string) (offset time.Duration, zoned, ok bool) {
	switch zone {
	case "":
		return 0, false, true
	case "Z", "UTC":
		return 0, true, true
	}
	digits := strings.ReplaceAll(zone[1:], ":", "") + "00"
	hours, hoursErr := strconv.Atoi(digits[:2])
	minutes, minutesErr := strconv.Atoi(digits[2:4])
	if hoursErr != nil || minutesErr != nil || hours > 15 || minutes > 59 {
		return 0, false, false
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if zone[0] == '-' {
		offset = -offset
	}
	return offset, true, true
}

func parseEpoch(f fields) (written, bool) {
	switch {
	case f["milliseconds"] != "":
		return written{at: time.UnixMilli(int64(f.number("milliseconds"))).UTC(), zoned: true, milliseconds: true}, true
	case f["seconds"] != "":
		return written{at: time.Unix(int64(f.number("seconds")), int64(f.nanoseconds())).UTC(), zoned: true}, true
	}
	return written{}, false
}

// parseMail reads a date of RFC 2822, section 3.3, with the names of zones that section 4.3 has. The day of the week says nothing more.
func parseMail(text string) (written, bool) {
	if at := strings.IndexByte(text, '('); at >= 0 && strings.HasSuffix(text, ")") {
		text = text[:at]
	}
	words := strings.Fields(text)
	if len(words) > 0 && strings.HasSuffix(words[0], ",") {
		words = words[1:]
	}
	if len(words) != 5 {
		return written{}, false
	}
	if offset, ok := mailZone(words[4]); ok {
		words[4] = offset
	}
	for _, layout := range []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04 -0700"} {
		if at, err := time.Parse(layout, strings.Join(words, " ")); err == nil {
			return written{at: at.UTC(), zoned: true}, true
		}
	}
	return written{}, false
}

func mailZone(name string) (offset string, ok bool) {
	offset, ok = map[string]string{
		"UT": "+0000", "UTC": "+0000", "GMT": "+0000", "Z": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
		"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
	}[name]
	return offset, ok
}
