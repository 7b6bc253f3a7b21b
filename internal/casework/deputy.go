package casework

import (
	"slices"
	"time"
)

// Charge is who is to act on a case at some time.
type Charge struct {
	// Members are ids: one who answers alone, or all of the desk who are there, in the order of the desk. Empty: none of the desk is there, so
	// that the case is escalated.
	Members []string
	// Absent are the members who would have answered and are away, in the order in which they were asked.
	Absent []string
}

// InCharge returns who is to act on a case of the desk at a time: the member that it is assigned to, or, where that one is away, the deputy, and
// where the deputy is away, the deputy of the deputy. Where no member is left in that chain, because an absence names no deputy, the deputies name
// one another in a circle, or one of them is no longer of the desk, all members of the desk are who are there. So no case waits for a member who
// is away. A case without an assignee (an empty id) is for all members who are there.
//
// The absences may be those of other desks, too, and in any order.
func (d *Desk) InCharge(assigned string, absences []Absence, at time.Time) Charge {
	var c Charge
	for member := assigned; member != "" && d.has(member) && !slices.Contains(c.Absent, member); {
		away, is := absenceOf(absences, member, at)
		if !is {
			c.Members = []string{member}
			return c
		}
		c.Absent = append(c.Absent, member)
		member = away.Deputy
	}
	c.Members = d.Present(absences, at)
	return c
}

// Present returns the members who are not away at a time, in the order of the desk.
func (d *Desk) Present(absences []Absence, at time.Time) []string {
	var present []string
	for _, m := range d.Members {
		if _, away := absenceOf(absences, m.ID, at); !away {
			present = append(present, m.ID)
		}
	}
	return present
}

// Member returns the member with an id.
func (d *Desk) Member(id string) (Member, bool) {
	i := slices.IndexFunc(d.Members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return d.Members[i], true
}

func (d *Desk) has(id string) bool { _, is := d.Member(id); return is }

// ids returns the ids of all members.
func (d *Desk) ids() []string {
	ids := make([]string, len(d.Members))
	for i, m := range d.Members {
		ids[i] = m.ID
	}
	return ids
}

// absenceOf returns the absence of a member at a time; of several the one that began last.
func absenceOf(absences []Absence, member string, at time.Time) (away *Absence, is bool) {
	for i := range absences {
		if a := &absences[i]; a.Member == member && a.Covers(at) && (away == nil || a.From.After(away.From)) {
			away = a
		}
	}
	return away, away != nil
}
