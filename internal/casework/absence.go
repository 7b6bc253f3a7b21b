package casework

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AbsenceError says what is wrong with an absence, and what would be right.
type AbsenceError struct {
	Field   string // member, from, until or deputy
	Message string
}

func (e *AbsenceError) Error() string { return e.Field + ": " + e.Message }

func wrong(field, format string, args ...any) error {
	return &AbsenceError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// CheckAbsence returns what is wrong with an absence that is added to those that there are, as an *AbsenceError: a member or a deputy who is not of
// the desk, no beginning or end, an end that is not later than the beginning, another absence of the member at the same time, or deputies who
// would answer for one another in a circle.
func (d *Desk) CheckAbsence(a Absence, others []Absence) error {
	if len(d.Members) == 0 {
		return wrong("member", "the desk has no members; name them in the catalog first, under departments[].desk.members")
	}
	if !d.has(a.Member) {
		return wrong("member", "%q is no member of the desk; right are %s", a.Member, strings.Join(d.ids(), ", "))
	}
	switch {
	case a.From.IsZero():
		return wrong("from", "the absence has no beginning; give the day on which it begins")
	case a.Until.IsZero():
		return wrong("until", "the absence has no end; give the day on which the member is back, and a later one when it becomes longer")
	case !a.From.Before(a.Until):
		return wrong("until", "the absence ends at %s, which is not after its beginning at %s; give a later end", shown(a.Until), shown(a.From))
	case a.Deputy == a.Member:
		return wrong("deputy", "nobody can be their own deputy; name another member, or leave it out, and the desk answers")
	case a.Deputy != "" && !d.has(a.Deputy):
		return wrong("deputy", "%q is no member of the desk; right are %s, or nobody, and the desk answers", a.Deputy,
			strings.Join(slices.DeleteFunc(d.ids(), func(id string) bool { return id == a.Member }), ", "))
	}
	for i := range others {
		if o := &others[i]; o.Member == a.Member && o.From.Before(a.Until) && a.From.Before(o.Until) {
			return wrong("from", "the member is already away from %s until %s; remove that absence first, or begin when it ends", shown(o.From), shown(o.Until))
		}
	}
	return circle(a, others)
}

// circle returns an error if, at some time of the absence, its deputies lead back to the member. Who answers changes only when an absence begins.
func circle(a Absence, others []Absence) error {
	moments := []time.Time{a.From}
	for i := range others {
		if a.Covers(others[i].From) {
			moments = append(moments, others[i].From)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	for _, at := range moments {
		chain := []string{a.Member}
		for next := a.Deputy; next != "" && !slices.Contains(chain[1:], next); {
			chain = append(chain, next)
			if next == a.Member {
				return wrong("deputy", "from %s on they would answer for one another: %s; name another deputy, or leave it out, and the desk answers",
					shown(at), strings.Join(chain, ", for whom "))
			}
			away, is := absenceOf(others, next, at)
			if !is {
				break
			}
			next = away.Deputy
		}
	}
	return nil
}

// shown writes a time with its zone as it was given.
func shown(t time.Time) string { return t.Format(time.RFC3339) }
