package casework

import (
	"fmt"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/casework/holiday"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
)

// The rules that a deadline names, before the period that they gave.
const (
	ruleWithin    = "answer_within:" // working time of the desk
	ruleLaw       = "gdpr_12_3:"     // GDPR Art. 12(3), reckoned by Regulation 1182/71
	ruleSuspended = "+suspended:"    // after either: the time for which it was suspended
)

// How many months from the receipt of a request the law gives for the answer (GDPR Art. 12(3)).
const (
	firstMonths    = 1
	extendedMonths = 3
)

// Law reports whether a law set the deadline, so that its alarms do not wait for working time.
func (d Deadline) Law() bool { return strings.HasPrefix(d.Rule, ruleLaw) }

// Within returns how much working time the desk has for an answer to a case of the kind: what the catalog says, else one working day for a
// complaint and for an objection, and five for all else.
func (d *Desk) Within(k Kind) period.Period {
	if p, said := d.AnswerWithin[k]; said && !p.IsZero() {
		return p
	}
	if k == Complaint || k == Objection {
		return period.Days(1)
	}
	return period.Days(5)
}

// Calendar reckons for one desk: in its working time, and as the law has it in its zone. It is safe for concurrent use.
type Calendar struct {
	*worktime.Calendar

	law  worktime.Law
	desk *Desk
}

// Calendar returns the calendar of the desk. Hours that are not said are Monday to Friday from 09:00 to 17:00 in the zone UTC. The error says what
// is wrong with the hours or the holidays; a desk of a catalog has none.
func (d *Desk) Calendar() (*Calendar, error) {
	holidays, err := holiday.New(d.Holidays)
	if err != nil {
		return nil, err
	}
	hours := d.Hours
	if hours.Zone == "" {
		hours.Zone = "UTC"
	}
	if len(hours.Week) == 0 {
		hours = worktime.Default(hours.Zone)
	}
	work, err := worktime.New(hours, holidays.Closed)
	if err != nil {
		return nil, err
	}
	return &Calendar{Calendar: work, law: worktime.Law{Zone: work.Zone(), Holiday: holidays.Public}, desk: d}, nil
}

// WorkingDays returns how many days from one moment to another, both counted, the desk works on; none if the second is earlier.
func (c *Calendar) WorkingDays(from, until time.Time) int {
	n := 0
	for day, last := wallclock.DateOf(from.In(c.Zone())), wallclock.DateOf(until.In(c.Zone())); !last.Before(day); day = day.Plus(1) {
		if c.WorkingDay(day) {
			n++
		}
	}
	return n
}

// Due returns until when a case that was received at a time is to be answered: the end of the working time that the desk has for its kind. A
// request by which a person makes use of a right is answered at the latest when the law says so, which is what LegalDue returns.
func (c *Calendar) Due(k Kind, received time.Time) (Deadline, error) {
	return c.due(k, received, false)
}

// Extended returns what Due and LegalDue return once the deadline of the law was extended. The deadline of the law is zero of a kind that has none.
func (c *Calendar) Extended(k Kind, received time.Time) (due, law Deadline, err error) {
	law, _ = c.LegalDue(k, received, true)
	due, err = c.due(k, received, true)
	return due, law, err
}

// IsExtended reports whether the rule of a deadline of the law is that of one that was extended.
func IsExtended(rule string) bool {
	return strings.HasPrefix(rule, ruleLaw+period.Months(extendedMonths).String())
}

func (c *Calendar) due(k Kind, received time.Time, extended bool) (Deadline, error) {
	within := c.desk.Within(k)
	end, err := c.Add(received, within)
	if err != nil {
		return Deadline{}, err
	}
	due := Deadline{At: end, Rule: ruleWithin + within.String()}
	if law, is := c.LegalDue(k, received, extended); is && law.At.Before(due.At) {
		return law, nil
	}
	return due, nil
}

// LegalDue returns until when the law wants a request answered (GDPR Art. 12(3)): one month from its receipt, and three where it was extended,
// which the person is to be told with the reasons within the first. False: the kind has no such deadline.
func (c *Calendar) LegalDue(k Kind, received time.Time, extended bool) (Deadline, bool) {
	if !k.Right() {
		return Deadline{}, false
	}
	months := firstMonths
	if extended {
		months = extendedMonths
	}
	return Deadline{At: c.law.Months(received, months), Rule: ruleLaw + period.Months(int64(months)).String()}, true
}

// Suspended returns the deadline later by as long as it stood still, as while the person is asked for what identifies them (GDPR Art. 12(6)).
// A deadline of working time is later by the working time in between; one of the law by whole days, and it ends again on a working day.
func (c *Calendar) Suspended(d Deadline, from, until time.Time) (Deadline, error) {
	if !from.Before(until) || !from.Before(d.At) {
		return d, nil
	}
	if !d.Law() {
		worked := c.Between(from, until)
		at, err := c.AddTime(d.At, worked)
		return Deadline{At: at, Rule: d.Rule + ruleSuspended + period.Seconds(int64(worked/time.Second)).String()}, err
	}
	days := wallclock.DateOf(until.In(c.Zone())).Since(wallclock.DateOf(from.In(c.Zone())))
	if days == 0 {
		return d, nil
	}
	last := d.At.Add(-time.Microsecond) // a moment of the last day
	return Deadline{At: c.law.Days(last, days), Rule: fmt.Sprintf("%s%s%s", d.Rule, ruleSuspended, period.Days(int64(days)))}, nil
}

// Comeback returns when a case comes back that is put aside without a time: after the working time that the desk says, else after five working
// days.
func (c *Calendar) Comeback(now time.Time) (time.Time, error) {
	after := c.desk.Resubmit
	if after.IsZero() {
		after = period.Days(5)
	}
	return c.Add(now, after)
}
