package handler

import (
	"slices"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/check"
)

// compact returns the answer to a batch: what addresses have in common once, what differs by address in packed arrays.
func compact(result *check.BatchResult, lang locale.Language) *assentv1.BatchCheckConsentResponse {
	response := &assentv1.BatchCheckConsentResponse{
		Outcomes:       make([]*assentv1.BatchOutcome, len(result.Outcomes)),
		OutcomeIndexes: result.Of, GrantPositions: result.Positions, ValidUntilSeconds: make([]int64, len(result.ValidUntil)),
	}
	for i := range result.Outcomes {
		response.Outcomes[i] = outcomeOf(&result.Outcomes[i], result, lang)
	}
	for i, until := range result.ValidUntil {
		response.ValidUntilSeconds[i] = seconds(until)
	}
	if slices.ContainsFunc(result.BasisEnd, func(end consent.Instant) bool { return end != 0 }) {
		response.BasisEndSeconds = make([]int64, len(result.BasisEnd))
		for i, end := range result.BasisEnd {
			response.BasisEndSeconds[i] = seconds(end)
		}
	}
	return response
}

func outcomeOf(o *check.Outcome, result *check.BatchResult, lang locale.Language) *assentv1.BatchOutcome {
	if o.Err != nil {
		return &assentv1.BatchOutcome{Outcome: &assentv1.BatchOutcome_Error{Error: itemError(o.Err)}}
	}
	var of *catalog.Department
	if o.Decision.Sender != nil && result.Catalog != nil {
		of, _ = result.Catalog.Department(o.Decision.Sender.Department)
	}
	return &assentv1.BatchOutcome{
		Outcome: &assentv1.BatchOutcome_Decision{Decision: decision(&o.Decision, &result.Snapshot, of, lang)},
	}
}
