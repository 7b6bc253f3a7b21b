// Package figures gives the figures of the cases of a time, by desk and by sender identity.
package figures

import (
	"cmp"
	"context"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/reach"
	"github.com/assent-io/assent/internal/service/cases/tally"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Contacts knows how many marketing messages each sender identity sent from a time on and before another.
type Contacts interface {
	Sent(ctx context.Context, since, before time.Time) (map[string]int64, error)
}

// Reckoner is the use case about figures.
type Reckoner struct {
	*env.Env

	reference *reference.Reference
	guard     *access.Guard
	contacts  Contacts
	desk      func(cat *catalog.Catalog, department string) (casework.Desk, bool)
}

// New returns the use case about figures. Desk returns the desk of a department of a catalog; nil: [desks.Of].
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, contacts Contacts,
	desk func(cat *catalog.Catalog, department string) (casework.Desk, bool),
) *Reckoner {
	if desk == nil {
		desk = desks.Of
	}
	return &Reckoner{Env: env, reference: reference, guard: guard, contacts: contacts, desk: desk}
}

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
func (s *Reckoner) CaseFigures(ctx context.Context, since, before consent.Instant, department string) (Figures, error) {
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeCases)
	if err != nil {
		return Figures{}, err
	}
	versions, err := s.reference.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return Figures{}, err
	}
	cat, now := reference.InForce(versions, max(s.Instant(), head.Recorded)).Parsed, consent.InstantOf(s.Clock())
	if _, known := cat.Department(department); department != "" && !known {
		return Figures{}, desks.Missing(department)
	}
	f := Figures{Since: since, Before: cmp.Or(before, now)}
	if since == 0 {
		f.Since = consent.InstantOf(f.Before.Time().Add(-defaultFigures))
	}
	if f.Since >= f.Before {
		return Figures{}, fault.Errorf(fault.InvalidTime, "beforeTime", "the time ends before it begins")
	}
	if !reach.Narrow(&who, &department) {
		return f, nil
	}
	sent, err := s.contacts.Sent(ctx, f.Since.Time(), f.Before.Time())
	if err != nil {
		return Figures{}, err
	}
	sums := tally.New(now)
	if err := s.sumUp(ctx, cat, &f, department, sums); err != nil {
		return Figures{}, err
	}
	f.Desks, f.Senders = sums.Desks(), sums.Senders(sent)
	return f, nil
}

// sumUp adds the cases of the time to the sums; only those of a department, unless it is empty.
func (s *Reckoner) sumUp(ctx context.Context, cat *catalog.Catalog, f *Figures, department string, sums *tally.Sums) error {
	zones := map[string]*time.Location{}
	const page = 1000
	for after := int64(0); ; {
		rows, err := casetable.CasesReceived(ctx, s.Store, department, f.Since, f.Before, after, page)
		if err != nil {
			return env.StoreFault(err)
		}
		for i := range rows {
			zone, err := s.zoneOf(cat, rows[i].Department, zones)
			if err != nil {
				return err
			}
			sums.Add(&rows[i], zone)
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].ID
	}
}

// zoneOf returns the zone of a desk, which is kept in zones.
func (s *Reckoner) zoneOf(cat *catalog.Catalog, department string, zones map[string]*time.Location) (*time.Location, error) {
	if zone, known := zones[department]; known {
		return zone, nil
	}
	desk := desks.Answering(cat, department, "", s.desk)
	calendar, err := desk.Calendar()
	if err != nil {
		return nil, err
	}
	zones[department] = calendar.Zone()
	return zones[department], nil
}
