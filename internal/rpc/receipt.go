package rpc

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service"
)

// VerifyReceipt verifies a receipt and, with an address, asks again what it answers.
func (s *consentServer) VerifyReceipt(
	ctx context.Context, m *assentv1.VerifyReceiptRequest,
) (*assentv1.VerifyReceiptResponse, error) {
	found, err := s.receipts.VerifyReceipt(ctx, service.VerifyReceipt{Receipt: m.GetReceipt(), Address: m.GetAddress()})
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

func receiptOutcomeOf(o service.ReceiptOutcome) assentv1.ReceiptOutcome {
	switch o {
	case service.ReceiptNotReplayed:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED
	case service.ReceiptSame:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME
	case service.ReceiptDiffers:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_DIFFERS
	case service.ReceiptErasedSince:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE
	case service.ReceiptOtherAddress:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_OTHER_ADDRESS
	default:
		return assentv1.ReceiptOutcome_RECEIPT_OUTCOME_UNSPECIFIED
	}
}
