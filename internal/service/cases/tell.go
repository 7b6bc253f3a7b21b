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
	noticeDeputy     = "case_deputy"
	noticeSilent     = "case_silent"
	noticeDueSoon    = "case_due_soon"
	noticeOverdue    = "case_overdue"
	noticeEscalated  = "case_escalated"
	noticeLawDueSoon = "case_law_due_soon"
	noticeLawOverdue = "case_law_overdue"
)

// tellDesk tells who is in charge of a case now, or the desk where that is not one member alone; of a case without a desk, the officers.
func (s *Cases) tellDesk(w *txn.Tx, row *casetable.Case, kind, occasion string) error {
	n := &notices.Notice{
		Audience: notices.ToDesk, Recipient: row.Department, Department: row.Department, Kind: kind, Resource: resourceOf(row), Occasion: occasion,
	}
	if row.Department == "" {
		n.Audience = notices.ToOfficer
		_, err := notices.Add(w, n)
		return err
	}
	if row.Assignee != "" {
		cat, err := w.Catalog(w.Recorded)
		if err != nil {
			return err
		}
		absences, err := absentIn(w)
		if err != nil {
			return err
		}
		desk, _ := s.desk(cat, row.Department)
		charge := desk.InCharge(row.Assignee, absencesOf(ofDesk(absences, row.Department)), w.Recorded.Time())
		if len(charge.Members) == 1 {
			n.Audience, n.Recipient = notices.ToMember, charge.Members[0]
		}
	}
	_, err := notices.Add(w, n)
	return err
}

// resourceOf returns a case as the API names it.
func resourceOf(row *casetable.Case) string { return "cases/" + numberOf(row.ID) }
