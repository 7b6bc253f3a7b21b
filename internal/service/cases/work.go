package cases

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

const (
	// escalatesAfter is how many working days after its due time a case goes to whom the desk escalates to, or to the officer where it names nobody.
	escalatesAfter = 1
	// officerAfter is how many working days after its due time a case goes to the officer in any case.
	officerAfter = 2
	// lawSoon is how long before a deadline of the law the desk and the officer are told.
	lawSoon = 7 * 24 * time.Hour
	// silentAfter is how long after an answer the desk is asked what came of the case.
	silentAfter = 14 * 24 * time.Hour
)

// step is something that is due in a case: somebody is told, once, and the case shows it.
type step struct {
	notice notices.Notice
	entry  string // empty: the case shows nothing of it
}

// RunCases tells desks and officers what is due: it brings back what was put aside, reminds, escalates, and warns of deadlines of the law. What was
// told once is not told again.
func (s *Cases) RunCases(ctx context.Context) error {
	ctx = access.WithCaller(ctx, access.Process(AuthorID))
	head, err := s.Store.Head(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	if head.CatalogVersion == 0 {
		return nil // Without a catalog there are no cases.
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return err
	}
	absences, err := casetable.Absences(ctx, s.Store, everyDesk)
	if err != nil {
		return env.StoreFault(err)
	}
	now := s.Clock()
	const page = 200
	for after := int64(0); ; {
		rows, err := casetable.UnclosedCases(ctx, s.Store, after, page)
		if err != nil {
			return env.StoreFault(err)
		}
		for i := range rows {
			if err := s.runCase(ctx, cat, &rows[i], absences, now); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].ID
	}
}

// runCase does what is due in a case, if anything is.
func (s *Cases) runCase(ctx context.Context, cat *catalog.Catalog, row *casetable.Case, absences []casetable.Absence, now time.Time) error {
	steps, err := s.steps(cat, row, absences, now)
	if err != nil {
		return err
	}
	isNew := isBack(row, now)
	for i := range steps {
		told, err := notices.IsTold(ctx, s.Store, &steps[i].notice)
		if err != nil {
			return env.StoreFault(err)
		}
		isNew = isNew || !told
	}
	if !isNew {
		return nil
	}
	return s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
		on, err := s.on(w, row.ID)
		if err != nil || on.row.Revision != row.Revision {
			return err // Somebody worked on it meanwhile: the next run looks again.
		}
		return on.carryOut(steps, now)
	}})
}

func isBack(row *casetable.Case, now time.Time) bool {
	return row.State == string(casework.Waiting) && row.Resubmit != 0 && !row.Resubmit.Time().After(now)
}

// carryOut does what is due in a case.
func (on *onCase) carryOut(steps []step, now time.Time) error {
	if isBack(on.row, now) {
		occasion := on.row.Resubmit.String()
		on.row.State, on.row.Resubmit = string(casework.Open), 0
		on.put()
		if err := on.note(EntryReturned, ""); err != nil {
			return err
		}
		if err := on.cases.tellDesk(on.Tx, on.row, noticeReturned, occasion); err != nil {
			return err
		}
	}
	for i := range steps {
		added, err := notices.Add(on.Tx, &steps[i].notice)
		if err != nil {
			return err
		}
		if added && steps[i].entry != "" {
			if err := on.note(steps[i].entry, toldText(&steps[i].notice)); err != nil {
				return err
			}
		}
	}
	return nil
}

// note adds an entry of the program, if there is room for it.
func (on *onCase) note(kind, text string) error {
	if !on.hasRoom() {
		return nil
	}
	return on.cases.addEntry(on.Tx, on.row.ID, &entry{kind: kind, author: AuthorID, text: text})
}

func toldText(n *notices.Notice) string {
	if n.Recipient == "" {
		return n.Kind + " to the officers"
	}
	return n.Kind + " to " + string(n.Audience) + " " + n.Recipient
}

// steps returns what is due in a case by now. Who is told of what the desk itself has to do is told in its working time; deadlines of the law
// do not wait for it.
func (s *Cases) steps(cat *catalog.Catalog, row *casetable.Case, absences []casetable.Absence, now time.Time) ([]step, error) {
	desk, _ := s.desk(cat, row.Department)
	calendar, err := desk.Calendar()
	if err != nil {
		return nil, err
	}
	charge := desk.InCharge(row.Assignee, absencesOf(ofDesk(absences, row.Department)), now)
	p := &plan{row: row, desk: &desk, charge: charge, now: now}
	p.law()
	if !calendar.Open(now) {
		return p.steps, nil
	}
	if row.State == string(casework.Answered) {
		if now.Sub(row.Answered.Time()) >= silentAfter {
			p.tellDesk(noticeSilent, row.Answered.String(), "")
		}
		return p.steps, nil
	}
	return p.steps, p.due(calendar)
}

// plan gathers what is due in a case.
type plan struct {
	row    *casetable.Case
	desk   *casework.Desk
	charge casework.Charge
	now    time.Time
	steps  []step
}

// due plans reminders and escalation.
func (p *plan) due(calendar *casework.Calendar) error {
	row, due := p.row, p.row.Due.Time()
	occasion := row.Due.String()
	if len(p.charge.Absent) > 0 {
		for _, member := range p.charge.Members {
			p.tellMember(noticeDeputy, member, occasion)
		}
	}
	soon := due.Add(-due.Sub(row.Received.Time()) / 2)
	if !p.now.Before(soon) && p.now.Before(due) {
		p.tellDesk(noticeDueSoon, occasion, EntryReminded)
	}
	late := len(p.desk.Members) > 0 && len(p.charge.Members) == 0 // Nobody of the desk is there.
	if !p.now.Before(due) {
		p.tellDesk(noticeOverdue, occasion, EntryReminded)
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
		p.tellOfficer(noticeEscalated, occasion, EntryEscalated)
	}
	return err
}

// escalate plans that a case goes to whom its desk names, or to the officer.
func (p *plan) escalate(occasion string) {
	switch to := p.desk.EscalateTo; {
	case to.Member != "":
		p.add(notices.ToMember, to.Member, p.row.Department, noticeEscalated, occasion, EntryEscalated)
	case to.Department != "":
		p.add(notices.ToDesk, to.Department, to.Department, noticeEscalated, occasion, EntryEscalated)
	default:
		p.tellOfficer(noticeEscalated, occasion, EntryEscalated)
	}
}

// law plans what is told of a deadline of the law: to the desk, and to the officer.
func (p *plan) law() {
	row := p.row
	if row.LawDue == 0 || row.State == string(casework.Answered) || p.now.Before(row.LawDue.Time().Add(-lawSoon)) {
		return
	}
	kind := noticeLawDueSoon
	if !p.now.Before(row.LawDue.Time()) {
		kind = noticeLawOverdue
	}
	p.tellDesk(kind, row.LawDue.String(), EntryReminded)
	p.tellOfficer(kind, row.LawDue.String(), "")
}

// tellDesk plans a notice to who is in charge: one member, or the whole desk; of a case without a desk, to the officers.
func (p *plan) tellDesk(kind, occasion, shown string) {
	switch {
	case p.row.Department == "":
		p.tellOfficer(kind, occasion, shown)
	case len(p.charge.Members) == 1:
		p.add(notices.ToMember, p.charge.Members[0], p.row.Department, kind, occasion, shown)
	default:
		p.add(notices.ToDesk, p.row.Department, p.row.Department, kind, occasion, shown)
	}
}

func (p *plan) tellMember(kind, member, occasion string) {
	p.add(notices.ToMember, member, p.row.Department, kind, occasion, "")
}

func (p *plan) tellOfficer(kind, occasion, shown string) {
	p.add(notices.ToOfficer, "", "", kind, occasion, shown)
}

func (p *plan) add(to notices.Audience, recipient, department, kind, occasion, shown string) {
	p.steps = append(p.steps, step{entry: shown, notice: notices.Notice{
		Audience: to, Recipient: recipient, Department: department, Kind: kind, Resource: resourceOf(p.row), Occasion: occasion,
	}})
}

// CountCases returns how many cases are not closed, and how many of these are overdue.
func (s *Cases) CountCases(ctx context.Context) (open, overdue int64, err error) {
	counts, err := casetable.CountCases(ctx, s.Store, consent.InstantOf(s.Clock()))
	for _, c := range counts {
		open, overdue = open+c.Open, overdue+c.Overdue
	}
	return open, overdue, env.StoreFault(err)
}
