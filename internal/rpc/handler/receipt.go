package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/receipts"
)

// VerifyReceipt verifies a receipt and, with an address, asks again what it answers.
func (s *consentServer) VerifyReceipt(
	ctx context.Context, m *assentv1.VerifyReceiptRequest,
) (*assentv1.VerifyReceiptResponse, error) {
	found, err := s.receipts.VerifyReceipt(ctx, receipts.Input{Receipt: m.GetReceipt(), Address: m.GetAddress()})
	if err != nil {
		return nil, err
	}
	response := &assentv1.VerifyReceiptResponse{
		Outcome: receiptOutcomeOf(found.Outcome), ErasedPosition: found.Erased, VerifierKey: found.Key,
	}
	for _, d := range found.Differences {
		response.Differences = append(response.Differences,
			&assentv1.ReceiptDifference{Field: d.Field, Expected: d.Expected, Got: d.Got})
	}
	return response, nil
}

func receiptOutcomeOf(o receipts.Outcome) assentv1.ReceiptOutcome {
	switch o {
	case receipts.NotReplayed:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED
	case receipts.Same:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME
	case receipts.Differs:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_DIFFERS
	case receipts.ErasedSince:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE
	case receipts.OtherAddress:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_OTHER_ADDRESS
	default:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_UNSPECIFIED
	}
}
