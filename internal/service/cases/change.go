package cases

import (
	"context"
	"strconv"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/reach"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Change is what every change of a case has.
type Change struct {
	ID   string
	Etag string // of the case as it was read; empty: whatever it is now
	txn.Idempotency
}

// onCase is a case in the course of a change.
type onCase struct {
	*txn.Tx

	cases *Cases
	row   *casetable.Case
	cat   *catalog.Catalog
	desk  casework.Desk // of its department
	done  changed
}

// change runs a change of a case that the caller works on, and returns the case after it.
func (s *Cases) change(ctx context.Context, c Change, load storage.Load, run func(*onCase) error) (Case, changed, error) {
	if err := access.Need(ctx, access.ScopeCases); err != nil {
		return Case{}, changed{}, err
	}
	id, refused := number.Parse(c.ID)
	done, err := txn.Idempotent(ctx, s.engine, &txn.Write{Load: load}, c.Idempotency, refused, func(w *txn.Tx) (changed, bool, error) {
		if err := w.Caller.Need(access.ScopeCases); err != nil {
			return changed{}, false, err
		}
		on, err := s.on(w, id)
		if err != nil {
			return changed{}, false, err
		}
		if !reach.Reaches(&w.Caller, on.row.Department) {
			return changed{}, false, missing()
		}
		if c.Etag != "" && c.Etag != etagOf(on.row) {
			return changed{}, false, fault.Errorf(fault.EtagMismatch, "etag", "the case has changed since it was read; read it again")
		}
		if err := run(on); err != nil {
			return changed{}, false, err
		}
		on.put()
		return on.done, true, nil
	})
	if err != nil {
		return Case{}, changed{}, err
	}
	after, err := s.caseOf(ctx, done.ID)
	return after, done, err
}

// on returns a case to change as a part of a write.
func (s *Cases) on(w *txn.Tx, id int64) (*onCase, error) {
	rows, err := rowOf(w, id)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, missing()
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	desk := desks.Answering(cat, rows[0].Department, rows[0].Channel, s.desk)
	return &onCase{Tx: w, cases: s, row: &rows[0], cat: cat, desk: desk, done: changed{ID: id}}, nil
}

// put stores the case as it is now.
func (on *onCase) put() {
	on.row.Revision++
	putCase(on.Tx, on.row)
}

// etagOf returns what changes with each change of a case.
func etagOf(row *casetable.Case) string { return strconv.FormatInt(row.Revision, 10) }

// add adds an entry, if the case has room for it.
func (on *onCase) add(e *entry) error {
	rows, err := entriesOf(on.Tx, on.row.ID)
	if err != nil {
		return err
	}
	if len(rows) >= maxEntries {
		return fault.Errorf(fault.CaseFull, "id", "the case has %d entries, which is the most that there can be; close it and open another one", maxEntries)
	}
	return on.cases.addEntry(on.Tx, on.row.ID, e)
}

// state returns how far the case has come.
func (on *onCase) state() casework.State { return casework.State(on.row.State) }

// needNotClosed refuses what cannot be done with a closed case.
func (on *onCase) needNotClosed() error {
	if on.state() != casework.Closed {
		return nil
	}
	return fault.Errorf(fault.CaseClosed, "id", "the case was closed on %s as %s; open it again first", on.row.Closed.Time().Format(time.DateOnly),
		on.row.Outcome)
}

// AssignCase assigns a case to a member of its desk, or to the desk if that is empty. Errors: CASE_NOT_FOUND, CASE_CLOSED, DESK_HAS_NO_MEMBER,
// ETAG_MISMATCH, CASE_FULL, SCOPE_MISSING.
func (s *Cases) AssignCase(ctx context.Context, c Change, assignee string) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if err := on.needNotClosed(); err != nil {
			return err
		}
		if assignee != "" {
			if err := desks.NeedMember(&on.desk, "assignee", assignee); err != nil {
				return err
			}
		}
		on.row.Assignee = assignee
		if err := on.cases.tellDesk(on.Tx, on.row, alarm.Assigned, etagOf(on.row)); err != nil {
			return err
		}
		return on.add(&entry{kind: EntryAssigned, text: assignee})
	})
	return after, err
}

// ResubmitCase puts a case aside until a time, or for as long as its desk says if that is zero. Errors: INVALID_TIME, CASE_NOT_FOUND,
// CASE_CLOSED, ETAG_MISMATCH, CASE_FULL, SCOPE_MISSING.
func (s *Cases) ResubmitCase(ctx context.Context, c Change, at consent.Instant, note string) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if err := on.needNotClosed(); err != nil {
			return err
		}
		at := at
		if at == 0 {
			again, err := desks.Comeback(&on.desk, on.Recorded.Time())
			if err != nil {
				return err
			}
			at = consent.InstantOf(again)
		}
		switch {
		case at <= on.Recorded:
			return fault.Errorf(fault.InvalidTime, "resubmitTime", "the time has passed; a case comes back in the future")
		case at.Time().After(on.Recorded.Time().Add(maxPast)):
			return fault.Errorf(fault.InvalidTime, "resubmitTime", "a case can be put aside for 400 days at most")
		}
		on.row.State, on.row.Resubmit = string(casework.Waiting), at
		return on.add(&entry{kind: EntryResubmitted, text: note})
	})
	return after, err
}

// CommentCase adds a note to a case, or the answer that was given. Errors: INVALID_REQUEST, CASE_NOT_FOUND, CASE_CLOSED for an answer, CASE_FULL,
// ETAG_MISMATCH, SCOPE_MISSING.
func (s *Cases) CommentCase(ctx context.Context, c Change, text string, answer bool) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if sealed.Stored(text, sealed.MaxText) == "" {
			return fault.Errorf(fault.InvalidRequest, "text", "the text is empty")
		}
		if !answer {
			return on.add(&entry{kind: EntryComment, text: text})
		}
		if err := on.needNotClosed(); err != nil {
			return err
		}
		on.answered()
		return on.add(&entry{kind: EntryAnswer, text: text})
	})
	return after, err
}

// answered notes that an answer went out.
func (on *onCase) answered() {
	if on.row.Answered == 0 {
		on.row.Answered, on.row.AnsweredLate = on.Recorded, on.Recorded >= on.row.Due
	}
	on.row.State, on.row.Resubmit = string(casework.Answered), 0
}

// ReopenCase opens a closed case again. Errors: CASE_NOT_FOUND, CASE_NOT_CLOSED, CASE_FULL, ETAG_MISMATCH, SCOPE_MISSING.
func (s *Cases) ReopenCase(ctx context.Context, c Change, note string) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if on.state() != casework.Closed {
			return fault.Errorf(fault.CaseNotClosed, "id", "the case is %s; only a closed one can be opened again", on.row.State)
		}
		if err := on.reopen(); err != nil {
			return err
		}
		return on.add(&entry{kind: EntryReopened, text: note})
	})
	return after, err
}

// reopen makes the case one that the desk has to act on. After an answer, or after its end, the desk has as long for the next answer as it had for
// the first.
func (on *onCase) reopen() error {
	again := on.state() == casework.Answered || on.state() == casework.Closed
	on.row.State, on.row.Resubmit, on.row.Closed, on.row.Outcome = string(casework.Open), 0, 0, ""
	if !again {
		return nil
	}
	calendar, err := on.desk.Calendar()
	if err != nil {
		return err
	}
	due, err := calendar.Due(casework.Kind(on.row.Kind), on.Recorded.Time())
	on.row.Due, on.row.DueRule = consent.InstantOf(due.At), due.Rule
	return err
}
