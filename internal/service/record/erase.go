package record

import (
	"context"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
)

// Erase records an erasure and carries it out. Errors: INVALID_ADDRESS, INVALID_EVIDENCE, TIME_IN_FUTURE, LEGAL_HOLD, NO_CLAIMS_KEY,
// ERASED_BEFORE.
func (s *Recorder) Erase(ctx context.Context, in Erasure) (txn.Recorded, error) {
	if in.Justification != "" {
		if err := rights.CheckJustification(in.Justification); err != nil {
			return txn.Recorded{}, err
		}
	}
	if strings.Contains(in.Operator, "@") {
		return txn.Recorded{}, fault.Errorf(fault.InvalidEvidence, "operator",
			"it must not have an address, because it is kept when the person is erased; name a person or a role")
	}
	statement := statement.Statement{
		Kind: consent.KindErase, Address: in.Address, Occurred: in.Occurred, Operator: in.Operator, Justification: in.Justification,
	}
	return s.Record(ctx, statement, in.Idempotency)
}

// Erasure is an address to erase.
type Erasure struct {
	Address       string
	Occurred      consent.Instant // when it was asked for; zero: now
	Operator      string
	Justification string
	txn.Idempotency
}
