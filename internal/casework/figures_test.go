package casework

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTally_Figures_CountWhatPersonsWaitedFor(t *testing.T) {
	zone, now := mustCalendar(t, graz()).Zone(), moment(t, "2026-12-10T12:00:00+01:00")
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return moment(t, "2026-12-"+text+":00+01:00")
	}
	var tally Tally
	for _, c := range []struct {
		kind                    Kind
		outcome                 Outcome
		received, due, answered string
	}{
		{Complaint, SenderWrong, "01T10:00", "02T10:00", "01T12:00"}, // the same day, after 2 hours
		{Complaint, Unfounded, "01T23:30", "03T08:00", "02T00:30"},   // an hour, and not the same day
		{Inquiry, Done, "02T00:10", "04T08:00", "02T23:50"},          // the same day in Graz, and two days of UTC
		{Inquiry, Done, "03T10:00", "04T10:00", "04T10:00"},          // when it was due: too late
		{Complaint, "", "04T10:00", "07T10:00", ""},                  // overdue
		{Access, "", "04T10:00", "11T10:00", ""},                     // not yet
		{Complaint, "", "09T12:00", "10T12:00", ""},                  // due now: overdue
	} {
		tally.Add(&Handled{Kind: c.kind, Outcome: c.outcome, Received: at(c.received), Due: at(c.due), Answered: at(c.answered)}, zone, now)
	}
	want := Figures{
		Cases: 7, Answered: 4, SameDay: 2, InTime: 3, Overdue: 2, Median: 2 * time.Hour, P90: 24 * time.Hour,
		Complaints: 4, AgainstSender: 1, Contacts: 3000, PerThousand: 4000.0 / 3000, Level: LevelWarn,
	}
	if diff := cmp.Diff(want, tally.Figures(3000)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for contacts, level := range map[int64]Level{0: LevelFine, 4001: LevelFine, 4000: LevelWarn, 1334: LevelWarn, 1333: LevelStop, 1: LevelStop} {
		if got := tally.Figures(contacts).Level; got != level {
			t.Errorf("4 complaints of %d messages: %q, want %q", contacts, got, level)
		}
	}
	var none Tally
	if diff := cmp.Diff(Figures{}, none.Figures(0)); diff != "" {
		t.Errorf("figures of nothing: %s", diff)
	}
}

// TestTally_Percentiles_AreTheSmallestThatEnoughDoNotExceed holds the definition, by counting.
func TestTally_Percentiles_AreTheSmallestThatEnoughDoNotExceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tally Tally
		times := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 60).Draw(t, "hours")
		for _, hours := range times {
			tally.Add(&Handled{Received: december(1), Answered: december(1).Add(time.Duration(hours) * time.Hour)}, time.UTC, december(9))
		}
		f := tally.Figures(0)
		for percent, got := range map[int]time.Duration{50: f.Median, 90: f.P90} {
			atMost, below := 0, 0
			for _, hours := range times {
				if d := time.Duration(hours) * time.Hour; d < got {
					below, atMost = below+1, atMost+1
				} else if d == got {
					atMost++
				}
			}
			if atMost*100 < percent*len(times) || below*100 >= percent*len(times) {
				t.Fatalf("%d percent of %v is %s", percent, times, got)
			}
		}
	})
}

func TestExpectedCases_AreByTheRateOfTheLastSends(t *testing.T) {
	last := []Past{{Contacts: 1000, Cases: 3}, {Contacts: 3000, Cases: 5}}
	for size, want := range map[int64]int64{0: 0, 500: 1, 1000: 2, 1001: 3, 40_000: 80} {
		if got, known := ExpectedCases(size, last); got != want || !known {
			t.Errorf("%d messages bring %d, %t, want %d", size, got, known, want)
		}
	}
	if _, known := ExpectedCases(1000, nil); known {
		t.Error("without a send the rate is known")
	}
	desk := &Desk{AnswerCapacity: 30}
	if over := desk.Overload(80, 2); over != 20 {
		t.Errorf("80 cases in two days are %d too many", over)
	}
	if over := desk.Overload(60, 2) + (&Desk{}).Overload(1000, 1); over != 0 {
		t.Errorf("%d too many", over)
	}
}
