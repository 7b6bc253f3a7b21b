package cases

import (
	"context"
	"errors"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

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
	away, err := casetable.Absences(ctx, s.Store, absences.EveryDesk)
	if err != nil {
		return env.StoreFault(err)
	}
	now, failed := s.Clock(), error(nil)
	const page = 200
	for after := int64(0); ; {
		rows, err := casetable.UnclosedCases(ctx, s.Store, after, page)
		if err != nil {
			return env.StoreFault(err)
		}
		for i := range rows {
			if err := s.runCase(ctx, cat, &rows[i], away, now); err != nil {
				failed = errors.Join(failed, err) // The others are not to wait for it.
			}
			if ctx.Err() != nil {
				return errors.Join(failed, ctx.Err())
			}
		}
		if len(rows) < page {
			return failed
		}
		after = rows[page-1].ID
	}
}

// runCase does what is due in a case, if anything is.
func (s *Cases) runCase(ctx context.Context, cat *catalog.Catalog, row *casetable.Case, away []casetable.Absence, now time.Time) error {
	desk := desks.Answering(cat, row.Department, row.Channel, s.desk)
	steps, err := alarm.Steps(row, &desk, absences.Of(absences.OfDesk(away, row.Department)), now)
	if err != nil {
		return err
	}
	isNew := isBack(row, now)
	for i := range steps {
		told, err := notices.IsTold(ctx, s.Store, &steps[i].Notice)
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
			return err // A client changed it meanwhile: the next run looks again.
		}
		return on.carryOut(steps, now)
	}})
}

func isBack(row *casetable.Case, now time.Time) bool {
	return row.State == string(casework.Waiting) && row.Resubmit != 0 && !row.Resubmit.Time().After(now)
}

// carryOut does what is due in a case.
func (on *onCase) carryOut(steps []alarm.Step, now time.Time) error {
	if isBack(on.row, now) {
		occasion := on.row.Resubmit.String()
		on.row.State, on.row.Resubmit = string(casework.Open), 0
		on.put()
		if err := on.note(EntryReturned, ""); err != nil {
			return err
		}
		if err := on.cases.tellDesk(on.Tx, on.row, alarm.Returned, occasion); err != nil {
			return err
		}
	}
	for i := range steps {
		added, err := notices.Add(on.Tx, &steps[i].Notice)
		if err != nil {
			return err
		}
		if kind := entryOf(steps[i].Shown); added && kind != "" {
			if err := on.note(kind, toldText(&steps[i].Notice)); err != nil {
				return err
			}
		}
	}
	return nil
}

// entryOf returns the kind of the entry by which a case shows that a notice was told; empty: it does not.
func entryOf(shown alarm.Shown) string {
	switch shown {
	case alarm.AsReminder:
		return EntryReminded
	case alarm.AsEscalation:
		return EntryEscalated
	case alarm.NotShown:
	}
	return ""
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
