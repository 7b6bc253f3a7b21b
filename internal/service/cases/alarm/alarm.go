// Package alarm says who is to be told of a case, and when: reminders and escalation in the working time of the desk, deadlines of the law at any
// hour.
package alarm

import (
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// The kinds of notices about cases.
const (
	Opened     = "case_opened"
	Assigned   = "case_assigned"
	HandedOver = "case_handed_over"
	Returned   = "case_returned"
	Deputy     = "case_deputy"
	Silent     = "case_silent"
	DueSoon    = "case_due_soon"
	Overdue    = "case_overdue"
	Escalated  = "case_escalated"
	LawDueSoon = "case_law_due_soon"
	LawOverdue = "case_law_overdue"
)

const (
	// escalatesAfter is how many working days after its due time a case goes to whom the desk escalates to, or to the officer where it names none.
	escalatesAfter = 1
	// officerAfter is how many working days after its due time a case goes to the officer in any case.
	officerAfter = 2
	// lawSoon is how long before a deadline of the law the desk and the officer are told.
	lawSoon = 7 * 24 * time.Hour
	// silentAfter is how long after an answer the desk is asked what came of the case.
	silentAfter = 14 * 24 * time.Hour
)

// Shown is as what a case shows that a notice was told.
type Shown int

// As what.
const (
	NotShown Shown = iota
	AsReminder
	AsEscalation
)

// Step is a notice that is to be told, once.
type Step struct {
	Notice notices.Notice
	Shown  Shown
}

// Steps returns what is due in a case by now. Who is told of what the desk itself has to do is told in its working time; deadlines of the law
// do not wait for it.
func Steps(row *casetable.Case, desk *casework.Desk, absences []casework.Absence, now time.Time) ([]Step, error) {
	calendar, err := desk.Calendar()
	if err != nil {
		return nil, err
	}
	charge := desk.InCharge(row.Assignee, absences, now)
	p := &plan{row: row, desk: desk, absences: absences, charge: charge, now: now}
	p.law()
	if !calendar.Open(now) {
		return p.steps, nil
	}
	if row.State == string(casework.Answered) {
		if now.Sub(row.Answered.Time()) >= silentAfter {
			p.tellDesk(Silent, row.Answered.String(), NotShown)
		}
		return p.steps, nil
	}
	return p.steps, p.due(calendar)
}

// plan gathers what is due in a case.
type plan struct {
	row      *casetable.Case
	desk     *casework.Desk
	absences []casework.Absence // of the desk
	charge   casework.Charge
	now      time.Time
	steps    []Step
}

// due plans reminders and escalation.
func (p *plan) due(calendar *casework.Calendar) error {
	row, due := p.row, p.row.Due.Time()
	occasion := row.Due.String()
	if len(p.charge.Absent) > 0 && len(p.charge.Members) > 0 {
		p.tellDesk(Deputy, occasion+p.awaySince(), NotShown)
	}
	soon := due.Add(-due.Sub(row.Received.Time()) / 2)
	if !p.now.Before(soon) && p.now.Before(due) {
		p.tellDesk(DueSoon, occasion, AsReminder)
	}
	late := len(p.desk.Members) > 0 && len(p.charge.Members) == 0 // No member of the desk is there.
	if !p.now.Before(due) {
		p.tellDesk(Overdue, occasion, AsReminder)
	}
	first, err := calendar.AddDays(due, escalatesAfter)
	if err != nil {
		return err
	}
	if late || !p.now.Before(first) {
		p.escalate(occasion)
	}
	last, err := calendar.AddDays(due, officerAfter)
	if err == nil && !p.now.Before(last) {
		p.tellOfficer(Escalated, occasion, AsEscalation)
	}
	return err
}

// awaySince returns since when the assignee is away, so that each absence is an occasion of its own; empty: the assignee is there.
func (p *plan) awaySince() string {
	for i := range p.absences {
		if a := &p.absences[i]; a.Member == p.row.Assignee && a.Covers(p.now) {
			return " " + a.From.UTC().String()
		}
	}
	return ""
}

// escalate plans that a case goes to whom its desk names, or to the officer.
func (p *plan) escalate(occasion string) {
	switch to := p.desk.EscalateTo; {
	case to.Member != "":
		p.add(notices.ToMember, to.Member, p.row.Department, Escalated, occasion, AsEscalation).Place = placeEscalation
	case to.Department != "":
		p.add(notices.ToDesk, to.Department, to.Department, Escalated, occasion, AsEscalation).Place = placeEscalation
	default:
		p.tellOfficer(Escalated, occasion, AsEscalation)
	}
}

// law plans what is told of a deadline of the law: to the desk, and to the officer. It is told until the case is closed: a first answer may only say that the
// request came.
func (p *plan) law() {
	row := p.row
	if row.LawDue == 0 || p.now.Before(row.LawDue.Time().Add(-lawSoon)) {
		return
	}
	kind := LawDueSoon
	if !p.now.Before(row.LawDue.Time()) {
		kind = LawOverdue
	}
	p.tellDesk(kind, row.LawDue.String(), AsReminder)
	p.tellOfficer(kind, row.LawDue.String(), NotShown)
}

// tellDesk plans a notice to who is in charge: one member, or the whole desk; of a case without a desk, to the officers.
func (p *plan) tellDesk(kind, occasion string, shown Shown) {
	switch {
	case p.row.Department == "":
		p.tellOfficer(kind, occasion, shown)
	case len(p.charge.Members) == 1:
		p.add(notices.ToMember, p.charge.Members[0], p.row.Department, kind, occasion, shown).Place = placeCharge
	default:
		p.add(notices.ToDesk, p.row.Department, p.row.Department, kind, occasion, shown).Place = placeCharge
	}
}

func (p *plan) tellOfficer(kind, occasion string, shown Shown) {
	p.add(notices.ToOfficer, "", "", kind, occasion, shown)
}

// The places of notices: who is in charge of a case, and to whom it escalates.
const (
	placeCharge     = "charge"
	placeEscalation = "escalation"
)

// add plans a notice, and returns it to be completed before the next one is added.
func (p *plan) add(to notices.Audience, recipient, department, kind, occasion string, shown Shown) *notices.Notice {
	p.steps = append(p.steps, Step{Shown: shown, Notice: notices.Notice{
		Audience: to, Recipient: recipient, Department: department, Kind: kind, Resource: Resource(p.row), Occasion: occasion,
	}})
	return &p.steps[len(p.steps)-1].Notice
}

// Resource returns a case as the API names it.
func Resource(row *casetable.Case) string { return "cases/" + number.Of(row.ID) }
