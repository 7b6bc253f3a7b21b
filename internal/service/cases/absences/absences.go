// Package absences keeps when members of desks are away, and who stands in for them.
package absences

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/reach"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/token"
)

const (
	// longestAbsence is how long an absence lasts at most: one without an end would leave cases with a member who never comes back.
	longestAbsence = 400 * 24 * time.Hour
	// keepAbsences is how long an absence is kept that has ended.
	keepAbsences = 90 * 24 * time.Hour
)

// Absences is the use cases about absences.
type Absences struct {
	*env.Env

	guard  *access.Guard
	engine *txn.Engine
	desk   func(cat *catalog.Catalog, department string) (casework.Desk, bool)
}

// New returns the use cases about absences. Desk returns the desk of a department of a catalog; nil: [desks.Of].
func New(
	env *env.Env, guard *access.Guard, engine *txn.Engine, desk func(cat *catalog.Catalog, department string) (casework.Desk, bool),
) *Absences {
	if desk == nil {
		desk = desks.Of
	}
	return &Absences{Env: env, guard: guard, engine: engine, desk: desk}
}

// Absence is a time in which a member of a desk answers nothing.
type Absence struct {
	ID         string
	Department string
	Member     string
	From       consent.Instant
	Until      consent.Instant // the first instant at which the member is back
	Deputy     string          // empty: the desk
	Created    consent.Instant
	CreatedBy  string
}

func shownAbsence(row *casetable.Absence) Absence {
	return Absence{
		ID: uuid.UUID(row.ID).String(), Department: row.Department, Member: row.Member, From: row.From, Until: row.Until, Deputy: row.Deputy,
		Created: row.Created, CreatedBy: row.CreatedBy,
	}
}

// Of returns absences as the rules of cases have them.
func Of(rows []casetable.Absence) []casework.Absence {
	list := make([]casework.Absence, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = casework.Absence{Member: r.Member, From: r.From.Time(), Until: r.Until.Time(), Deputy: r.Deputy}
	}
	return list
}

// In returns the absences of all desks as the transaction has left them so far.
func In(w *txn.Tx) ([]casetable.Absence, error) {
	return txn.RowsOf(w, EveryDesk, casetable.Absences)
}

// EveryDesk is the department by which absences are read within a transaction: all of them, for they are few.
const EveryDesk = ""

// OfDesk returns the absences of one desk.
func OfDesk(all []casetable.Absence, department string) []casetable.Absence {
	return slices.DeleteFunc(slices.Clone(all), func(a casetable.Absence) bool { return a.Department != department })
}

// NewAbsence is an absence to state.
type NewAbsence struct {
	Department string
	Member     string
	From       consent.Instant // zero: now
	Until      consent.Instant
	Deputy     string
	txn.Idempotency
}

// CreateAbsence says that a member of a desk is away. Errors: INVALID_TIME, INVALID_ABSENCE, DESK_NOT_FOUND, DESK_HAS_NO_MEMBER,
// OTHER_DEPARTMENT, SCOPE_MISSING, NO_CATALOG.
func (s *Absences) CreateAbsence(ctx context.Context, n NewAbsence) (Absence, error) {
	if err := access.Need(ctx, access.ScopeCases); err != nil {
		return Absence{}, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return Absence{}, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, nil, func(w *txn.Tx) (Absence, bool, error) {
		row := &casetable.Absence{
			ID: id, Department: n.Department, Member: n.Member, From: n.From, Until: n.Until, Deputy: n.Deputy, Created: w.Recorded, CreatedBy: w.Caller.ID,
		}
		if row.From == 0 {
			row.From = w.Recorded
		}
		there, err := In(w)
		if err != nil {
			return Absence{}, false, err
		}
		if err := s.mayBeAway(w, row, Of(OfDesk(there, n.Department))); err != nil {
			return Absence{}, false, err
		}
		txn.PutRows(w, EveryDesk, append(there, *row), casetable.AddAbsence(row))
		return shownAbsence(row), true, nil
	})
}

// mayBeAway refuses an absence that the caller may not state, and one that makes no sense beside the others of the desk.
func (s *Absences) mayBeAway(w *txn.Tx, a *casetable.Absence, others []casework.Absence) error {
	if err := w.Caller.Need(access.ScopeCases); err != nil {
		return err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	desk, found := s.desk(cat, a.Department)
	switch {
	case !found:
		return desks.Missing(a.Department)
	case !reach.Reaches(&w.Caller, a.Department):
		return fault.Errorf(fault.OtherDepartment, "department", "the client belongs to the department %s, and states absences of its desk only",
			w.Caller.Department)
	case a.From < a.Until && a.Until <= w.Recorded:
		return fault.Errorf(fault.InvalidTime, "untilTime", "the absence has passed")
	case a.Until.Time().Sub(a.From.Time()) > longestAbsence:
		return fault.Errorf(fault.InvalidTime, "untilTime",
			"an absence lasts 400 days at most; who is away for longer is no member of the desk, which the catalog says")
	}
	return desks.CheckAbsence(&desk, Of([]casetable.Absence{*a})[0], others)
}

// Page is a page of absences.
type Page struct {
	Absences []Absence
	Next     string // the token of the next page; empty after the last
}

// ListAbsences returns absences by department and begin. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Absences) ListAbsences(ctx context.Context, department string, size int, pageToken string) (Page, error) {
	method := "absences\x00" + department
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeCases)
	if err != nil {
		return Page{}, err
	}
	if !reach.Narrow(&who, &department) {
		return Page{}, nil
	}
	rows, err := casetable.Absences(ctx, s.Store, department)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	from := 0
	if at.AfterKey != "" {
		// The absences of all desks are few. One that was deleted meanwhile begins the list anew, rather than cutting it off.
		from = 1 + slices.IndexFunc(rows, func(a casetable.Absence) bool { return uuid.UUID(a.ID).String() == at.AfterKey })
	}
	var page Page
	for i := from; i < len(rows); i++ {
		if len(page.Absences) == size {
			page.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: uuid.UUID(rows[i-1].ID).String()})
			return page, err
		}
		page.Absences = append(page.Absences, shownAbsence(&rows[i]))
	}
	return page, nil
}

// DeleteAbsence deletes an absence. Errors: INVALID_REQUEST, ABSENCE_NOT_FOUND, also for one of another department; SCOPE_MISSING.
func (s *Absences) DeleteAbsence(ctx context.Context, id string, once txn.Idempotency) error {
	if err := access.Need(ctx, access.ScopeCases); err != nil {
		return err
	}
	key, err := uuid.Parse(id)
	var refused error
	if err != nil {
		refused = fault.Errorf(fault.InvalidRequest, "id", "the id of an absence is a UUID")
	}
	_, err = txn.Idempotent(ctx, s.engine, &txn.Write{}, once, refused, func(w *txn.Tx) (struct{}, bool, error) {
		all, err := In(w)
		if err != nil {
			return struct{}{}, false, err
		}
		at := slices.IndexFunc(all, func(a casetable.Absence) bool { return a.ID == key })
		if err := w.Caller.Need(access.ScopeCases); err != nil {
			return struct{}{}, false, err
		}
		if at < 0 || !reach.Reaches(&w.Caller, all[at].Department) {
			return struct{}{}, false, fault.Errorf(fault.AbsenceMissing, "id", "there is no absence with this id, or it is another desk's")
		}
		txn.PutRows(w, EveryDesk, slices.Delete(all, at, at+1), casetable.DropAbsence(key))
		return struct{}{}, true, nil
	})
	return err
}

// ForgetAbsences deletes absences that ended long ago.
func (s *Absences) ForgetAbsences(ctx context.Context) error {
	before := consent.InstantOf(s.Clock().Add(-keepAbsences))
	return env.StoreFault(s.Store.WriteTables(ctx, casetable.DropOldAbsences(before)))
}
