package cases

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// DeskOf returns the desk of a department as the catalog has it, and false where it has no such department. A department of which it says nothing
// has a desk, too, without members: complaints_to is its mailbox, and the hours are those that hold by default.
func DeskOf(cat *catalog.Catalog, department string) (casework.Desk, bool) {
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

// keptFor returns how long what is personal of a case is kept after it was closed; zero: without end.
func keptFor(cat *catalog.Catalog) period.Period { return cat.Policy.Retention.Cases }

// setDue sets when a case is due, with the rules that say so. Given is what a letter says itself; zero: it says nothing.
func (s *Cases) setDue(row *casetable.Case, desk *casework.Desk, given consent.Instant) error {
	calendar, err := desk.Calendar()
	if err != nil {
		return err
	}
	kind, received := casework.Kind(row.Kind), row.Received.Time()
	if law, is := calendar.LegalDue(kind, received, false); is {
		row.LawDue, row.LawDueRule = consent.InstantOf(law.At), law.Rule
	}
	if given != 0 {
		row.Due, row.DueRule = given, ruleGiven
		return nil
	}
	due, err := calendar.Due(kind, received)
	if err != nil {
		return err
	}
	row.Due, row.DueRule = consent.InstantOf(due.At), due.Rule
	return nil
}

// ruleGiven is the rule of a due time that a letter says itself.
const ruleGiven = "given"

// comeback returns when a case comes back that is put aside without a time.
func comeback(desk *casework.Desk, now time.Time) (time.Time, error) {
	calendar, err := desk.Calendar()
	if err != nil {
		return time.Time{}, err
	}
	return calendar.Comeback(now)
}

// assignFirst says who works on a case that is new to a desk: whoever was named, else the only member, else the desk.
func (s *Cases) assignFirst(_ *txn.Tx, row *casetable.Case, desk *casework.Desk, named string) error {
	row.Assignee = ""
	switch {
	case named != "":
		if err := needMember(desk, "assignee", named); err != nil {
			return err
		}
		row.Assignee = named
	case len(desk.Members) == 1:
		row.Assignee = desk.Members[0].ID
	}
	return nil
}

// deputyOf returns who stands in at a time for an assignee who is away; empty: the assignee is there, or it is for all of the desk who are.
func deputyOf(desk *casework.Desk, absences []casework.Absence, assignee string, at time.Time) string {
	charge := desk.InCharge(assignee, absences, at)
	if len(charge.Absent) == 0 || len(charge.Members) != 1 {
		return ""
	}
	return charge.Members[0]
}

// checkAbsence refuses an absence that makes no sense by the desk and by the absences that there are.
func checkAbsence(desk *casework.Desk, a casework.Absence, others []casework.Absence) error {
	var wrong *casework.AbsenceError
	if err := desk.CheckAbsence(a, others); !errors.As(err, &wrong) {
		return err
	}
	fields := map[string]string{"from": "fromTime", "until": "untilTime"}
	return fault.Errorf(fault.InvalidAbsence, cmp.Or(fields[wrong.Field], wrong.Field), "%s", wrong.Message)
}

// route finds the desk that a case goes to, and who may have sent.
func (s *Cases) route(cat *catalog.Catalog, o *opening, received time.Time) casework.Route {
	clues := &casework.Clues{Kind: o.kind, Received: received, Token: o.token, Sent: o.sent, Owners: s.ownersOf(cat, o.mailbox)}
	found := casework.Find(clues)
	if ch, ok := cat.Channel(o.channel); ok && o.asked { // A person names the channel.
		found.Department = ch.Department
	}
	if _, ok := cat.Department(found.Department); !ok { // One that was sent by a department that is gone.
		found.Department = ""
	}
	return found
}

// ownersOf returns the departments that a mailbox belongs to: as one of their desk's, or as the sender or the reply-to of their messages.
func (s *Cases) ownersOf(cat *catalog.Catalog, mailbox string) []string {
	if mailbox == "" {
		return nil
	}
	var owners []string
	is := func(address string) bool { return strings.EqualFold(address, mailbox) }
	for i := range cat.Departments {
		d := &cat.Departments[i]
		desk, _ := s.desk(cat, d.ID)
		ofSender := func(id catalog.SenderIdentity) bool {
			return id.Department == d.ID && (is(id.ReplyTo) || is(id.From.Address))
		}
		if slices.ContainsFunc(desk.Mailboxes, is) || slices.ContainsFunc(cat.SenderIdentities, ofSender) {
			owners = append(owners, d.ID)
		}
	}
	return owners
}

func memberList(desk *casework.Desk) string {
	names := make([]string, len(desk.Members))
	for i, m := range desk.Members {
		names[i] = m.ID
	}
	return phrase.SomeOf(names)
}
