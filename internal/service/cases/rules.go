package cases

import (
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/cases/desks"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

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

// assignFirst says who works on a case that is new to a desk: the member that was named, else the only member, else the desk.
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

// route finds the desk that a case goes to, and who may have sent.
func (s *Cases) route(cat *catalog.Catalog, o *opening, received time.Time) casework.Route {
	clues := &casework.Clues{Kind: o.kind, Received: received, Token: o.token, Sent: o.sent, Owners: desks.Owners(cat, o.mailbox, s.desk)}
	found := casework.Find(clues)
	if ch, ok := cat.Channel(o.channel); ok && o.asked { // A person names the channel.
		found.Department = ch.Department
	}
	if _, ok := cat.Department(found.Department); !ok { // One that was sent by a department that is gone.
		found.Department = ""
	}
	return found
}
