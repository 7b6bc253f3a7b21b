package cases

import (
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// The kinds of notices about cases.
const (
	noticeOpened     = "case_opened"
	noticeAssigned   = "case_assigned"
	noticeHandedOver = "case_handed_over"
	noticeReturned   = "case_returned"
	noticeDueSoon    = "case_due_soon"
	noticeOverdue    = "case_overdue"
	noticeEscalated  = "case_escalated"
	noticeLawDueSoon = "case_law_due_soon"
	noticeLawOverdue = "case_law_overdue"
)

// tellDesk tells who works on a case, or the desk where nobody does in particular; of a case without a desk, the officers. It reports whether
// that is new.
func tellDesk(w *txn.Tx, row *casetable.Case, kind, occasion string) (bool, error) {
	n := &notices.Notice{
		Audience: notices.ToMember, Recipient: row.Assignee, Department: row.Department, Kind: kind, Resource: resourceOf(row), Occasion: occasion,
	}
	switch {
	case row.Department == "":
		n.Audience, n.Recipient = notices.ToOfficer, ""
	case row.Assignee == "":
		n.Audience, n.Recipient = notices.ToDesk, row.Department
	}
	return notices.Add(w, n)
}

// resourceOf returns a case as the API names it.
func resourceOf(row *casetable.Case) string { return "cases/" + numberOf(row.ID) }
