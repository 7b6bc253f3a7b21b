package holiday

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/wallclock"
)

func date(t testing.TB, text string) wallclock.Date {
	t.Helper()
	d, err := wallclock.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dates(t testing.TB, texts ...string) []wallclock.Date {
	t.Helper()
	var list []wallclock.Date
	for _, text := range texts {
		list = append(list, date(t, text))
	}
	return list
}

func mustNew(t testing.TB, s Selection) *Calendar {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// of returns the closed days of a year, as month and day.
func (c *Calendar) of(year int) []string {
	var list []string
	for d := (wallclock.Date{Year: year, Month: time.January, Day: 1}); d.Year == year; d = d.Plus(1) {
		if c.Closed(d) {
			list = append(list, d.String()[len("2026-"):])
		}
	}
	return list
}

// TestCalendar_EachBase_HasTheHolidaysOf2026 has the dates as the places publish them. Easter Sunday was 5 April.
func TestCalendar_EachBase_HasTheHolidaysOf2026(t *testing.T) {
	germany := []string{"01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"}
	with := func(days ...string) []string {
		all := append(slices.Clone(germany), days...)
		slices.Sort(all)
		return all
	}
	want := map[string][]string{
		"AT":    {"01-01", "01-06", "04-06", "05-01", "05-14", "05-25", "06-04", "08-15", "10-26", "11-01", "12-08", "12-25", "12-26"},
		"DE":    germany,
		"DE-BB": with("04-05", "05-24", "10-31"), "DE-BE": with("03-08"), "DE-BW": with("01-06", "06-04", "11-01"),
		"DE-BY": with("01-06", "06-04", "08-15", "11-01"), "DE-HB": with("10-31"), "DE-HE": with("04-05", "05-24", "06-04"), "DE-HH": with("10-31"),
		"DE-MV": with("03-08", "10-31"), "DE-NI": with("10-31"), "DE-NW": with("06-04", "11-01"), "DE-RP": with("06-04", "11-01"), "DE-SH": with("10-31"),
		"DE-SL": with("06-04", "08-15", "11-01"), "DE-SN": with("10-31", "11-18"), "DE-ST": with("01-06", "10-31"), "DE-TH": with("09-20", "10-31"),
		"CH-BE": {"01-01", "01-02", "04-03", "04-06", "05-14", "05-25", "08-01", "12-25", "12-26"},
		"CH-BS": {"01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "08-01", "12-25", "12-26"},
		"CH-GE": {"01-01", "04-03", "04-06", "05-14", "05-25", "08-01", "09-10", "12-25", "12-31"},
		"CH-SG": {"01-01", "04-03", "04-06", "05-14", "05-25", "08-01", "11-01", "12-25", "12-26"},
		"CH-TG": {"01-01", "01-02", "04-03", "04-06", "05-01", "05-14", "05-25", "08-01", "12-25", "12-26"},
		"CH-TI": {"01-01", "01-06", "03-19", "04-06", "05-01", "05-14", "05-25", "06-04", "06-29", "08-01", "08-15", "11-01", "12-08", "12-25", "12-26"},
		"CH-VD": {"01-01", "01-02", "04-03", "04-06", "05-14", "05-25", "08-01", "09-21", "12-25"},
		"CH-ZH": {"01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "08-01", "12-25", "12-26"},
	}
	for _, base := range Bases() {
		if diff := cmp.Diff(want[base], mustNew(t, Selection{Base: base}).of(2026)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", base, diff)
		}
	}
	if len(want) != len(Bases()) || !slices.IsSorted(Bases()) {
		t.Errorf("%d bases are tested, of %v", len(want), Bases())
	}
}

func TestCalendar_OverYears_EasterMovesAndHolidaysBeginAndEnd(t *testing.T) {
	for base, days := range map[string]struct{ closed, open []wallclock.Date }{
		"DE-MV": {dates(t, "2023-03-08", "2027-03-26", "2028-04-14"), dates(t, "2022-03-08", "2027-03-25")},
		"DE-BE": {dates(t, "2020-05-08", "2025-05-08", "2019-03-08"), dates(t, "2024-05-08", "2026-05-08", "2030-05-08", "2018-03-08")},
		"DE-SN": {dates(t, "2027-11-17", "2028-11-22"), dates(t, "2027-11-24")},
		"AT":    {dates(t, "2027-03-29", "2028-06-15", "2032-05-17"), dates(t, "2027-03-26", "2028-02-29")},
	} {
		c := mustNew(t, Selection{Base: base})
		for _, d := range days.closed {
			if !c.Closed(d) || !c.Public(d) || c.Name(d) == "" {
				t.Errorf("%s: %s is no holiday", base, d)
			}
		}
		for _, d := range days.open {
			if c.Closed(d) || c.Public(d) || c.Name(d) != "" {
				t.Errorf("%s: %s is a holiday, %s", base, d, c.Name(d))
			}
		}
	}
}

func TestCalendar_AddedAndRemoved_CountForTheDeskAndNeverLengthenALegalPeriod(t *testing.T) {
	c := mustNew(t, Selection{
		Base: "DE-BY", Add: dates(t, "2026-12-24", "2026-12-31"), RemoveDates: dates(t, "2026-01-06"), RemoveNames: []string{"FRONLEICHNAM"},
	})
	for _, d := range []struct {
		day            string
		closed, public bool
	}{
		{"2026-12-24", true, false},  // closed by the company
		{"2027-12-24", false, false}, // in that year only
		{"2026-01-06", false, false}, // removed
		{"2027-01-06", true, true},
		{"2026-06-04", false, false}, // removed in every year
		{"2027-05-27", false, false},
		{"2026-08-15", true, false}, // not everywhere in Bavaria
		{"2026-12-25", true, true},
	} {
		if closed, public := c.Closed(date(t, d.day)), c.Public(date(t, d.day)); closed != d.closed || public != d.public {
			t.Errorf("%s: closed %t, public %t", d.day, closed, public)
		}
	}
	only := mustNew(t, Selection{Add: dates(t, "2026-07-14")})
	if !only.Closed(date(t, "2026-07-14")) || only.Closed(date(t, "2026-12-25")) {
		t.Error("without a base not only the added days are closed")
	}
}

func TestNew_WhatIsNotKnown_IsAnErrorThatSaysWhatIsRight(t *testing.T) {
	for want, s := range map[string]Selection{
		`"FR" are not known; right are AT, CH-BE`:            {Base: "FR"},
		`"de-by" are not known`:                              {Base: "de-by"},
		`"DE-XX" are not known`:                              {Base: "DE-XX"},
		"by canton":                                          {Base: "CH"},
		`"Karfreitag" is no holiday of AT; right are a date`: {Base: "AT", RemoveNames: []string{"Karfreitag"}},
		"for there is no base; name the place":               {RemoveNames: []string{"Karfreitag"}},
		"2026-12-24 is no holiday of AT":                     {Base: "AT", RemoveDates: dates(t, "2026-12-24")},
		"no holiday, for there is no base":                   {RemoveDates: dates(t, "2026-12-25")},
		"both added and removed":                             {Base: "AT", Add: dates(t, "2026-12-25"), RemoveDates: dates(t, "2026-12-25")},
	} {
		if _, err := New(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", s, err, want)
		}
	}
	var unknown UnknownBaseError
	if _, err := New(Selection{Base: "FR"}); !errors.As(err, &unknown) || unknown.Base != "FR" {
		t.Errorf("an unknown base is %v", err)
	}
	if !(&Selection{}).IsZero() || (&Selection{Base: "AT"}).IsZero() {
		t.Error("a selection that says nothing is not told from one that does")
	}
}
