package casework

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/wallclock"
)

// Handled is a case as the figures see it.
type Handled struct {
	Kind     Kind
	Outcome  Outcome // empty while it is not closed
	Received time.Time
	Due      time.Time // as it was when the case was answered
	Answered time.Time // the first answer, or when it was closed without one; zero: it is not answered
}

// Figures are how a desk, or the desks that answer for a sender identity, did in some time.
type Figures struct {
	Cases    int64
	Answered int64
	SameDay  int64 // answered on the day on which they came, by the wall clock of the desk
	InTime   int64 // answered before they were due
	Overdue  int64 // not answered, and due
	// Median and P90 are the times that half and nine tenths of the answers took at most, from the receipt on, nights and weekends included: so long
	// the person waited. Each is the time of one of the answers (nearest rank). Zero: none was answered. Cases that are not answered yet do not count.
	Median, P90 time.Duration

	Complaints    int64
	AgainstSender int64 // complaints that were right about who sent
	Contacts      int64 // messages that were sent in the time; zero: not known
	// PerThousand are the complaints for 1,000 messages; zero without contacts.
	PerThousand float64
	Level       Level
}

// Level says how many complaints there are, by the limits that the large mailbox providers publish.
type Level string

// The levels.
const (
	LevelFine Level = ""                  // below one in 1,000 messages, or the messages are not known
	LevelWarn Level = "above_0_1_percent" // senders are to stay below it
	LevelStop Level = "above_0_3_percent" // and never to reach it: mail is then refused or put aside
)

// Tally sums up figures. The zero value is ready.
type Tally struct {
	figures Figures
	times   []time.Duration
}

// Add adds a case that is answered by a desk in a zone, as it stands at a time.
func (t *Tally) Add(c *Handled, zone *time.Location, now time.Time) {
	f := &t.figures
	f.Cases++
	if c.Kind == Complaint {
		f.Complaints++
		if c.Outcome.AgainstSender() {
			f.AgainstSender++
		}
	}
	if c.Answered.IsZero() {
		if !now.Before(c.Due) {
			f.Overdue++
		}
		return
	}
	f.Answered++
	if c.Answered.Before(c.Due) {
		f.InTime++
	}
	if wallclock.DateOf(c.Answered.In(zone)) == wallclock.DateOf(c.Received.In(zone)) {
		f.SameDay++
	}
	t.times = append(t.times, c.Answered.Sub(c.Received))
}

// Figures returns the figures of the cases that were added, with how many messages were sent in the same time; 0: not known.
func (t *Tally) Figures(contacts int64) Figures {
	f := t.figures
	slices.Sort(t.times)
	f.Median, f.P90 = percentile(t.times, 50), percentile(t.times, 90)
	if f.Contacts = contacts; contacts <= 0 {
		return f
	}
	f.PerThousand = float64(f.Complaints) * 1000 / float64(contacts)
	switch {
	case f.Complaints*1000 >= 3*contacts:
		f.Level = LevelStop
	case f.Complaints*1000 >= contacts:
		f.Level = LevelWarn
	}
	return f
}

// percentile returns the smallest of the sorted times that at least so many percent of them do not exceed; zero of none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

// Past is what came back of a send: how many messages went out, and how many cases were opened about it.
type Past struct{ Contacts, Cases int64 }

// ExpectedCases returns how many cases a send of some size is likely to bring, by the rate of the last sends, rounded up; false: none of them is known.
func ExpectedCases(size int64, last []Past) (cases int64, known bool) {
	var contacts, came int64
	for _, p := range last {
		contacts, came = contacts+p.Contacts, came+p.Cases
	}
	if contacts <= 0 || size < 0 {
		return 0, false
	}
	return (size*came + contacts - 1) / contacts, true
}

// Overload returns by how many cases a number that is expected within some working days exceeds what the desk can answer; 0: it does not, or the desk
// does not say how many it can.
func (d *Desk) Overload(expected int64, workingDays int) int64 {
	if d.AnswerCapacity == 0 {
		return 0
	}
	return max(0, expected-int64(d.AnswerCapacity)*int64(workingDays))
}
