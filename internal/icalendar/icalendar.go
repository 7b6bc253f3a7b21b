// Package icalendar writes calendars as iCalendar (RFC 5545), with the properties of RFC 7986 and the older ones beside them that calendar programs
// heed: feeds of events that programs read again and again.
package icalendar

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Status says how certain an event is (RFC 5545, section 3.8.1.11).
type Status string

// The statuses.
const (
	Tentative Status = "TENTATIVE"
	Confirmed Status = "CONFIRMED"
	Cancelled Status = "CANCELLED"
)

// Event is an event that takes no time of those who read of it.
type Event struct {
	UID         string // never changes
	Sequence    int64  // counts the changes, from 0 on
	Changed     time.Time
	Begin, End  time.Time
	Status      Status
	Summary     string
	Description string
	Category    string
}

// Feed is a calendar that programs read again and again.
type Feed struct {
	Name    string
	Refresh string // how often to read it again at most, as a duration of RFC 5545 such as PT1H
	Events  []Event
}

// maxLine is how many octets a line has at most, without its end (RFC 5545, section 3.1).
const maxLine = 75

// Bytes writes the feed. The same feed is the same bytes.
func (f *Feed) Bytes() []byte {
	var w writer
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//assent.io//Assent//EN")
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", "PUBLISH")
	w.text("NAME", f.Name)
	w.text("X-WR-CALNAME", f.Name)
	w.line("REFRESH-INTERVAL;VALUE=DURATION", f.Refresh)
	w.line("X-PUBLISHED-TTL", f.Refresh)
	for i := range f.Events {
		e := &f.Events[i]
		w.line("BEGIN", "VEVENT")
		w.text("UID", e.UID)
		w.line("DTSTAMP", stamp(e.Changed))
		w.line("LAST-MODIFIED", stamp(e.Changed))
		w.line("SEQUENCE", strconv.FormatInt(e.Sequence, 10))
		w.line("DTSTART", stamp(e.Begin))
		w.line("DTEND", stamp(e.End))
		w.line("STATUS", string(e.Status))
		w.line("TRANSP", "TRANSPARENT")
		w.text("SUMMARY", e.Summary)
		if e.Description != "" {
			w.text("DESCRIPTION", e.Description)
		}
		if e.Category != "" {
			w.text("CATEGORIES", e.Category)
		}
		w.line("END", "VEVENT")
	}
	w.line("END", "VCALENDAR")
	return w.out.Bytes()
}

// stamp writes a time in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

type writer struct{ out bytes.Buffer }

// text writes a property whose value is a text (RFC 5545, section 3.3.11).
func (w *writer) text(name, value string) { w.line(name, escaped(value)) }

// escaped writes a text so that nothing of it ends the value, or the line.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(r) && r != '\t':
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// line writes a line in parts of at most maxLine octets, of which each after the first begins with a space. No character is cut.
func (w *writer) line(name, value string) {
	rest := name + ":" + value
	for room := maxLine; len(rest) > room; room = maxLine - 1 {
		cut := room
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		w.out.WriteString(rest[:cut] + "\r\n ")
		rest = rest[cut:]
	}
	w.out.WriteString(rest + "\r\n")
}
