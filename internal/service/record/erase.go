package record

import (
	"context"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/txn"
)

// Erase records an erasure and carries it out. Errors: INVALID_ADDRESS, INVALID_EVIDENCE, TIME_IN_FUTURE, LEGAL_HOLD, NO_CLAIMS_KEY,
// ERASED_BEFORE, OTHER_CONTROLLER. A text that cannot be stored is changed, with a warning; one that may hold an address is refused, for it is kept.
func (s *Recorder) Erase(ctx context.Context, in Erasure) (txn.Recorded, error) {
	if strings.Contains(in.Justification, "@") {
		return txn.Recorded{}, txn.CheckJustification(in.Justification)
	}
	if strings.Contains(in.Operator, "@") {
		return txn.Recorded{}, fault.Errorf(fault.InvalidEvidence, "operator",
			"it must not have an address, because it is kept when the person is erased; name a person or a role")
	}
	statement := statement.Statement{
		Kind: consent.KindErase, Address: in.Address, Occurred: in.Occurred, Operator: in.Operator, Justification: in.Justification,
	}
	recorded, err := s.Record(ctx, statement, in.Idempotency)
	for i := range recorded.Warnings { // The operator of an erasure stands in no message of evidence.
		recorded.Warnings[i].Field = strings.TrimPrefix(recorded.Warnings[i].Field, "evidence.")
	}
	return recorded, err
}

// Erasure is an address to erase.
type Erasure struct {
	Address       string
	Occurred      consent.Instant // when it was asked for; zero: now
	Operator      string
	Justification string
	txn.Idempotency
}
