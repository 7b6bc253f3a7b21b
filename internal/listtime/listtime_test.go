package listtime_test

import (
	"errors"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/listtime"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	read, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func allButOrder() []listtime.Format {
	return []listtime.Format{listtime.ISO, listtime.Compact, listtime.Go, listtime.Epoch, listtime.Mail}
}

func TestRead_TheFormsOfTheTools(t *testing.T) {
	rules := listtime.Rules{Formats: allButOrder(), Now: at(t, "2026-11-30T12:00:00Z")}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"  ", ""},
		{"2025-10-26 02:30:00.25 +0200 CEST", "2025-10-26T00:30:00.25Z"}, // listmonk
		{"2025-10-26 02:30:00 +0000 UTC", "2025-10-26T02:30:00Z"},
		{"2025-10-26 02:30:00.123456 +0300 +03", "2025-10-25T23:30:00.123456Z"},
		{"2025-10-26 02:30:00 +0200 CEST m=+0.000012", "2025-10-26T00:30:00Z"},
		{"0001-01-01 00:00:00 +0000 UTC", ""},
		{"2025-03-04 05:06:07", "2025-03-04T05:06:07Z"}, // Mailchimp
		{"2025-03-04 05:06", "2025-03-04T05:06:00Z"},
		{"2025-03-04T05:06:07.1234567-05:00", "2025-03-04T10:06:07.1234567Z"}, // Postmark
		{"2025-03-04T05:06:07.12345678901234Z", "2025-03-04T05:06:07.123456789Z"},
		{"2025-03-04T05:06:07,5+0530", "2025-03-03T23:36:07.5Z"},
		{"2025-03-04 05:06:07+01", "2025-03-04T04:06:07Z"}, // PostgreSQL
		{"1741064767", "2025-03-04T05:06:07Z"},
		{"1741064767.25", "2025-03-04T05:06:07.25Z"}, // Amazon SES
		{"1741064767890", "2025-03-04T05:06:07.89Z"},
		{"0", ""},
		{"0000-00-00 00:00:00", ""},
		{"1970-01-01T00:00:00Z", ""},
		{"1969-12-31 19:00:00", ""},
		{"20250304T050607", "2025-03-04T05:06:07Z"}, // MailUp
		{"20250304T0506Z", "2025-03-04T05:06:00Z"},
		{"Tue, 04 Mar 2025 05:06:07 UTC", "2025-03-04T05:06:07Z"}, // Mailgun
		{"Tue, 4 Mar 2025 05:06:07 -0500 (EST)", "2025-03-04T10:06:07Z"},
		{"04 Mar 2025 05:06 EST", "2025-03-04T10:06:00Z"},
	} {
		read, err := rules.Read(c.text, listtime.Earliest)
		if err != nil || !read.At.Equal(at(t, c.want)) {
			t.Errorf("%q: %v, %v, want %s", c.text, read.At, err, c.want)
		}
	}
}

func TestRead_DayAndMonth_InTheOrderThatWasStated(t *testing.T) {
	for _, c := range []struct{ text, dayFirst, monthFirst string }{
		{"03/04/2025 09:30", "2025-04-03T09:30:00Z", "2025-03-04T09:30:00Z"},
		{"3.4.2025 9:30:05", "2025-04-03T09:30:05Z", "2025-03-04T09:30:05Z"},
		{"12-04-2022 09:30", "2022-04-12T09:30:00Z", "2022-12-04T09:30:00Z"}, // Brevo
		{"3/4/2025, 12:05 AM", "2025-04-03T00:05:00Z", "2025-03-04T00:05:00Z"},
		{"3/4/2025 12:05:06 p.m.", "2025-04-03T12:05:06Z", "2025-03-04T12:05:06Z"},
		{"3/4/2025 1:05PM", "2025-04-03T13:05:00Z", "2025-03-04T13:05:00Z"},
		{"25/12/2024 00:00", "2024-12-25T00:00:00Z", "error"},
		{"12/25/2024 00:00", "error", "2024-12-25T00:00:00Z"},
		{"3/4/2025 13:05 PM", "error", "error"},
	} {
		for format, want := range map[listtime.Format]string{listtime.DayFirst: c.dayFirst, listtime.MonthFirst: c.monthFirst} {
			rules := listtime.Rules{Formats: []listtime.Format{listtime.ISO, format}, Now: at(t, "2026-11-30T12:00:00Z")}
			read, err := rules.Read(c.text, listtime.Earliest)
			if want == "error" {
				if !errors.Is(err, listtime.ErrFormat) {
					t.Errorf("%q: %v, %v", c.text, read.At, err)
				}
			} else if err != nil || !read.At.Equal(at(t, want)) {
				t.Errorf("%q: %v, %v, want %s", c.text, read.At, err, want)
			}
		}
		rules := listtime.Rules{Formats: allButOrder(), Now: at(t, "2026-11-30T12:00:00Z")}
		if _, err := rules.Read(c.text, listtime.Latest); !errors.Is(err, listtime.ErrOrder) {
			t.Errorf("%q without an order: %v", c.text, err)
		}
	}
}

func TestRead_WhatMayMeanSeveralTimes_IsTheLatestOfARefusalAndTheEarliestOfAConsent(t *testing.T) {
	const gap = "gap"
	for _, c := range []struct{ zone, text, earliest, latest string }{
		{"Europe/Vienna", "2025-10-26 01:30:00", "2025-10-25T23:30:00Z", "2025-10-25T23:30:00Z"},
		{"Europe/Vienna", "2025-10-26 02:30:00", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"},
		{"Europe/Vienna", "2025-10-26 03:30:00", "2025-10-26T02:30:00Z", "2025-10-26T02:30:00Z"},
		{"Europe/Vienna", "2025-10-26 02:30:00+02:00", "2025-10-26T00:30:00Z", "2025-10-26T00:30:00Z"},
		{"Europe/Vienna", "2025-03-30 02:30:00", gap, gap},
		{"Europe/Vienna", "2025-03-30 02:00:00", gap, gap},
		{"Europe/Vienna", "2025-03-30 03:00:00", "2025-03-30T01:00:00Z", "2025-03-30T01:00:00Z"},
		{"Europe/Vienna", "2025-03-04", "2025-03-03T23:00:00Z", "2025-03-04T22:59:59.999999Z"},
		{"Europe/Vienna", "2025-10-26", "2025-10-25T22:00:00Z", "2025-10-26T22:59:59.999999Z"},
		{"Australia/Lord_Howe", "2025-04-06 01:45", "2025-04-05T14:45:00Z", "2025-04-05T15:15:00Z"},
		// The clocks were put forward at midnight, so the day began at one.
		{"Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00Z", "2025-04-25T20:59:59.999999Z"},
		{"Africa/Cairo", "2025-04-24", "2025-04-23T22:00:00Z", "2025-04-24T21:59:59.999999Z"},
		{"UTC", "20250304", "2025-03-04T00:00:00Z", "2025-03-04T23:59:59.999999Z"},
		// Of today the rest is not over.
		{"UTC", "2026-11-30", "2026-11-30T00:00:00Z", "2026-11-30T12:00:00Z"},
	} {
		rules := listtime.Rules{Formats: allButOrder(), Zone: zone(t, c.zone), Now: at(t, "2026-11-30T12:00:00Z")}
		for reading, want := range map[listtime.Reading]string{listtime.Earliest: c.earliest, listtime.Latest: c.latest} {
			read, err := rules.Read(c.text, reading)
			if want == gap {
				if !errors.Is(err, listtime.ErrGap) {
					t.Errorf("%s in %s: %v, %v", c.text, c.zone, read.At, err)
				}
			} else if err != nil || !read.At.Equal(at(t, want)) {
				t.Errorf("%s in %s: %v, %v, want %s", c.text, c.zone, read.At.Format(time.RFC3339Nano), err, want)
			}
		}
	}
}

func TestRead_WhatIsNoTime_IsRefused(t *testing.T) {
	rules := listtime.Rules{Formats: append(allButOrder(), listtime.DayFirst), Now: at(t, "2026-11-30T12:00:00Z")}
	for text, want := range map[string]error{
		"yesterday": listtime.ErrFormat, "2025-02-30": listtime.ErrFormat, "2025-13-01 00:00:00": listtime.ErrFormat,
		"2025-03-04 24:00:00": listtime.ErrFormat, "2025-03-04 10:60": listtime.ErrFormat, "2025-03-04 10:00:60": listtime.ErrFormat,
		"2025-03-04T10:00:00+25:00": listtime.ErrFormat, "123456789": listtime.ErrFormat, "17410647670": listtime.ErrFormat,
		"45720.5": listtime.ErrFormat, "1.741E+09": listtime.ErrFormat, "-1741064767": listtime.ErrFormat,
		"Tue, 04 Mar 2025 05:06:07 XYZ": listtime.ErrFormat, "3/4/25": listtime.ErrFormat, "2025-03-04 ": nil,
		"2026-11-30 12:00:00": nil, "2026-11-30 12:00:01": listtime.ErrFuture, "2026-12-01": listtime.ErrFuture,
		"9999999999": listtime.ErrFuture,
	} {
		for _, reading := range []listtime.Reading{listtime.Earliest, listtime.Latest} {
			if _, err := rules.Read(text, reading); !errors.Is(err, want) {
				t.Errorf("%q: %v, want %v", text, err, want)
			}
		}
	}
}

func TestRead_SaysWhatWasNotStated(t *testing.T) {
	rules := listtime.Rules{Formats: allButOrder(), Now: at(t, "2026-11-30T12:00:00Z")}
	for text, want := range map[string]listtime.Time{
		"2025-03-04":          {Naive: true, DateOnly: true},
		"2025-03-04 10:00":    {Naive: true},
		"2025-03-04 10:00Z":   {},
		"1741064767890":       {Milliseconds: true},
		"20250304T050607":     {Naive: true},
		"4 Mar 2025 10:00 UT": {},
	} {
		got, err := rules.Read(text, listtime.Latest)
		got.At = time.Time{}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// FuzzRead holds that a time is never in the future, that the reading of a consent is never after that of a refusal, and that both are the
// same where the zone is stated.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"2025-10-26 02:30:00", "2025-03-30", "1741064767.5", "Tue, 04 Mar 2025 05:06:07 EST", "3/4/2025 1:05 PM", "20250304T050607Z", "0000-00-00",
		"2025-10-26 02:30:00.25 +0200 CEST m=+1.5",
	} {
		f.Add(seed)
	}
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		f.Fatal(err)
	}
	rules := listtime.Rules{
		Formats: append(allButOrder(), listtime.MonthFirst), Zone: vienna, Now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	}
	f.Fuzz(func(t *testing.T, text string) {
		earliest, err := rules.Read(text, listtime.Earliest)
		latest, latestErr := rules.Read(text, listtime.Latest)
		if !errors.Is(latestErr, err) {
			t.Fatalf("%q: %v and %v", text, err, latestErr)
		}
		if err != nil {
			return
		}
		if latest.At.After(rules.Now) || earliest.At.After(latest.At) || !latest.Naive && !latest.At.Equal(earliest.At) {
			t.Fatalf("%q: %v to %v", text, earliest.At, latest.At)
		}
		if year := earliest.At.Year(); !earliest.At.IsZero() && (year < 1970 || year > 2026) {
			t.Fatalf("%q is of the year %d", text, year)
		}
	})
}
