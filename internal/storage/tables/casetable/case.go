package casetable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// IDsOfYear is how many ids one year has: the id of a case is the year in which it was opened times this, and its number in that year.
const IDsOfYear = 1_000_000_000

// StateClosed is the state of cases that are closed. All others are open in some way.
const StateClosed = "closed"

// Case is what a person complained of or asked, at the desk that answers it.
type Case struct {
	ID             int64 // year times [IDsOfYear], and the number in the year
	Kind           string
	State          string
	Origin         string // by which way it came
	Department     string // whose desk has it
	Assignee       string // a member of the desk; empty: the whole desk
	Folded         []byte // keyed digest of the folded address, 32 bytes; nil: no address is known, or it was taken away
	Sealed         []byte // the address and what was said; empty once that was taken away
	Personal       bool   // what was said was addressed to one person of the company
	Channel        string // empty: not known
	SenderIdentity string // empty: not known
	Received       consent.Instant
	Opened         consent.Instant
	Due            consent.Instant
	DueRule        string          // what made it due then
	LawDue         consent.Instant // until when the law wants it answered; zero: it does not say
	LawDueRule     string          // the rule of law that says so
	Resubmit       consent.Instant // zero: it is not put off
	Answered       consent.Instant // for the first time; zero: not yet
	AnsweredLate   bool            // the first answer came too late; Due may have moved since
	Closed         consent.Instant // zero: it is not
	Outcome        string
	SenderInformed string
	Revision       int64 // 1, and one more with each change
}

const caseColumns = `id, kind, state, origin, department, assignee, folded, sealed, personal, channel, sender_identity, received_time, opened_time,
	due_time, due_rule, law_due_time, law_due_rule, resubmit_time, answered_time, answered_late, closed_time, outcome, sender_informed, revision`

// PutCase stores a case, in the place of the one with its id.
func PutCase(c *Case) storage.Statement {
	return storage.Statement{
		Doing: "store a case", SQL: portable.ReplaceIn("cases", "id", caseColumns),
		Args: []any{
			c.ID, c.Kind, c.State, c.Origin, c.Department, c.Assignee, column.OrNull(c.Folded), column.NotNull(c.Sealed), portable.OneIf(c.Personal),
			c.Channel, c.SenderIdentity, int64(c.Received), int64(c.Opened), int64(c.Due), c.DueRule, column.InstantOrNull(c.LawDue), c.LawDueRule,
			column.InstantOrNull(c.Resubmit), column.InstantOrNull(c.Answered), portable.OneIf(c.AnsweredLate), column.InstantOrNull(c.Closed),
			c.Outcome, c.SenderInformed, c.Revision,
		},
	}
}

// CaseOf returns the case with an id, if there is one.
func CaseOf(ctx context.Context, from storage.TableReader, id int64) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a case", SQL: `SELECT ` + caseColumns + ` FROM cases WHERE id = $1`, Args: []any{id},
	}, scanCase)
	return rows, err
}

// CaseFilter says which cases are wanted. An empty field wants all.
type CaseFilter struct {
	Department string
	Assignee   string
	State      string
	DueBefore  consent.Instant // only those that are not closed, and were due before; zero: all
}

// Cases returns cases by their due time and id, after the one of which these two count, or from the first if the due time is zero; at most
// limit of them.
func Cases(ctx context.Context, from storage.TableReader, f *CaseFilter, after *Case, limit int) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read cases",
		SQL: `SELECT ` + caseColumns + ` FROM cases WHERE (department = $1 OR CAST($2 AS integer) = 1)
			AND (assignee = $3 OR CAST($4 AS integer) = 1) AND (state = $5 OR CAST($6 AS integer) = 1)
			AND (due_time < $7 AND state <> 'closed' OR CAST($8 AS integer) = 1)
			AND ((due_time, id) > ($9, $10) OR CAST($11 AS integer) = 1) ORDER BY due_time, id LIMIT $12`,
		Args: []any{
			f.Department, portable.OneIf(f.Department == ""), f.Assignee, portable.OneIf(f.Assignee == ""), f.State, portable.OneIf(f.State == ""),
			int64(f.DueBefore), portable.OneIf(f.DueBefore == 0), int64(after.Due), after.ID, portable.OneIf(after.Due == 0), max(limit, 0),
		},
	}, scanCase)
	return rows, err
}

// UnclosedCases returns the cases that are not closed by id, after an id; at most limit of them.
func UnclosedCases(ctx context.Context, from storage.TableReader, after int64, limit int) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the cases that are not closed",
		SQL:   `SELECT ` + caseColumns + ` FROM cases WHERE closed_time IS NULL AND id > $1 ORDER BY id LIMIT $2`, Args: []any{after, max(limit, 0)},
	}, scanCase)
	return rows, err
}

// CasesReceived returns the cases that were received from an instant on and before another, by id, after an id; at most limit of them; only
// those of a department, unless it is empty.
func CasesReceived(
	ctx context.Context, from storage.TableReader, department string, since, before consent.Instant, after int64, limit int,
) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the cases of a time",
		SQL: `SELECT ` + caseColumns + ` FROM cases WHERE received_time >= $1 AND received_time < $2
			AND (department = $3 OR CAST($4 AS integer) = 1) AND id > $5 ORDER BY id LIMIT $6`,
		Args: []any{int64(since), int64(before), department, portable.OneIf(department == ""), after, max(limit, 0)},
	}, scanCase)
	return rows, err
}

// LastCase returns the largest id of a case that was opened in a year, if there is one.
func LastCase(ctx context.Context, from storage.TableReader, year int) ([]int64, error) {
	first := int64(year) * IDsOfYear
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the last case of a year", SQL: `SELECT id FROM cases WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT 1`,
		Args: []any{first, first + IDsOfYear},
	}, func(scan storage.Scan) (id int64, err error) { return id, scan(&id) })
	return rows, err
}

// Count is how many cases of a desk are not closed, and how many of these are overdue.
type Count struct {
	Department    string
	Open, Overdue int64
}

// CountCases returns how many cases of each desk are not closed, and how many of these were due before an instant, by department.
func CountCases(ctx context.Context, from storage.TableReader, now consent.Instant) ([]Count, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count cases",
		SQL: `SELECT department, COUNT(*), CAST(SUM(CASE WHEN due_time < $1 THEN 1 ELSE 0 END) AS bigint) FROM cases
			WHERE closed_time IS NULL GROUP BY department ORDER BY department`, Args: []any{int64(now)},
	}, func(scan storage.Scan) (c Count, err error) { return c, scan(&c.Department, &c.Open, &c.Overdue) })
	return rows, err
}

// AnsweredCases returns the cases that are answered and not closed by id, after an id; at most limit of them.
func AnsweredCases(ctx context.Context, from storage.TableReader, after int64, limit int) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the cases that are answered",
		SQL:   `SELECT ` + caseColumns + ` FROM cases WHERE state = 'answered' AND id > $1 ORDER BY id LIMIT $2`, Args: []any{after, max(limit, 0)},
	}, scanCase)
	return rows, err
}

// CountCasesOf returns how many cases about a sender identity were received from an instant on and before another.
func CountCasesOf(ctx context.Context, from storage.TableReader, senderIdentity string, since, before consent.Instant) (int64, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count cases of a sender", SQL: `SELECT COUNT(*) FROM cases WHERE sender_identity = $1 AND received_time >= $2 AND received_time < $3`,
		Args: []any{senderIdentity, int64(since), int64(before)},
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	if err != nil {
		return 0, err
	}
	return rows[0], nil
}

// BlankCasesAbout takes the address and all that was said from the cases of a folded address. Their numbers, times and outcomes stay.
func BlankCasesAbout(folded [32]byte) []storage.Statement {
	return []storage.Statement{
		{
			Doing: "take what was said from entries of cases", SQL: `UPDATE case_entries SET mail = NULL, sealed = $1 
				WHERE case_id IN (SELECT id FROM cases WHERE folded = $2)`,
			Args: []any{[]byte{}, folded[:]},
		},
		{
			Doing: "take a person from cases", SQL: `UPDATE cases SET folded = NULL, sealed = $1, revision = revision + 1 WHERE folded = $2`,
			Args: []any{[]byte{}, folded[:]},
		},
	}
}

// ClosedCases returns the cases that are closed and still name a person or have entries, those closed first before all others; at most limit of them.
func ClosedCases(ctx context.Context, from storage.TableReader, limit int) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read closed cases",
		SQL: `SELECT ` + caseColumns + ` FROM cases WHERE closed_time IS NOT NULL AND (folded IS NOT NULL OR assignee <> '' OR sealed <> $1
			OR EXISTS (SELECT 1 FROM case_entries WHERE case_id = cases.id)) ORDER BY closed_time, id LIMIT $2`,
		Args: []any{[]byte{}, max(limit, 0)},
	}, scanCase)
	return rows, err
}

// BlankCase takes all that was said from a closed case, with its entries, and who worked on it.
func BlankCase(id int64) []storage.Statement {
	return []storage.Statement{
		{Doing: "delete the entries of a case", SQL: `DELETE FROM case_entries WHERE case_id = $1 AND EXISTS
			(SELECT 1 FROM cases WHERE id = $1 AND closed_time IS NOT NULL)`, Args: []any{id}},
		{
			Doing: "take persons from a case",
			SQL: `UPDATE cases SET folded = NULL, sealed = $1, assignee = '', revision = revision + 1
				WHERE id = $2 AND closed_time IS NOT NULL`,
			Args: []any{[]byte{}, id},
		},
	}
}

func scanCase(scan storage.Scan) (Case, error) {
	var c Case
	var personal, late int64
	var lawDue, resubmit, answered, closed *int64
	err := scan(&c.ID, &c.Kind, &c.State, &c.Origin, &c.Department, &c.Assignee, &c.Folded, &c.Sealed, &personal, &c.Channel, &c.SenderIdentity,
		(*int64)(&c.Received), (*int64)(&c.Opened), (*int64)(&c.Due), &c.DueRule, &lawDue, &c.LawDueRule,
		&resubmit, &answered, &late, &closed, &c.Outcome, &c.SenderInformed, &c.Revision)
	if err != nil {
		return Case{}, err
	}
	c.Personal, c.AnsweredLate = personal != 0, late != 0
	c.LawDue = column.Instant(lawDue)
	c.Resubmit, c.Answered, c.Closed = column.Instant(resubmit), column.Instant(answered), column.Instant(closed)
	if c.Folded == nil {
		return c, nil
	}
	var folded [32]byte
	return c, column.Fixed("cases.folded", folded[:], c.Folded)
}
