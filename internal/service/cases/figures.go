package cases

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/wallclock"
)

// FiguresOf are the figures of one desk or of one sender identity.
type FiguresOf struct {
	Department     string // empty of a sender identity, and of the officers
	SenderIdentity string // empty of a desk
	Cases          int64
	Answered       int64 // or closed
	SameDay        int64 // on the day on which they came, in the zone of the desk
	InTime         int64
	Overdue        int64         // not answered, and due
	Median, P90    time.Duration // zero: none was answered
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

// Figures are the figures of the cases that were received in a time.
type Figures struct {
	Since, Before consent.Instant
	Desks         []FiguresOf // by department
	Senders       []FiguresOf // by sender identity
}

// defaultFigures is the time of figures that is asked for without a beginning.
const defaultFigures = 30 * 24 * time.Hour

// CaseFigures returns the figures of the cases that were received from an instant on, or from 30 days before the end if that is zero, and before
// another, or until now if that is zero. A client of one department gets those of that department's desk. Errors: INVALID_TIME, DESK_NOT_FOUND,
// SCOPE_MISSING, NO_CATALOG.
func (s *Cases) CaseFigures(ctx context.Context, since, before consent.Instant, department string) (Figures, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return Figures{}, err
	}
	if err := v.knownDepartment(department); err != nil {
		return Figures{}, err
	}
	f := Figures{Since: since, Before: cmp.Or(before, consent.InstantOf(v.now))}
	if since == 0 {
		f.Since = consent.InstantOf(f.Before.Time().Add(-defaultFigures))
	}
	if f.Since >= f.Before {
		return Figures{}, fault.Errorf(fault.InvalidTime, "beforeTime", "the time ends before it begins")
	}
	if !v.narrow(&department) {
		return f, nil
	}
	sent, err := s.contacts.Sent(ctx, f.Since.Time(), f.Before.Time())
	if err != nil {
		return Figures{}, err
	}
	sums := &sums{now: consent.InstantOf(v.now), desks: map[string]*sum{}, senders: map[string]*sum{}, zones: map[string]*time.Location{}}
	const page = 1000
	for after := int64(0); ; {
		rows, err := casetable.CasesReceived(ctx, s.Store, department, f.Since, f.Before, after, page)
		if err != nil {
			return Figures{}, env.StoreFault(err)
		}
		for i := range rows {
			if err := sums.add(v, &rows[i]); err != nil {
				return Figures{}, err
			}
		}
		if len(rows) < page {
			break
		}
		after = rows[page-1].ID
	}
	for _, id := range slices.Sorted(maps.Keys(sums.desks)) {
		f.Desks = append(f.Desks, sums.desks[id].figures(0))
	}
	for _, id := range slices.Sorted(maps.Keys(sums.senders)) {
		f.Senders = append(f.Senders, sums.senders[id].figures(sent[id]))
	}
	return f, nil
}

// sums are the figures that are being summed up.
type sums struct {
	now            consent.Instant
	desks, senders map[string]*sum
	zones          map[string]*time.Location
}

type sum struct {
	of    FiguresOf
	times []time.Duration // to each first answer
}

// add adds a case.
func (s *sums) add(v *viewer, c *casetable.Case) error {
	zone, known := s.zones[c.Department]
	if !known {
		desk, _ := v.cases.desk(v.cat, c.Department)
		calendar, err := desk.Calendar()
		if err != nil {
			return err
		}
		zone = calendar.Zone()
		s.zones[c.Department] = zone
	}
	desk, ok := s.desks[c.Department]
	if !ok {
		desk = &sum{of: FiguresOf{Department: c.Department}}
		s.desks[c.Department] = desk
	}
	desk.add(c, zone, s.now)
	if c.SenderIdentity == "" {
		return nil
	}
	sender, ok := s.senders[c.SenderIdentity]
	if !ok {
		sender = &sum{of: FiguresOf{SenderIdentity: c.SenderIdentity}}
		s.senders[c.SenderIdentity] = sender
	}
	sender.add(c, zone, s.now)
	return nil
}

// add adds a case that is answered in a zone. One that is closed without an answer counts as answered when it was closed.
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
	if answered == 0 {
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
	s.times = append(s.times, answered.Time().Sub(c.Received.Time()))
}

// figures returns the figures, with how many messages were sent.
func (s *sum) figures(contacts int64) FiguresOf {
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
