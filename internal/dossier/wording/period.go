package wording

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

// Period writes a period of ISO 8601 in words; one that it cannot read as it is.
func Period(iso string) locale.Text {
	if whole, ok := strings.CutSuffix(iso, period.YearEnd); ok {
		return locale.Fill("period.toYearEnd", locale.Values{"period": Period(whole)})
	}
	rest, ok := strings.CutPrefix(iso, "P")
	if !ok {
		return locale.Same(iso)
	}
	date, clock, _ := strings.Cut(rest, "T")
	// Three years stay three years where a policy of months has them.
	if months, err := strconv.Atoi(strings.TrimSuffix(date, "M")); err == nil && clock == "" && strings.HasSuffix(date, "M") && months > 0 && months%12 == 0 {
		date = strconv.Itoa(months/12) + "Y"
	}
	var list []locale.Text
	for _, part := range []struct {
		text, letters string
		units         []string
	}{
		{date, "YMWD", []string{"period.year", "period.month", "period.week", "period.day"}},
		{clock, "HMS", []string{"period.hour", "period.minute", "period.second"}},
	} {
		for part.text != "" {
			var n int
			var letter rune
			if _, err := fmt.Sscanf(part.text, "%d%c", &n, &letter); err != nil {
				return locale.Same(iso)
			}
			at := strings.IndexRune(part.letters, letter)
			if at < 0 {
				return locale.Same(iso)
			}
			list = append(list, locale.Count(part.units[at], n, nil))
			part.text = part.text[strings.IndexRune(part.text, letter)+1:]
		}
	}
	return locale.Join(list)
}

// YearEnd says of a period that it begins at the end of the year in which it would begin; nothing of another one.
func YearEnd(iso string) locale.Text {
	if strings.HasSuffix(iso, period.YearEnd) {
		return locale.Get("period.fromYearEnd")
	}
	return locale.Text{}
}

// MonthAfter returns the last day of a period of one month that begins with an event on the given day: the day with the same number, or the
// last day of a month that lacks it (Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c)).
func MonthAfter(day time.Time) time.Time {
	after := day.AddDate(0, 1, 0)
	if after.Day() != day.Day() {
		return after.AddDate(0, 0, -after.Day())
	}
	return after
}
