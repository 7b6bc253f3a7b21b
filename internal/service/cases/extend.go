package cases

import (
	"context"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/ruling"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// OutcomeExtended is the outcome of the ruling that the deadline of the law was extended.
const OutcomeExtended = "extended"

// Extension says why the deadline of the law is extended, and when the person was told.
type Extension struct {
	Reason   string          // as the person was told
	Informed consent.Instant // within the first month
}

// ExtendCase extends the deadline of the law by two further months (GDPR Art. 12(3)). Errors: INVALID_REQUEST without a reason, INVALID_TIME for the
// time at which the person was told, CASE_NOT_FOUND, CASE_CLOSED, CASE_NOT_EXTENDABLE, CASE_FULL, ETAG_MISMATCH, SCOPE_MISSING.
func (s *Cases) ExtendCase(ctx context.Context, c Change, e Extension) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if err := on.needNotClosed(); err != nil {
			return err
		}
		if err := on.mayExtend(&e); err != nil {
			return err
		}
		calendar, err := on.desk.Calendar()
		if err != nil {
			return err
		}
		due, law, err := calendar.Extended(casework.Kind(on.row.Kind), on.row.Received.Time())
		if err != nil {
			return err
		}
		if on.row.DueRule == on.row.LawDueRule { // The desk's own time was longer than the month.
			on.row.Due, on.row.DueRule = max(on.row.Due, consent.InstantOf(due.At)), due.Rule
		}
		on.row.LawDue, on.row.LawDueRule = max(on.row.LawDue, consent.InstantOf(law.At)), law.Rule
		text := "until " + on.row.LawDue.String() + "; the person was told " + e.Informed.String() + ": " + e.Reason
		if err := on.add(&entry{kind: EntryExtended, text: text}); err != nil {
			return err
		}
		_, err = ruling.Append(on.Tx, s.Keys, &ruling.Ruling{Resource: resourceOf(on.row), Outcome: OutcomeExtended})
		return err
	})
	return after, err
}

// mayExtend refuses an extension that the law does not have.
func (on *onCase) mayExtend(e *Extension) error {
	row := on.row
	month := func() string { return row.LawDue.Time().Format(time.RFC3339) }
	never := func(format string, args ...any) error {
		return fault.Errorf(fault.CaseNotExtendable, "id", format, args...)
	}
	switch {
	case row.LawDue == 0:
		return never("the law sets no deadline for a case of kind %s; only requests for access, erasure and objections have one", row.Kind)
	case casework.IsExtended(row.LawDueRule):
		return never("the deadline of the law was extended before; it can be extended once")
	case on.Recorded >= row.LawDue:
		return never("the first month ended at %s, and the deadline of the law can only be extended within it", month())
	case sealed.Stored(strings.TrimSpace(e.Reason), sealed.MaxText) == "":
		return fault.Errorf(fault.InvalidRequest, "reason", "the extension has no reason; state the one that the person was told")
	case e.Informed == 0:
		return fault.Errorf(fault.InvalidTime, "informedTime", "the law wants the person told of the extension, and why, within the month; state when they were told")
	case e.Informed.Time().After(on.Recorded.Time().Add(txn.ClientSkew)):
		return fault.Errorf(fault.InvalidTime, "informedTime", "the person would be told in the future; tell them first, and extend the deadline then")
	case e.Informed < row.Received:
		return fault.Errorf(fault.InvalidTime, "informedTime", "the person would have been told before the case came, at %s", row.Received.Time().Format(time.RFC3339))
	case e.Informed >= row.LawDue:
		return never("the person was told after the first month, which ended at %s", month())
	}
	return nil
}
