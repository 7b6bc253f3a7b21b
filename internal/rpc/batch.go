package rpc

import (
	"slices"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service"
)

// compactor gathers the outcomes of a batch, each distinct one once.
type compactor struct {
	result    *service.BatchResult
	lang      consent.Language
	outcomes  []*assentv1.BatchOutcome
	of        []*consent.Decision      // the decision of each outcome; nil of an error
	decisions map[decisionKey][]uint32 // candidates: outcomes that agree in the key
	errors    map[errorKey]uint32      // outcomes of addresses that could not be checked
	last      *consent.Decision        // the decision before, which the next one most often equals
	lastIndex uint32                   // its outcome
}

// decisionKey tells most decisions of a batch apart; the rest of them is compared.
type decisionKey struct {
	reason      consent.Code
	declaration consent.Declaration
}

type errorKey struct {
	fault   consent.Fault
	message string
}

// compact returns the answer to a batch: what addresses have in common once, what differs by address in packed arrays.
func compact(result *service.BatchResult, lang consent.Language) *assentv1.BatchCheckConsentResponse {
	n := len(result.Items)
	c := compactor{result: result, lang: lang, decisions: map[decisionKey][]uint32{}, errors: map[errorKey]uint32{}}
	response := &assentv1.BatchCheckConsentResponse{
		OutcomeIndexes: make([]uint32, n), GrantPositions: make([]int64, n), ValidUntilSeconds: make([]int64, n),
	}
	for i := range result.Items {
		item := &result.Items[i]
		if item.Err != nil {
			response.OutcomeIndexes[i] = c.failure(item.Err)
			continue
		}
		response.OutcomeIndexes[i] = c.decision(&item.Decision)
		response.GrantPositions[i] = item.Decision.Position
		response.ValidUntilSeconds[i] = seconds(item.Decision.ValidUntil)
	}
	response.Outcomes = c.outcomes
	return response
}

func (c *compactor) failure(e *consent.Error) uint32 {
	key := errorKey{e.Fault, e.Message}
	index, known := c.errors[key]
	if !known {
		index = c.add(nil, &assentv1.BatchOutcome{Outcome: &assentv1.BatchOutcome_Error{Error: itemError(e)}})
		c.errors[key] = index
	}
	return index
}

func (c *compactor) decision(d *consent.Decision) uint32 {
	if c.last != nil && sameOutcome(c.last, d) {
		return c.lastIndex
	}
	index := c.find(d)
	c.last, c.lastIndex = d, index
	return index
}

func (c *compactor) find(d *consent.Decision) uint32 {
	key := decisionKey{d.Reason, d.Declaration}
	for _, candidate := range c.decisions[key] {
		if sameOutcome(c.of[candidate], d) {
			return candidate
		}
	}
	var of *catalog.Department
	if d.Sender != nil && c.result.Catalog != nil {
		of, _ = c.result.Catalog.Department(d.Sender.Department)
	}
	index := c.add(d, &assentv1.BatchOutcome{
		Outcome: &assentv1.BatchOutcome_Decision{Decision: decision(d, &c.result.Basis, of, c.lang)},
	})
	c.decisions[key] = append(c.decisions[key], index)
	return index
}

func (c *compactor) add(of *consent.Decision, outcome *assentv1.BatchOutcome) uint32 {
	index := uint32(len(c.outcomes))
	c.outcomes, c.of = append(c.outcomes, outcome), append(c.of, of)
	return index
}

// sameOutcome reports whether two decisions differ at most in the event that gave the basis and in its end.
func sameOutcome(a, b *consent.Decision) bool {
	return a.Verdict == b.Verdict && a.Reason == b.Reason && a.Basis == b.Basis && a.Declaration == b.Declaration &&
		a.Sender == b.Sender && a.About == b.About && a.Decided == b.Decided &&
		slices.Equal(a.Reasons, b.Reasons) && slices.Equal(a.Obligations, b.Obligations)
}
