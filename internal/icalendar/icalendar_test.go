package icalendar_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ical "github.com/arran4/golang-ical"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/icalendar"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestFeed_IsWhatTheRFCSays(t *testing.T) {
	feed := icalendar.Feed{Name: "Sends", Refresh: "PT1H", Events: []icalendar.Event{{
		UID: "spring@x", Sequence: 3, Changed: time.Date(2026, 12, 1, 8, 0, 0, 999, time.FixedZone("", 3600)), Begin: time.Date(2026, 12, 3, 8, 0, 0, 0, time.UTC),
		End: time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC), Status: icalendar.Tentative, Summary: `Spring; "at last", \o/`, Description: "one\ntwo", Category: "marketing",
	}}}
	want := strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//assent.io//Assent//EN
CALSCALE:GREGORIAN
METHOD:PUBLISH
NAME:Sends
X-WR-CALNAME:Sends
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
BEGIN:VEVENT
UID:spring@x
DTSTAMP:20261201T070000Z
LAST-MODIFIED:20261201T070000Z
SEQUENCE:3
DTSTART:20261203T080000Z
DTEND:20261203T093000Z
STATUS:TENTATIVE
TRANSP:TRANSPARENT
SUMMARY:Spring\; "at last"\, \\o/
DESCRIPTION:one\ntwo
CATEGORIES:marketing
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")
	if got := string(feed.Bytes()); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestFeed_WhateverItsTexts_IsReadAsTheyAre has another reader read what was written.
func TestFeed_WhateverItsTexts_IsReadAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("abc \\;,:\"\nÄ€😀\u0301\t")), rapid.Rune()))
		check(t, text.Draw(t, "summary"), text.Draw(t, "description"))
	})
}

func FuzzFeed(f *testing.F) {
	f.Add("Spring", "line\r\nEND:VEVENT\r\nBEGIN:VALARM")
	f.Add(strings.Repeat("ä", 200), strings.Repeat("😀", 50))
	f.Fuzz(func(t *testing.T, summary, description string) { check(t, summary, description) })
}

func check(t rapid.TB, summary, description string) {
	at := time.Date(2026, 12, 3, 8, 0, 0, 0, time.UTC)
	feed := icalendar.Feed{Name: summary, Refresh: "PT1H", Events: []icalendar.Event{
		{UID: "a", Changed: at, Begin: at, End: at.Add(time.Hour), Status: icalendar.Confirmed, Summary: summary, Description: description, Category: "c"},
		{UID: "b", Changed: at, Begin: at, End: at.Add(time.Hour), Status: icalendar.Cancelled, Summary: description},
	}}
	written := feed.Bytes()
	for line := range bytes.SplitSeq(written, []byte("\r\n")) {
		if len(line) > 75 || !utf8.Valid(line) || bytes.ContainsAny(line, "\r\n\x00\x1b") {
			t.Fatalf("the line %q has %d octets, or what it must not have", line, len(line))
		}
	}
	read, err := ical.ParseCalendar(bytes.NewReader(written))
	if err != nil {
		t.Fatalf("%v of\n%s", err, written)
	}
	events := read.Events()
	if len(events) != 2 {
		t.Fatalf("%d events in\n%s", len(events), written)
	}
	for i, want := range []string{summary, description} {
		got := events[i].GetProperty(ical.ComponentPropertySummary)
		if want = plain(want); got == nil && want != "" || got != nil && got.Value != want {
			t.Fatalf("event %d: the summary is %v, want %q in\n%s", i, got, want, written)
		}
	}
}

// plain is a text as it is meant to be read: without what is no text.
func plain(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}
