package cases

import (
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// keptFor returns how long what is personal of a case is kept after it was closed; zero: without end.
func keptFor(cat *catalog.Catalog) period.Period { return cat.Policy.Retention.Cases }

// setDue sets when a case is due, with the rules that say so. Given is what a letter says itself; zero: it says nothing.
func (s *Cases) setDue(row *casetable.Case, desk *casework.Desk, given consent.Instant) error {
	due, law, err := desks.Due(desk, casework.Kind(row.Kind), row.Received.Time())
	if err != nil {
		return err
	}
	if !law.IsZero() {
		row.LawDue, row.LawDueRule = consent.InstantOf(law.At), law.Rule
	}
	row.Due, row.DueRule = consent.InstantOf(due.At), due.Rule
	if given != 0 {
		row.Due, row.DueRule = given, ruleGiven
	}
	return nil
}

// ruleGiven is the rule of a due time that a letter says itself.
const ruleGiven = "given"

// assignFirst says who works on a case that is new to a desk: the member that was named, else the only member, else the desk.
func (s *Cases) assignFirst(_ *txn.Tx, row *casetable.Case, desk *casework.Desk, named string) error {
	if named != "" {
		if err := desks.NeedMember(desk, "assignee", named); err != nil {
			return err
		}
	}
	row.Assignee = desks.FirstAssignee(desk, named)
	return nil
}
