package casework

import (
	"errors"
	"slices"
	"time"
)

// StepKind is why somebody is told about a case. The strings are those of notices.
type StepKind string

// The kinds of steps, in the order in which they come if nobody acts.
const (
	StepDeputy     StepKind = "deputy"      // the member that the case is assigned to is away: who answers instead has it
	StepBack       StepKind = "back"        // that member is back, and has it again
	StepRemind     StepKind = "remind"      // half of the working time for an answer is over
	StepOverdue    StepKind = "overdue"     // the deadline of the desk has passed
	StepEscalate   StepKind = "escalate"    // a working day later: to whom the desk escalates, and a working day after that to the next desk
	StepOfficer    StepKind = "officer"     // a working day after the last of these: to the officer
	StepLawSoon    StepKind = "law_soon"    // seven days before a deadline of the law: to the desk and to the officer
	StepLawOverdue StepKind = "law_overdue" // the deadline of the law has passed: likewise
)

// Audience is who is told. A step to the members of a desk that has nobody there goes to whom that desk escalates to instead.
type Audience struct {
	Department string   // whose desk it is; empty: only the officer is told
	Members    []string // ids, of that desk
	Officer    bool     // the data-protection officer is told, too
}

// Step is something that is told about a case that waits for an answer.
type Step struct {
	Kind StepKind
	// Occasion is the moment that it is about, such as the deadline: the same in each answer, however late the step is told.
	Occasion time.Time
	At       time.Time // when it is told
	To       Audience
	// Deadline is the one that the step is about; zero of StepDeputy and StepBack.
	Deadline Deadline
}

// Matter is a case that waits for an answer, as far as its steps depend on it.
type Matter struct {
	Department string // id; empty, or one without a desk: the case is the officer's
	Assigned   string // id of a member; empty: nobody yet
	Received   time.Time
	Due        Deadline // of the desk
	Law        Deadline // zero: there is none
}

// Steps returns whom to tell about a case that nobody answers, and when, in the order of time. They follow from what is given: who was told already
// is for the caller to know, by kind and occasion.
//
// Steps are told in the working time of the case's desk; those whose time came while the desk did not work, or that lie in the past, at its next
// moment of work from then, or from now, on. Steps of the law wait for nothing. Who is told follows from the absences at the time of the step, and
// of steps in the past, from those of now. Of changes of who answers that are past only the last is returned.
//
// The error is one of the desk's hours and holidays.
func (m *Matter) Steps(desks func(department string) *Desk, absences []Absence, now time.Time) ([]Step, error) {
	desk := desks(m.Department)
	if desk == nil {
		return m.officers(now), nil
	}
	calendar, err := desk.Calendar()
	if err != nil {
		return nil, err
	}
	p := &planner{Matter: m, desks: desks, desk: desk, calendar: calendar, absences: absences, now: now}
	p.deputies()
	p.lateness()
	p.law()
	slices.SortStableFunc(p.steps, func(a, b Step) int { return a.At.Compare(b.At) })
	return p.steps, p.err
}

// officers are the steps of a case without a desk.
func (m *Matter) officers(now time.Time) []Step {
	to := Audience{Officer: true}
	steps := []Step{{Kind: StepOverdue, Occasion: m.Due.At, At: later(m.Due.At, now), To: to, Deadline: m.Due}}
	for _, s := range m.lawSteps(now, time.UTC) {
		s.To = to
		steps = append(steps, s)
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.At.Compare(b.At) })
	return steps
}

// lawSoon is how many days before a deadline of the law it is told.
const lawSoon = 7

// planner gathers the steps of one case.
type planner struct {
	*Matter

	desks    func(department string) *Desk
	desk     *Desk
	calendar *Calendar
	absences []Absence
	now      time.Time
	steps    []Step
	err      error
}

// working adds a step of the desk's deadline at the next working time of the desk.
func (p *planner) working(kind StepKind, at time.Time, to func(at time.Time) Audience) {
	told, err := p.calendar.Next(later(at, p.now))
	if err != nil {
		p.err = err
		return
	}
	p.steps = append(p.steps, Step{Kind: kind, Occasion: at, At: told, To: to(told), Deadline: p.Due})
}

// days returns the moment some working days after the desk's deadline.
func (p *planner) days(n int) time.Time {
	at, err := p.calendar.AddDays(p.Due.At, n)
	p.err = errors.Join(p.err, err)
	return at
}

// lateness are the steps of the desk's own deadline.
func (p *planner) lateness() {
	half, err := p.calendar.AddTime(p.Received, p.calendar.Between(p.Received, p.Due.At)/2)
	p.err = errors.Join(p.err, err)
	if half.Before(p.Due.At) && p.now.Before(p.Due.At) {
		p.working(StepRemind, half, p.inCharge)
	}
	p.working(StepOverdue, p.Due.At, p.inCharge)
	after := 1
	if p.desk.EscalateTo.Member != "" {
		p.working(StepEscalate, p.days(after), func(at time.Time) Audience { return p.escalated(p.desk, p.Department, at) })
		after++
	}
	levels, _ := Levels(p.Department, p.desks)
	for _, level := range levels {
		p.working(StepEscalate, p.days(after), func(at time.Time) Audience { return p.ofDesk(level, at) })
		after++
	}
	p.working(StepOfficer, p.days(after), func(time.Time) Audience { return Audience{Department: p.Department, Officer: true} })
}

// law are the steps of a deadline of the law.
func (p *planner) law() {
	for _, s := range p.lawSteps(p.now, p.calendar.Zone()) {
		s.To = p.inCharge(s.At)
		s.To.Officer = true
		p.steps = append(p.steps, s)
	}
}

// lawSteps are the steps of a deadline of the law, without who is told. That it comes is not told any more when it has passed.
func (m *Matter) lawSteps(now time.Time, zone *time.Location) []Step {
	if m.Law.IsZero() {
		return nil
	}
	soon, end := m.Law.At.In(zone).AddDate(0, 0, -lawSoon).UTC(), m.Law.At
	steps := []Step{{Kind: StepLawOverdue, Occasion: end, At: later(end, now), Deadline: m.Law}}
	if now.Before(end) {
		steps = append(steps, Step{Kind: StepLawSoon, Occasion: soon, At: later(soon, now), Deadline: m.Law})
	}
	return steps
}

// deputies are the steps by which a case comes to who answers for the member that it is assigned to, and back. A change that is over before the
// desk works again is none.
func (p *planner) deputies() {
	if !p.desk.has(p.Assigned) {
		return
	}
	var own []Step
	told := []string{p.Assigned}
	for _, moment := range p.changes() {
		at, err := p.calendar.Next(moment)
		if err != nil {
			p.err = err
			return
		}
		members := p.desk.InCharge(p.Assigned, p.absences, at).Members
		if slices.Equal(members, told) {
			continue
		}
		told = members
		if at, err = p.calendar.Next(later(at, p.now)); err != nil {
			p.err = err
			return
		}
		s := Step{Kind: StepDeputy, At: at, Occasion: moment, To: p.inCharge(at)}
		if slices.Equal(members, []string{p.Assigned}) {
			s.Kind = StepBack
		}
		if last := len(own) - 1; last >= 0 && own[last].At.Equal(at) {
			own = own[:last] // What came before is over.
		}
		own = append(own, s)
	}
	p.steps = append(p.steps, own...)
}

// changes returns the moments from the receipt of the case on at which who answers it may change, in their order.
func (p *planner) changes() []time.Time {
	moments := []time.Time{p.Received}
	for i := range p.absences {
		for _, at := range []time.Time{p.absences[i].From, p.absences[i].Until} {
			if at.After(p.Received) {
				moments = append(moments, at)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return moments
}

// inCharge returns who answers the case at a time; where none of its desk is there, whom it escalates to.
func (p *planner) inCharge(at time.Time) Audience {
	if charge := p.desk.InCharge(p.Assigned, p.absences, at); len(charge.Members) > 0 {
		return Audience{Department: p.Department, Members: charge.Members}
	}
	levels, _ := Levels(p.Department, p.desks)
	for _, level := range levels {
		if to := p.ofDesk(level, at); !to.Officer {
			return to
		}
	}
	return Audience{Department: p.Department, Officer: true}
}

// escalated returns the member that a desk escalates to, or who answers for that one.
func (p *planner) escalated(desk *Desk, department string, at time.Time) Audience {
	charge := desk.InCharge(desk.EscalateTo.Member, p.absences, at)
	return Audience{Department: department, Members: charge.Members, Officer: len(charge.Members) == 0}
}

// ofDesk returns the members of another desk who are there; the officer if none is.
func (p *planner) ofDesk(department string, at time.Time) Audience {
	present := p.desks(department).Present(p.absences, at)
	return Audience{Department: department, Members: present, Officer: len(present) == 0}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
