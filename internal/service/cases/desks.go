package cases

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/cases/reach"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Desk is the part of a department that answers cases, as it is now.
type Desk struct {
	Department string
	Mailboxes  []string
	Members    []Member
	Hours      string // in words
	Open       int64  // how many cases are not closed
	Overdue    int64  // and how many of these were due
}

// Member is a member of a desk, as it is now.
type Member struct {
	ID        string
	Email     string
	AwayUntil consent.Instant // zero: the member is there
	Deputy    string
}

// ListDesks returns the desks, in the order of the catalog's departments. Errors: DESK_NOT_FOUND, SCOPE_MISSING, NO_CATALOG.
func (s *Cases) ListDesks(ctx context.Context, department string) ([]Desk, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.knownDepartment(department); err != nil {
		return nil, err
	}
	if !reach.Narrow(&v.who, &department) {
		return nil, nil
	}
	counted, err := casetable.CountCases(ctx, s.Store, consent.InstantOf(v.now))
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var list []Desk
	for i := range v.cat.Departments {
		id := v.cat.Departments[i].ID
		if department != "" && id != department {
			continue
		}
		desk, _ := s.desk(v.cat, id)
		shown, err := v.desk(ctx, id, &desk)
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(counted, func(c casetable.Count) bool { return c.Department == id }); at >= 0 {
			shown.Open, shown.Overdue = counted[at].Open, counted[at].Overdue
		}
		list = append(list, shown)
	}
	return list, nil
}

// desk returns a desk as it is now.
func (v *viewer) desk(ctx context.Context, department string, desk *casework.Desk) (Desk, error) {
	away, err := v.absent(ctx, department)
	if err != nil {
		return Desk{}, err
	}
	shown := Desk{Department: department, Mailboxes: desk.Mailboxes, Hours: desk.HoursInWords()}
	for _, m := range desk.Members {
		member := Member{ID: m.ID, Email: m.Email}
		for i := range away {
			if a := &away[i]; a.Member == m.ID && a.Covers(v.now) {
				member.AwayUntil = max(member.AwayUntil, consent.InstantOf(a.Until))
			}
		}
		if member.AwayUntil != 0 {
			member.Deputy = desks.Deputy(desk, away, m.ID, v.now)
		}
		shown.Members = append(shown.Members, member)
	}
	return shown, nil
}
