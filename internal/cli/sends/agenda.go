package sends

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/wallclock"
)

// agenda is a calendar of sends, as text.
type agenda struct {
	zone        *time.Location
	title       string
	month       bool
	from, until time.Time // of the days that it has, in the zone
	limits      campaign.Limits
	sends       []*assentv1.Send // by the beginning of their window
}

// text writes the calendar.
func (a *agenda) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", a.title, a.zone)
	for _, q := range a.limits.QuietHours {
		b.WriteString("Quiet hours: " + quiet(&q) + "\n")
	}
	if a.month {
		b.WriteString("\n" + a.grid())
	}
	told := map[string]bool{}
	for day := range a.days() {
		lines := a.day(day, told)
		if len(lines) == 0 && a.month {
			continue
		}
		b.WriteString("\n" + day.from.Format("Monday, 2 January") + "\n")
		for _, line := range lines {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}

// span is a day of the calendar: from its first moment to just before the next one's.
type span struct{ from, until time.Time }

func (s span) meets(from, until time.Time) bool { return from.Before(s.until) && s.from.Before(until) }

// days yields the days of the calendar.
func (a *agenda) days() func(func(span) bool) {
	return func(yield func(span) bool) {
		for from := a.from; from.Before(a.until); {
			date := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, time.UTC)
			until := wallclock.StartOfDay(a.zone, date).In(a.zone)
			if !yield(span{from, until}) {
				return
			}
			from = until
		}
	}
}

// quiet says in words what quiet hours are.
func quiet(q *campaign.QuietHours) string {
	text := fmt.Sprintf("%s to %s %s", q.From, q.Until, q.Zone)
	if q.Days != wallclock.EveryDay {
		text += ", begun on " + strings.Join(q.Days.Names(), ", ")
	}
	if len(q.Channels) > 0 {
		text += ", on " + strings.Join(q.Channels, ", ")
	}
	if q.Observe {
		text += " (only observed)"
	}
	return text
}

// grid draws the weeks of a month, with a sign at each day.
func (a *agenda) grid() string {
	lines := []string{"       Mon   Tue   Wed   Thu   Fri   Sat   Sun"}
	for day := range a.days() {
		at := (int(day.from.Weekday()) + 6) % 7
		if at == 0 || len(lines) == 1 {
			_, week := day.from.ISOWeek()
			lines = append(lines, fmt.Sprintf(" W%02d  ", week)+strings.Repeat("      ", at))
		}
		lines[len(lines)-1] += fmt.Sprintf("%2d%-4s", day.from.Day(), a.sign(day))
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n       *2: so many sends   #: a freeze\n"
}

// sign marks a day: how many sends it has, and a freeze.
func (a *agenda) sign(day span) string {
	n := 0
	for _, s := range a.sends {
		if s.GetState() != string(campaign.Cancelled) && day.meets(s.GetFromTime().AsTime(), s.GetUntilTime().AsTime()) {
			n++
		}
	}
	sign := ""
	switch {
	case n > 9:
		sign = "*9+"
	case n > 0:
		sign = fmt.Sprintf("*%d", n)
	}
	if len(a.freezes(day)) > 0 {
		sign += "#"
	}
	return sign
}

// freezes says which freezes a day lies in.
func (a *agenda) freezes(day span) []string {
	var lines []string
	for _, f := range a.limits.Freezes {
		until := f.Until
		if until.IsZero() {
			until = day.until
		}
		if !day.meets(f.From, until) {
			continue
		}
		line := "freeze, " + a.hours(day, f.From, until) + ": " + phrase.Printable(f.Reason)
		if len(f.Except)+len(f.ExceptDepartments) > 0 {
			line += ", but for " + strings.Join(append(append([]string{}, f.Except...), f.ExceptDepartments...), ", ")
		}
		if f.Observe {
			line += " (only observed)"
		}
		lines = append(lines, line)
	}
	return lines
}

// hours says which part of a day lies between two times.
func (a *agenda) hours(day span, from, until time.Time) string {
	const clock = "15:04"
	begins, ends := from.After(day.from), until.Before(day.until)
	switch {
	case begins && ends:
		return from.In(a.zone).Format(clock) + "-" + until.In(a.zone).Format(clock)
	case begins:
		return "from " + from.In(a.zone).Format(clock)
	case ends:
		return "until " + until.In(a.zone).Format(clock)
	default:
		return "all day"
	}
}

// day returns the lines of a day. What a send is about stands on its first day.
func (a *agenda) day(day span, told map[string]bool) []string {
	lines := a.freezes(day)
	width := 0
	for _, s := range a.sends {
		width = max(width, utf8.RuneCountInString(s.GetId()))
	}
	for _, s := range a.sends {
		if !day.meets(s.GetFromTime().AsTime(), s.GetUntilTime().AsTime()) {
			continue
		}
		hours := a.hours(day, s.GetFromTime().AsTime(), s.GetUntilTime().AsTime())
		line := fmt.Sprintf("%-11s  %-*s  %-9s", hours, width, phrase.Printable(s.GetId()), shortState(s))
		if told[s.GetId()] {
			lines = append(lines, strings.TrimRight(line, " "))
			continue
		}
		told[s.GetId()] = true
		lines = append(lines, line+fmt.Sprintf("  %s, %s; priority %d", phrase.Printable(s.GetDepartment()), phrase.Printable(s.GetChannel()), s.GetPriority()))
		for _, more := range a.about(s) {
			lines = append(lines, strings.Repeat(" ", 13)+more)
		}
	}
	return lines
}

// about says what there is to know of a send besides.
func (a *agenda) about(s *assentv1.Send) []string {
	first := phrase.Printable(s.GetSubject())
	if r := recipients(s); r != "-" {
		first += " (" + r + " recipients)"
	}
	lines := []string{first}
	switch {
	case s.GetObjections() > 0:
		lines = append(lines, phrase.Count(int(s.GetObjections()), "objection"))
	case s.GetState() == string(campaign.Planned) && !s.GetCleared():
		lines = append(lines, "silence clears it on "+s.GetCommentUntilTime().AsTime().In(a.zone).Format("Monday, 2 January, 15:04"))
	}
	for _, o := range s.GetPreview().GetOverlaps() {
		lines = append(lines, "meets "+overlap(o))
	}
	return lines
}
