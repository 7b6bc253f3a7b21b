// Package desks says who answers cases: the desk of a department, its deputies and absences, and the mailboxes that are a department's.
package desks

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/phrase"
)

// Missing is the error of a department that the catalog does not have.
func Missing(department string) error {
	return fault.Errorf(fault.DeskMissing, "department", "the catalog has no department %q", department)
}

// Of returns the desk of a department as the catalog has it, and false where it has no such department. A department of which it says nothing
// has a desk, too, without members: complaints_to is its mailbox, and the hours are those that hold by default.
func Of(cat *catalog.Catalog, department string) (casework.Desk, bool) {
	d, ok := cat.Department(department)
	if !ok {
		return casework.Desk{}, false
	}
	var desk casework.Desk
	if d.Desk != nil {
		desk = *d.Desk
	}
	if !slices.Contains(desk.Mailboxes, d.ComplaintsTo) {
		desk.Mailboxes = append(slices.Clone(desk.Mailboxes), d.ComplaintsTo)
	}
	return desk, true
}

// Answering returns the desk that answers a case about a channel, at a department or, where that is empty, with the officers. The catalog says nothing of
// the working time of officers: they have the hours and holidays of the first department with a desk of the channel's controller, or of the catalog where
// the channel is not known. Without one these are the hours that hold by default.
func Answering(
	cat *catalog.Catalog, department, channel string, of func(*catalog.Catalog, string) (casework.Desk, bool),
) casework.Desk {
	if department != "" {
		desk, _ := of(cat, department)
		return desk
	}
	controller := ""
	if ch, ok := cat.Channel(channel); ok {
		controller = ch.Controller
	}
	for i := range cat.Departments {
		d := &cat.Departments[i]
		if d.Desk == nil || controller != "" && d.Controller != controller {
			continue
		}
		desk, _ := of(cat, d.ID)
		return casework.Desk{Hours: desk.Hours, Holidays: desk.Holidays}
	}
	return casework.Desk{}
}

// Comeback returns when a case comes back that is put aside without a time.
func Comeback(desk *casework.Desk, now time.Time) (time.Time, error) {
	calendar, err := desk.Calendar()
	if err != nil {
		return time.Time{}, err
	}
	return calendar.Comeback(now)
}

// Deputy returns who stands in at a time for an assignee who is away; empty: the assignee is there, or it is for all of the desk who are.
func Deputy(desk *casework.Desk, absences []casework.Absence, assignee string, at time.Time) string {
	charge := desk.InCharge(assignee, absences, at)
	if len(charge.Absent) == 0 || len(charge.Members) != 1 {
		return ""
	}
	return charge.Members[0]
}

// CheckAbsence refuses an absence that makes no sense by the desk and by the absences that there are.
func CheckAbsence(desk *casework.Desk, a casework.Absence, others []casework.Absence) error {
	var wrong *casework.AbsenceError
	if err := desk.CheckAbsence(a, others); !errors.As(err, &wrong) {
		return err
	}
	fields := map[string]string{"from": "fromTime", "until": "untilTime"}
	return fault.Errorf(fault.InvalidAbsence, cmp.Or(fields[wrong.Field], wrong.Field), "%s", wrong.Message)
}

// Owners returns the departments that a mailbox belongs to: as one of their desk's, or as the sender or the reply-to of their messages.
func Owners(cat *catalog.Catalog, mailbox string, of func(*catalog.Catalog, string) (casework.Desk, bool)) []string {
	if mailbox == "" {
		return nil
	}
	var owners []string
	is := func(address string) bool { return strings.EqualFold(address, mailbox) }
	for i := range cat.Departments {
		d := &cat.Departments[i]
		desk, _ := of(cat, d.ID)
		ofSender := func(id catalog.SenderIdentity) bool {
			return id.Department == d.ID && (is(id.ReplyTo) || is(id.From.Address))
		}
		if slices.ContainsFunc(desk.Mailboxes, is) || slices.ContainsFunc(cat.SenderIdentities, ofSender) {
			owners = append(owners, d.ID)
		}
	}
	return owners
}

// MemberList names the members of a desk in a sentence.
func MemberList(desk *casework.Desk) string {
	names := make([]string, len(desk.Members))
	for i, m := range desk.Members {
		names[i] = m.ID
	}
	return phrase.SomeOf(names)
}
