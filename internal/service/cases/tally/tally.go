// Package tally sums up the figures of cases: how many came, how fast they were answered, and how many complaints came for 1,000 messages.
package tally

import (
	"maps"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/wallclock"
)

// Figures are the figures of one desk or of one sender identity.
type Figures struct {
	Department     string // empty of a sender identity, and of the officers
	SenderIdentity string // empty of a desk
	Cases          int64
	Answered       int64 // or closed; not those that the person or an officer has opened again
	SameDay        int64 // on the day on which they came, in the zone of the desk
	InTime         int64
	Overdue        int64         // not answered, or opened again, and due
	Median, P90    time.Duration // of all first answers; zero: there is none
	Complaints     int64
	AgainstSender  int64 // complaints that were right about who sent
	Contacts       int64 // zero: not known
	PerThousand    float64
	Level          string // empty: below the limits
}

// The levels of complaints for 1,000 messages that mailbox providers publish as limits.
const (
	LevelWarn = "above_0_1_percent"
	LevelStop = "above_0_3_percent"
)

// Sums are figures that are being summed up. The zero value is not usable; see [New].
type Sums struct {
	now            consent.Instant
	desks, senders map[string]*sum
}

// New returns sums of nothing, as of now.
func New(now consent.Instant) *Sums {
	return &Sums{now: now, desks: map[string]*sum{}, senders: map[string]*sum{}}
}

type sum struct {
	of    Figures
	times []time.Duration // to each first answer
}

// Add adds a case of a desk in a zone.
func (s *Sums) Add(c *casetable.Case, zone *time.Location) {
	desk, ok := s.desks[c.Department]
	if !ok {
		desk = &sum{of: Figures{Department: c.Department}}
		s.desks[c.Department] = desk
	}
	desk.add(c, zone, s.now)
	if c.SenderIdentity == "" {
		return
	}
	sender, ok := s.senders[c.SenderIdentity]
	if !ok {
		sender = &sum{of: Figures{SenderIdentity: c.SenderIdentity}}
		s.senders[c.SenderIdentity] = sender
	}
	sender.add(c, zone, s.now)
}

// Desks returns the figures by department.
func (s *Sums) Desks() []Figures { return sorted(s.desks, nil) }

// Senders returns the figures by sender identity, with how many messages each sent; nil: that is not known.
func (s *Sums) Senders(sent map[string]int64) []Figures { return sorted(s.senders, sent) }

func sorted(sums map[string]*sum, sent map[string]int64) []Figures {
	var list []Figures
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		list = append(list, sums[id].figures(sent[id]))
	}
	return list
}

// add adds a case that is answered in a zone. One that is closed without an answer counts as answered when it was closed. One that was opened again
// after its answer waits for the next one: it is not answered, and its first answer counts for the times alone.
func (s *sum) add(c *casetable.Case, zone *time.Location, now consent.Instant) {
	f := &s.of
	f.Cases++
	if c.Kind == string(casework.Complaint) {
		f.Complaints++
		if casework.Outcome(c.Outcome).AgainstSender() {
			f.AgainstSender++
		}
	}
	answered, late := c.Answered, c.AnsweredLate
	if answered == 0 && c.Closed != 0 {
		answered, late = c.Closed, c.Closed >= c.Due
	}
	if answered != 0 {
		s.times = append(s.times, answered.Time().Sub(c.Received.Time()))
	}
	if c.State != string(casework.Answered) && c.State != string(casework.Closed) {
		if c.Due <= now {
			f.Overdue++
		}
		return
	}
	f.Answered++
	if !late {
		f.InTime++
	}
	if wallclock.DateOf(answered.Time().In(zone)) == wallclock.DateOf(c.Received.Time().In(zone)) {
		f.SameDay++
	}
}

// figures returns the figures, with how many messages were sent.
func (s *sum) figures(contacts int64) Figures {
	f := s.of
	slices.Sort(s.times)
	f.Median, f.P90 = quantile(s.times, 50), quantile(s.times, 90)
	if f.Contacts = contacts; contacts == 0 {
		return f
	}
	f.PerThousand = float64(f.Complaints) * 1000 / float64(contacts)
	switch {
	case f.PerThousand >= 3:
		f.Level = LevelStop
	case f.PerThousand >= 1:
		f.Level = LevelWarn
	}
	return f
}

// quantile returns the smallest of the sorted times that is not exceeded by a share of them in percent; zero of none.
func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
