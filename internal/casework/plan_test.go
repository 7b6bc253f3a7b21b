package casework

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// told writes a step as one line, in the zone of the desk.
func told(s *Step, zone *time.Location) string {
	to := s.To.Department + " " + strings.Join(s.To.Members, "+")
	if s.To.Officer {
		to += " officer"
	}
	return fmt.Sprintf("%s %s: %s", s.At.In(zone).Format("02 15:04"), s.Kind, strings.Join(strings.Fields(to), " "))
}

// houses are two desks of which the first escalates to the second.
func houses() map[string]*Desk {
	press, sales := graz(), graz()
	press.EscalateTo = Escalation{Department: "sales"}
	sales.Members = []Member{{ID: "dan"}, {ID: "eva"}}
	return map[string]*Desk{"press": press, "sales": sales}
}

func TestMatter_Steps_GoFromTheMemberToTheOfficer(t *testing.T) {
	desks := houses()
	head := graz()
	head.EscalateTo = Escalation{Member: "cora"}
	desks["shop"] = head
	zone := mustCalendar(t, head).Zone()
	find := func(id string) *Desk { return desks[id] }
	for _, c := range []struct {
		why, department, assigned, received, now string
		kind                                     Kind
		absences                                 []Absence
		want                                     []string
	}{
		{
			"to the next desk and the officer, over the weekend and 8 December", "press", "anna", "2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00", Complaint, nil,
			[]string{"03 15:00 remind: press anna", "04 10:00 overdue: press anna", "07 10:00 escalate: sales dan+eva", "09 10:00 officer: press officer"},
		},
		{
			"to the head of the desk", "shop", "", "2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00", Complaint, nil,
			[]string{"03 15:00 remind: shop anna+ben+cora", "04 10:00 overdue: shop anna+ben+cora", "07 10:00 escalate: shop cora", "09 10:00 officer: shop officer"},
		},
		{
			"the deputy at once, and back", "press", "anna", "2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00", Complaint,
			[]Absence{{Member: "anna", From: moment(t, "2026-12-01T00:00:00+01:00"), Until: moment(t, "2026-12-05T00:00:00+01:00"), Deputy: "ben"}},
			[]string{
				"03 11:00 deputy: press ben", "03 15:00 remind: press ben", "04 10:00 overdue: press ben", "07 08:00 back: press anna",
				"07 10:00 escalate: sales dan+eva", "09 10:00 officer: press officer",
			},
		},
		{
			"an absence that ends before the desk works again changes nothing", "press", "anna", "2026-12-04T11:00:00+01:00", "2026-12-04T11:30:00+01:00", Complaint,
			[]Absence{{Member: "anna", From: moment(t, "2026-12-04T18:00:00+01:00"), Until: moment(t, "2026-12-07T07:00:00+01:00"), Deputy: "ben"}},
			[]string{"07 09:00 remind: press anna", "07 11:00 overdue: press anna", "09 11:00 escalate: sales dan+eva", "10 11:00 officer: press officer"},
		},
		{
			"none of the desk is there: the next desk", "press", "", "2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00", Complaint,
			[]Absence{away("anna", 1, 31, ""), away("ben", 1, 31, "anna"), away("cora", 1, 31, "anna"), away("eva", 1, 31, "")},
			[]string{"03 15:00 remind: sales dan", "04 10:00 overdue: sales dan", "07 10:00 escalate: sales dan", "09 10:00 officer: press officer"},
		},
		{
			"none anywhere: the officer", "shop", "", "2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00", Complaint,
			[]Absence{away("anna", 1, 31, ""), away("ben", 1, 31, ""), away("cora", 1, 31, "")},
			[]string{"03 15:00 remind: shop officer", "04 10:00 overdue: shop officer", "07 10:00 escalate: shop officer", "09 10:00 officer: shop officer"},
		},
		{
			"what was late at night is told in the morning, with who is there then", "press", "anna", "2026-12-03T10:00:00+01:00", "2026-12-05T03:00:00+01:00", Complaint,
			[]Absence{{Member: "anna", From: moment(t, "2026-12-07T00:00:00+01:00"), Until: moment(t, "2026-12-12T00:00:00+01:00"), Deputy: "cora"}},
			[]string{
				"07 08:00 deputy: press cora", "07 08:00 overdue: press cora", "07 10:00 escalate: sales dan+eva", "09 10:00 officer: press officer", "14 08:00 back: press anna",
			},
		},
		{
			"the law waits for no working time, and the officer knows", "press", "anna", "2026-11-27T10:00:00+01:00", "2026-12-19T23:30:00+01:00", Access, nil,
			[]string{
				"21 08:00 overdue: press anna", "21 08:00 escalate: sales dan+eva", "21 08:00 officer: press officer", "22 00:00 law_soon: press anna officer",
				"29 00:00 law_overdue: press anna officer",
			},
		},
		{
			"without a desk the officer, at once", "board", "", "2026-12-05T10:00:00+01:00", "2026-12-05T23:00:00+01:00", Complaint, nil,
			[]string{"07 12:00 overdue: officer"},
		},
	} {
		received := moment(t, c.received)
		m := &Matter{Department: c.department, Assigned: c.assigned, Received: received}
		calendar := mustCalendar(t, head)
		due, err := calendar.Due(c.kind, received)
		if err != nil {
			t.Fatal(err)
		}
		m.Due = due
		if c.department == "board" {
			m.Due.At = moment(t, "2026-12-07T12:00:00+01:00")
		}
		m.Law, _ = calendar.LegalDue(c.kind, received, false)
		steps, err := m.Steps(find, c.absences, moment(t, c.now))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range steps {
			got = append(got, told(&steps[i], zone))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

func TestMatter_Steps_EscalationInACircle_EndsWithTheOfficer(t *testing.T) {
	desks := houses()
	desks["sales"].EscalateTo = Escalation{Department: "press"}
	if levels, circle := Levels("press", func(id string) *Desk { return desks[id] }); !circle || !slices.Equal(levels, []string{"sales"}) {
		t.Errorf("%v, %t", levels, circle)
	}
	m := &Matter{Department: "press", Received: december(3), Due: Deadline{At: moment(t, "2026-12-04T10:00:00+01:00")}}
	steps, err := m.Steps(func(id string) *Desk { return desks[id] }, nil, december(3))
	if err != nil || len(steps) != 4 || steps[3].Kind != StepOfficer {
		t.Errorf("%v: %+v", err, steps)
	}
}

// TestMatter_Steps_NobodyWaitsForAnAbsentMember holds, over any absences, that each step is told to somebody who is there, in working time unless
// the law asks, and that it is the same step however late one looks.
func TestMatter_Steps_NobodyWaitsForAnAbsentMember(t *testing.T) {
	desks := houses()
	find := func(id string) *Desk { return desks[id] }
	calendar := mustCalendar(t, desks["press"])
	someone := rapid.SampledFrom([]string{"", "anna", "ben", "cora", "dan", "eva"})
	officers, others := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var absences []Absence
		for range rapid.IntRange(0, 10).Draw(t, "absences") {
			from := rapid.IntRange(1, 20).Draw(t, "from")
			absences = append(absences, away(someone.Draw(t, "member"), from, from+rapid.IntRange(1, 20).Draw(t, "days"), someone.Draw(t, "deputy")))
		}
		if rapid.IntRange(0, 3).Draw(t, "none is there") == 0 {
			for _, id := range []string{"anna", "ben", "cora", "dan", "eva"} {
				absences = append(absences, away(id, 1, 28, someone.Draw(t, "deputy")))
			}
		}
		received := december(1).Add(time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "received")) * time.Minute)
		m := &Matter{Department: "press", Assigned: rapid.SampledFrom([]string{"", "anna", "ben"}).Draw(t, "assigned"), Received: received}
		m.Due, _ = calendar.Due(Complaint, received)
		m.Law, _ = calendar.LegalDue(Objection, received, false)
		now := received.Add(time.Duration(rapid.IntRange(0, 40*24*60).Draw(t, "later")) * time.Minute)
		steps, err := m.Steps(find, absences, now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range steps {
			s := &steps[i]
			if s.At.Before(now) || s.At.Before(s.Occasion) {
				t.Fatalf("told before its time: %+v", s)
			}
			if !s.Deadline.Law() && !calendar.Open(s.At) {
				t.Fatalf("told at night: %s", told(s, calendar.Zone()))
			}
			if len(s.To.Members) == 0 && !s.To.Officer {
				t.Fatalf("told to nobody: %+v", s)
			}
			if len(s.To.Members) > 0 && s.To.Department != "press" {
				others++
			}
			if len(s.To.Members) == 0 && s.Kind != StepOfficer {
				officers++
			}
			for _, id := range s.To.Members {
				if !slices.Contains(desks[s.To.Department].Present(absences, s.At), id) {
					t.Fatalf("told to %s, who is away: %+v", id, absences)
				}
			}
		}
		again, err := m.Steps(find, absences, received)
		if err != nil {
			t.Fatal(err)
		}
		for i := range steps {
			if !slices.ContainsFunc(again, func(s Step) bool { return s.Kind == steps[i].Kind && s.Occasion.Equal(steps[i].Occasion) }) {
				t.Fatalf("the step %+v was not foreseen when the case came: %+v", steps[i], again)
			}
		}
	})
	if officers == 0 || others == 0 {
		t.Errorf("%d steps to the officer and %d to other desks for want of members: the histories are too tame", officers, others)
	}
}
