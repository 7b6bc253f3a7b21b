package casework

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework/holiday"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/period"
)

// Desk is the part of a department that answers cases.
type Desk struct {
	// Mailboxes are the addresses, in their exact form, to which mail for the desk comes. Complaints_to of the department is one of them
	// without being named.
	Mailboxes []string
	Members   []Member
	Language  string // in which its members get mails: de or en; empty: in both
	// AnswerWithin is how much working time the desk has for an answer, by kind; see [Desk.Within]. Days of it are working days, and what is
	// shorter is time within the hours.
	AnswerWithin map[Kind]period.Period
	Hours        worktime.Hours // zero: Monday to Friday from 09:00 to 17:00, UTC
	Holidays     holiday.Selection
	// Resubmit is after how much working time a case comes back that was put aside without a time.
	Resubmit   period.Period
	EscalateTo Escalation
	// AnswerCapacity is how many cases the desk can answer on a working day; 0: not said.
	AnswerCapacity int
}

// Member is a person who answers cases.
type Member struct {
	ID    string // an id of the catalog. The same id on two desks is the same person
	Email string // where notices go, in its exact form
}

// Escalation is where a case goes that the desk does not answer in time, before it goes to the officer. At most one of the two is set.
type Escalation struct {
	Member     string // id of a member of the desk, such as its head
	Department string // id of another department, whose desk takes over
}

// IsZero reports whether a late case goes to the officer at once.
func (e Escalation) IsZero() bool { return e == Escalation{} }

// Absence is a time in which a member answers nothing. It has no reason: why a member is away does not belong here.
type Absence struct {
	Member string // id
	From   time.Time
	Until  time.Time // the first moment at which the member is back
	Deputy string    // id of the member who answers instead; empty: the desk
}

// Covers reports whether the member is away at a time.
func (a *Absence) Covers(t time.Time) bool { return !t.Before(a.From) && t.Before(a.Until) }

// Candidate is a department that may have sent what a case is about.
type Candidate struct {
	Department     string    // id
	Channel        string    // id; empty: not known
	SenderIdentity string    // id; empty: not known
	Send           string    // id of the send; empty: none or not known
	Time           time.Time // when it was sent or allowed; zero: not known
	Evidence       Evidence
}

// Evidence is why a department is taken for the one that sent. The strings are those of tables and the API.
type Evidence string

// The evidence, from what proves most to what proves least.
const (
	ByToken   Evidence = "token"   // our token stands in the mail
	ByContact Evidence = "contact" // a message of this department went to the address
	ByAllow   Evidence = "allow"   // this department was told that it may send to the address
	ByMailbox Evidence = "mailbox" // the mail came to a mailbox of this department
)

// Owns reports whether an address, in its exact form, is a mailbox of the desk.
func (d *Desk) Owns(exact string) bool { return slices.Contains(d.Mailboxes, exact) }

// Levels returns the departments whose desks get a late case of a department one after the other, without that one; desk returns the desk of a
// department, or nil. Where they escalate in a circle, the last is the one that leads back, and after it comes the officer.
func Levels(department string, desk func(department string) *Desk) (levels []string, circle bool) {
	for seen := []string{department}; ; {
		current := desk(seen[len(seen)-1])
		if current == nil || current.EscalateTo.Department == "" {
			return seen[1:], false
		}
		next := current.EscalateTo.Department
		if slices.Contains(seen, next) {
			return seen[1:], true
		}
		seen = append(seen, next)
	}
}
