package bulk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/value"
)

// outcome is a row of the table of numbers by reason.
type outcome struct {
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// outcomeCount is how many addresses had an outcome.
type outcomeCount struct {
	outcome
	Count int64 `json:"count"`
}

// Checked is what check --file writes as JSON.
type Checked struct {
	Channel   string         `json:"channel"`
	AsOf      string         `json:"asOf,omitempty"`
	KnownAsOf any            `json:"knownAsOf,omitempty"` // a position or a time
	Addresses int64          `json:"addresses"`
	Allowed   int64          `json:"allowed"`
	Denied    int64          `json:"denied"`
	Counts    []outcomeCount `json:"counts"`
}

func summarize(q *Question, counts []outcomeCount) Checked {
	moment := &q.Moment
	s := Checked{Channel: q.Channel, AsOf: moment.AsOf.String(), Counts: counts}
	if position := moment.Known.Until.GetPosition(); position != 0 {
		s.KnownAsOf = position
	} else if moment.Known.Until != nil {
		s.KnownAsOf = moment.Known.String()
	}
	for _, row := range counts {
		s.Addresses += row.Count
		if row.Verdict == value.VerdictName(assentv1.Verdict_VERDICT_ALLOW) {
			s.Allowed += row.Count
		}
	}
	s.Denied = s.Addresses - s.Allowed
	return s
}

// sortCounts returns the outcomes, the most frequent first.
func sortCounts(counts map[outcome]int64) []outcomeCount {
	rows := make([]outcomeCount, 0, len(counts))
	for key, n := range counts {
		rows = append(rows, outcomeCount{key, n})
	}
	slices.SortFunc(rows, func(x, y outcomeCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Verdict, y.Verdict), cmp.Compare(x.Reason, y.Reason))
	})
	return rows
}

// Table writes the outcomes in columns.
func (s Checked) Table() string {
	var b strings.Builder
	for _, row := range s.Counts {
		fmt.Fprintf(&b, "%6d %-6s %s\n", row.Count, row.Verdict, row.Reason)
	}
	return b.String()
}
