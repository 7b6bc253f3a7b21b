package casework

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework/holiday"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/period"
)

func graz() *Desk {
	d := team("anna", "ben", "cora")
	d.Hours = worktime.Hours{Zone: "Europe/Vienna", Week: []worktime.Interval{
		{Days: 0b0111110, From: 8 * 60, Until: 12 * 60},
		{Days: 0b0011110, From: 13 * 60, Until: 17 * 60},
	}}
	d.Holidays = holiday.Selection{Base: "AT"}
	return d
}

func mustCalendar(t testing.TB, d *Desk) *Calendar {
	t.Helper()
	c, err := d.Calendar()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCalendar_Due_IsByKindTheEarlierOfDeskAndLaw(t *testing.T) {
	quick, slow := graz(), graz()
	quick.AnswerWithin = map[Kind]period.Period{Complaint: period.Seconds(4 * 3600), Access: period.Days(3), Inquiry: period.Days(2)}
	slow.AnswerWithin = map[Kind]period.Period{Access: period.Days(60), Complaint: {}}
	for _, c := range []struct {
		why      string
		desk     *Desk
		kind     Kind
		received string
		at, rule string
		law      bool
	}{
		{"a complaint has a working day", graz(), Complaint, "2026-12-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00", "answer_within:P1D", false},
		{"over 8 December", graz(), Complaint, "2026-12-07T10:00:00+01:00", "2026-12-09T10:00:00+01:00", "answer_within:P1D", false},
		{"an objection, too", graz(), Objection, "2026-12-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00", "answer_within:P1D", false},
		{"an inquiry has five", graz(), Inquiry, "2026-12-01T10:00:00+01:00", "2026-12-09T10:00:00+01:00", "answer_within:P5D", false},
		{"hours that the desk says", quick, Complaint, "2026-12-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00", "answer_within:PT4H", false},
		{"days that the desk says", quick, Inquiry, "2026-12-04T10:00:00+01:00", "2026-12-09T10:00:00+01:00", "answer_within:P2D", false},
		{"a request before the law's month", quick, Access, "2026-12-04T10:00:00+01:00", "2026-12-10T10:00:00+01:00", "answer_within:P3D", false},
		{"the law's month before a slow desk", slow, Access, "2026-11-25T10:00:00+01:00", "2026-12-29T00:00:00+01:00", "gdpr_12_3:P1M", true},
		{"a period of nothing is none", slow, Complaint, "2026-12-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00", "answer_within:P1D", false},
		{"hours and holidays that the catalog leaves out", team("anna"), Other, "2026-12-24T10:00:00Z", "2026-12-31T10:00:00Z", "answer_within:P5D", false},
	} {
		got, err := mustCalendar(t, c.desk).Due(c.kind, moment(t, c.received))
		if err != nil || !got.At.Equal(moment(t, c.at)) || got.Rule != c.rule || got.Law() != c.law || got.IsZero() {
			t.Errorf("%s: %+v, %v, want %s by %s", c.why, got, err, c.at, c.rule)
		}
	}
}

func TestCalendar_LegalDue_HasAMonthAndThreeWhereExtended(t *testing.T) {
	c, received := mustCalendar(t, graz()), moment(t, "2026-09-26T10:00:00+02:00")
	for _, kind := range Kinds() {
		due, is := c.LegalDue(kind, received, false)
		if is != (kind == Access || kind == Erasure || kind == Objection) {
			t.Errorf("%s has a deadline of the law: %t", kind, is)
		}
		if is && (!due.At.Equal(moment(t, "2026-10-28T00:00:00+01:00")) || due.Rule != "gdpr_12_3:P1M") {
			t.Errorf("%s is due %+v", kind, due)
		}
	}
	if due, _ := c.LegalDue(Access, received, true); !due.At.Equal(moment(t, "2026-12-29T00:00:00+01:00")) || due.Rule != "gdpr_12_3:P3M" {
		t.Errorf("extended: %+v, want 28 December, for 26 and 27 are no working days", due)
	}
	slow := graz()
	slow.AnswerWithin = map[Kind]period.Period{Access: period.Days(400)}
	due, law, err := mustCalendar(t, slow).Extended(Access, received)
	if err != nil || due != law || !IsExtended(law.Rule) || IsExtended("gdpr_12_3:P1M") || IsExtended("answer_within:P3M") {
		t.Errorf("extended: %+v and %+v, %v", due, law, err)
	}
	if due, law, err := c.Extended(Complaint, received); err != nil || !law.IsZero() || due.Rule != "answer_within:P1D" {
		t.Errorf("a complaint, extended: %+v and %+v, %v", due, law, err)
	}
}

func TestCalendar_Suspended_MovesTheDeadlineByWhatStoodStill(t *testing.T) {
	c := mustCalendar(t, graz())
	law, _ := c.LegalDue(Access, moment(t, "2026-11-03T10:00:00+01:00"), false) // 3 December
	work := Deadline{At: moment(t, "2026-12-04T10:00:00+01:00"), Rule: "answer_within:P1D"}
	for _, s := range []struct {
		why             string
		deadline        Deadline
		from, until     string
		wantAt, wantEnd string
	}{
		{"ten days", law, "2026-11-10T09:00:00+01:00", "2026-11-20T15:00:00+01:00", "2026-12-15T00:00:00+01:00", "gdpr_12_3:P1M+suspended:P10D"},
		{"five days end on 8 December, a holiday", law, "2026-11-10T09:00:00+01:00", "2026-11-15T15:00:00+01:00", "2026-12-10T00:00:00+01:00", "gdpr_12_3:P1M+suspended:P5D"},
		{"within a day nothing", law, "2026-11-10T09:00:00+01:00", "2026-11-10T15:00:00+01:00", "2026-12-04T00:00:00+01:00", "gdpr_12_3:P1M"},
		{"after the end nothing", law, "2026-12-10T09:00:00+01:00", "2026-12-20T15:00:00+01:00", "2026-12-04T00:00:00+01:00", "gdpr_12_3:P1M"},
		{"working time over a lunch break", work, "2026-12-03T11:00:00+01:00", "2026-12-03T14:00:00+01:00", "2026-12-04T12:00:00+01:00", "answer_within:P1D+suspended:PT2H"},
		{"backwards nothing", work, "2026-12-03T14:00:00+01:00", "2026-12-03T11:00:00+01:00", "2026-12-04T10:00:00+01:00", "answer_within:P1D"},
	} {
		got, err := c.Suspended(s.deadline, moment(t, s.from), moment(t, s.until))
		if err != nil || !got.At.Equal(moment(t, s.wantAt)) || got.Rule != s.wantEnd {
			t.Errorf("%s: %s %s, %v, want %s %s", s.why, got.At.In(c.Zone()), got.Rule, err, s.wantAt, s.wantEnd)
		}
	}
}

func TestCalendar_Comeback_IsAfterWhatTheDeskSaysElseFiveWorkingDays(t *testing.T) {
	now, own := moment(t, "2026-12-01T10:00:00+01:00"), graz()
	own.Resubmit = period.Days(2)
	for want, desk := range map[string]*Desk{"2026-12-09T10:00:00+01:00": graz(), "2026-12-03T10:00:00+01:00": own} {
		if got, err := mustCalendar(t, desk).Comeback(now); err != nil || !got.Equal(moment(t, want)) {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	c := mustCalendar(t, graz())
	if n := c.WorkingDays(now, now.Add(13*24*time.Hour)); n != 9 {
		t.Errorf("from 1 to 14 December there are %d working days, want 9", n)
	}
	if n := c.WorkingDays(now, now.Add(-time.Hour*48)); n != 0 {
		t.Errorf("backwards there are %d", n)
	}
}

func TestDesk_Calendar_BadHoursOrHolidays_AreAnError(t *testing.T) {
	for _, d := range []*Desk{
		{Holidays: holiday.Selection{Base: "FR"}},
		{Hours: worktime.Hours{Zone: "Europe/Graz"}},
		{Hours: worktime.Hours{Zone: "UTC", Week: []worktime.Interval{{Days: 1, From: 5, Until: 5}}}},
	} {
		if _, err := d.Calendar(); err == nil {
			t.Errorf("%+v has a calendar", d)
		}
	}
}
