package casework

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// december returns a moment of December 2026.
func december(day int) time.Time { return time.Date(2026, time.December, day, 0, 0, 0, 0, time.UTC) }

func away(member string, from, until int, deputy string) Absence {
	return Absence{Member: member, From: december(from), Until: december(until), Deputy: deputy}
}

func team(ids ...string) *Desk {
	d := &Desk{}
	for _, id := range ids {
		d.Members = append(d.Members, Member{ID: id, Email: id + "@example.com"})
	}
	return d
}

func TestDesk_InCharge_FollowsTheDeputiesAtTheTime(t *testing.T) {
	desk := team("anna", "ben", "cora", "dan")
	for _, c := range []struct {
		why      string
		assigned string
		absences []Absence
		day      int
		want     Charge
	}{
		{"a member who is there", "anna", nil, 5, Charge{Members: []string{"anna"}}},
		{"nobody yet", "", []Absence{away("ben", 1, 9, "")}, 5, Charge{Members: []string{"anna", "cora", "dan"}}},
		{"the deputy", "anna", []Absence{away("anna", 1, 9, "ben")}, 5, Charge{Members: []string{"ben"}, Absent: []string{"anna"}}},
		{"the deputy of the deputy", "anna", []Absence{away("anna", 1, 9, "ben"), away("ben", 4, 6, "cora")}, 5, Charge{Members: []string{"cora"}, Absent: []string{"anna", "ben"}}},
		{"before the deputy is away", "anna", []Absence{away("anna", 1, 9, "ben"), away("ben", 4, 6, "cora")}, 3, Charge{Members: []string{"ben"}, Absent: []string{"anna"}}},
		{"at the moment of return", "anna", []Absence{away("anna", 1, 9, "ben")}, 9, Charge{Members: []string{"anna"}}},
		{"no deputy", "anna", []Absence{away("anna", 1, 9, "")}, 5, Charge{Members: []string{"ben", "cora", "dan"}, Absent: []string{"anna"}}},
		{"the deputy has none", "anna", []Absence{away("anna", 1, 9, "ben"), away("ben", 1, 9, "")}, 5, Charge{Members: []string{"cora", "dan"}, Absent: []string{"anna", "ben"}}},
		{"a circle", "anna", []Absence{away("anna", 1, 9, "ben"), away("ben", 1, 9, "anna")}, 5, Charge{Members: []string{"cora", "dan"}, Absent: []string{"anna", "ben"}}},
		{"a circle of others", "dan", []Absence{away("dan", 1, 9, "anna"), away("anna", 1, 9, "ben"), away("ben", 1, 9, "anna")}, 5, Charge{Members: []string{"cora"}, Absent: []string{"dan", "anna", "ben"}}},
		{"a deputy who left", "anna", []Absence{away("anna", 1, 9, "zoe")}, 5, Charge{Members: []string{"ben", "cora", "dan"}, Absent: []string{"anna"}}},
		{"a member who left", "zoe", nil, 5, Charge{Members: []string{"anna", "ben", "cora", "dan"}}},
		{"all are away", "anna", []Absence{away("anna", 1, 9, "ben"), away("ben", 1, 9, ""), away("cora", 1, 9, ""), away("dan", 1, 9, "")}, 5, Charge{Absent: []string{"anna", "ben"}}},
		{"of two absences the later", "anna", []Absence{away("anna", 1, 9, "ben"), away("anna", 3, 7, "cora")}, 5, Charge{Members: []string{"cora"}, Absent: []string{"anna"}}},
	} {
		if diff := cmp.Diff(c.want, desk.InCharge(c.assigned, c.absences, december(c.day))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

// TestDesk_InCharge_NobodyWaitsForAnAbsentMember holds the promise over any absences, with circles and with deputies of other desks.
func TestDesk_InCharge_NobodyWaitsForAnAbsentMember(t *testing.T) {
	desk := team("anna", "ben", "cora", "dan")
	someone := rapid.SampledFrom([]string{"", "anna", "ben", "cora", "dan", "zoe"})
	alone, empty := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var absences []Absence
		for range rapid.IntRange(0, 12).Draw(t, "absences") {
			from := rapid.IntRange(1, 20).Draw(t, "from")
			absences = append(absences, away(someone.Draw(t, "member"), from, from+rapid.IntRange(5, 25).Draw(t, "days"), someone.Draw(t, "deputy")))
		}
		if rapid.IntRange(0, 3).Draw(t, "none is there") == 0 {
			for _, id := range desk.ids() {
				absences = append(absences, away(id, 1, 15, someone.Draw(t, "deputy")))
			}
		}
		for day := range 30 {
			at, assigned := december(day+1), someone.Draw(t, "assigned")
			charge, present := desk.InCharge(assigned, absences, at), desk.Present(absences, at)
			for _, id := range charge.Members {
				if !slices.Contains(present, id) {
					t.Fatalf("the case waits for %s, who is away: %+v", id, absences)
				}
			}
			for _, id := range charge.Absent {
				if slices.Contains(present, id) {
					t.Fatalf("%s is there, and passed over: %+v", id, absences)
				}
			}
			if len(charge.Members) == 0 && len(present) > 0 {
				t.Fatalf("nobody answers although %v are there: %+v", present, absences)
			}
			if slices.Contains(present, assigned) && !slices.Equal(charge.Members, []string{assigned}) {
				t.Fatalf("%s is there, and %v answer", assigned, charge.Members)
			}
			if len(charge.Absent) > 1 && len(charge.Members) == 1 {
				alone++
			}
			if len(charge.Members) == 0 {
				empty++
			}
		}
	})
	if alone == 0 || empty == 0 {
		t.Errorf("%d chains of deputies, %d empty desks: the histories are too tame", alone, empty)
	}
}

func TestDesk_CheckAbsence_SaysWhatIsRight(t *testing.T) {
	desk := team("anna", "ben", "cora")
	for _, c := range []struct {
		field, want string
		absence     Absence
		others      []Absence
	}{
		{"member", `"zoe" is no member of the desk; right are anna, ben, cora`, away("zoe", 1, 9, ""), nil},
		{"deputy", `"zoe" is no member of the desk; right are ben, cora, or nobody`, away("anna", 1, 9, "zoe"), nil},
		{"deputy", "their own deputy", away("anna", 1, 9, "anna"), nil},
		{"from", "no beginning", Absence{Member: "anna", Until: december(9)}, nil},
		{"until", "no end; give the day on which the member is back", Absence{Member: "anna", From: december(9)}, nil},
		{"until", "2026-12-01T00:00:00Z, which is not after its beginning at 2026-12-09T00:00:00Z", away("anna", 9, 1, ""), nil},
		{"until", "give a later end", away("anna", 9, 9, ""), nil},
		{"from", "already away from 2026-12-08T00:00:00Z until 2026-12-12T00:00:00Z", away("anna", 1, 9, ""), []Absence{away("anna", 8, 12, "")}},
		{"deputy", "from 2026-12-05T00:00:00Z on they would answer for one another: anna, for whom ben, for whom anna", away("anna", 1, 9, "ben"), []Absence{away("ben", 5, 12, "anna")}},
		{
			"deputy", "from 2026-12-03T00:00:00Z on they would answer for one another: anna, for whom ben, for whom cora, for whom anna", away("anna", 3, 9, "ben"),
			[]Absence{away("ben", 1, 12, "cora"), away("cora", 1, 12, "anna")},
		},
	} {
		err := desk.CheckAbsence(c.absence, c.others)
		var e *AbsenceError
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Message, c.want) {
			t.Errorf("%+v: %v, want %s: %s", c.absence, err, c.field, c.want)
		}
	}
	for _, c := range []struct {
		absence Absence
		others  []Absence
	}{
		{away("anna", 1, 9, ""), nil},
		{away("anna", 1, 9, "ben"), []Absence{away("ben", 5, 7, "cora"), away("anna", 9, 12, ""), away("zoe", 1, 31, "anna")}},
		{away("anna", 1, 9, "ben"), []Absence{away("ben", 9, 12, "anna")}}, // one after the other
	} {
		if err := desk.CheckAbsence(c.absence, c.others); err != nil {
			t.Errorf("%+v: %v", c.absence, err)
		}
	}
	if err := team().CheckAbsence(away("anna", 1, 9, ""), nil); err == nil || !strings.Contains(err.Error(), "no members") {
		t.Errorf("a desk without members: %v", err)
	}
}
