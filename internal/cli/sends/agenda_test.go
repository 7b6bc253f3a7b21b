package sends

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/wallclock"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func at(text string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(t)
}

// december is what some departments plan for the first week of December 2026, and what the catalog has them wait for.
func december() ([]*assentv1.Send, campaign.Limits) {
	sends := []*assentv1.Send{
		{
			Id: "advent", Department: "newsletter-desk", Channel: "newsletter", Subject: "Four candles, four offers", Priority: 60, State: "planned",
			FromTime: at("2026-12-01T08:00:00Z"), UntilTime: at("2026-12-02T17:00:00Z"), CommentUntilTime: at("2026-11-30T12:00:00Z"), ExpectedSize: 12000,
			Preview: &assentv1.SendPreview{Recipients: 11873, Overlaps: []*assentv1.SendOverlap{
				{Department: "marketing", Leavers: 12}, {Department: "marketing", Send: "offers", Recipients: 312, OverCapIfAllGoOut: 40},
			}},
		},
		{
			Id: "offers", Department: "marketing", Channel: "product-marketing", Subject: "Your offers", Priority: 40, State: "planned", Cleared: true,
			FromTime: at("2026-12-02T09:00:00Z"), UntilTime: at("2026-12-02T11:00:00Z"), Objections: 0, ExpectedSize: 900,
		},
		{
			Id: "survey", Department: "service", Channel: "surveys", Subject: "How was it?", State: "planned", Objections: 2,
			FromTime: at("2026-12-06T00:00:00Z"), UntilTime: at("2026-12-09T00:00:00Z"),
		},
	}
	return sends, campaign.Limits{
		QuietHours: []campaign.QuietHours{
			{Zone: "Europe/Vienna", From: 20 * 60, Until: 8 * 60, Days: wallclock.EveryDay},
			{Zone: "Europe/Vienna", From: 0, Until: wallclock.EndOfDay, Days: 1 << time.Sunday, Channels: []string{"newsletter"}, Observe: true},
		},
		Freezes: []campaign.Freeze{{
			From: at("2026-12-03T23:00:00Z").AsTime(), Until: at("2026-12-05T11:00:00Z").AsTime(), Reason: "The move of the warehouse",
			Except: []string{"order-news"}, ExceptDepartments: []string{"service"},
		}},
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAgenda_OfAWeekAndOfAMonth_AreWhatPeopleReadEasily(t *testing.T) {
	zone, err := wallclock.Zone("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ week, month string }{"week.txt": {week: "2026-W49"}, "month.txt": {month: "2026-12"}} {
		a, err := newAgenda(c.week, c.month, zone, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		a.sends, a.limits = december()
		text := a.text()
		for line := range strings.Lines(text) {
			if strings.HasSuffix(line, " \n") {
				t.Errorf("%s: the line %q ends with a space", name, line)
			}
		}
		golden(t, name, text)
	}
}

func TestAgenda_ADayOf23Or25Hours_IsOneDay(t *testing.T) {
	zone, err := wallclock.Zone("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	for month, want := range map[string]int{"2026-03": 31, "2026-10": 31, "2028-02": 29, "2027-02": 28} {
		a, err := newAgenda("", month, zone, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		days, before := 0, a.from
		for day := range a.days() {
			days++
			if !day.from.Equal(before) || day.from.Day() != days || day.from.Hour() != 0 {
				t.Errorf("%s: day %d goes from %s, and the one before ended at %s", month, days, day.from, before)
			}
			before = day.until
		}
		if days != want || !before.Equal(a.until) {
			t.Errorf("%s has %d days and ends at %s, want %d and %s", month, days, before, want, a.until)
		}
	}
}

func TestNewAgenda_WeeksAndMonthsThatThereAreNot_AreRefused(t *testing.T) {
	for _, week := range []string{"2026-49", "2026-W54", "2026-W00", "2027-W53", "26-W01", "0000-W01", "2026-W1"} {
		if _, err := newAgenda(week, "", time.UTC, time.Time{}); err == nil || !strings.Contains(err.Error(), "such as 2027-W09") {
			t.Errorf("the week %s: %v", week, err)
		}
	}
	for _, month := range []string{"2026-13", "2026-1", "December"} {
		if _, err := newAgenda("", month, time.UTC, time.Time{}); err == nil || !strings.Contains(err.Error(), "such as 2027-03") {
			t.Errorf("the month %s: %v", month, err)
		}
	}
	for week, monday := range map[string]string{"2026-W53": "2026-12-28", "2027-W01": "2027-01-04", "2025-W01": "2024-12-30"} {
		a, err := newAgenda(week, "", time.UTC, time.Time{})
		if err != nil || a.from.Format(time.DateOnly) != monday {
			t.Errorf("the week %s begins on %v, %v, want %s", week, a, err, monday)
		}
	}
	now := time.Date(2026, 12, 6, 23, 30, 0, 0, time.UTC) // Monday in Vienna, and still Sunday in UTC.
	zone, err := wallclock.Zone("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := newAgenda("", "", zone, now); err != nil || a.from.In(zone).Format(time.DateOnly) != "2026-12-07" {
		t.Errorf("this week begins on %v, %v", a, err)
	}
}
