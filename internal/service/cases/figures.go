package cases

import (
	"cmp"
	"context"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/cases/desks"
	"github.com/assent-io/assent/internal/service/cases/tally"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Figures are the figures of the cases that were received in a time.
type Figures struct {
	Since, Before consent.Instant
	Desks         []tally.Figures // by department
	Senders       []tally.Figures // by sender identity
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
	if !desks.Narrow(&v.who, &department) {
		return f, nil
	}
	sent, err := s.contacts.Sent(ctx, f.Since.Time(), f.Before.Time())
	if err != nil {
		return Figures{}, err
	}
	sums, zones := tally.New(consent.InstantOf(v.now)), map[string]*time.Location{}
	const page = 1000
	for after := int64(0); ; {
		rows, err := casetable.CasesReceived(ctx, s.Store, department, f.Since, f.Before, after, page)
		if err != nil {
			return Figures{}, env.StoreFault(err)
		}
		for i := range rows {
			zone, err := v.zoneOf(rows[i].Department, zones)
			if err != nil {
				return Figures{}, err
			}
			sums.Add(&rows[i], zone)
		}
		if len(rows) < page {
			break
		}
		after = rows[page-1].ID
	}
	f.Desks, f.Senders = sums.Desks(), sums.Senders(sent)
	return f, nil
}

// zoneOf returns the zone of a desk, which is kept in zones.
func (v *viewer) zoneOf(department string, zones map[string]*time.Location) (*time.Location, error) {
	if zone, known := zones[department]; known {
		return zone, nil
	}
	desk, _ := v.cases.desk(v.cat, department)
	calendar, err := desk.Calendar()
	if err != nil {
		return nil, err
	}
	zones[department] = calendar.Zone()
	return zones[department], nil
}
