package receipts

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/receipt"
	"github.com/assent-io/assent/internal/service/subjects"
)

// removedSince reports whether the new answer lacks nothing but an unconfirmed request, and retention has removed such
// requests since. Retention also removes the link from the address to its last requests, so it cannot be told any more
// which address they were about.
func (s *Verifier) removedSince(ctx context.Context, a address.Address, r, again *receipt.Receipt) (bool, error) {
	if !lacksPending(r, again) {
		return false, nil
	}
	at, err := subjects.NewLocator(s.Keys, 1).Places(a, false)
	if err != nil {
		return false, err
	}
	_, records, err := s.Store.Records(ctx, at.Exact.Keys, 0, 1)
	if err != nil || len(records) > 0 && records[0].Event.Position <= r.Position {
		return false, err // What was there when the receipt was given is there still.
	}
	for after := r.Position; ; {
		page, err := s.Store.Outlines(ctx, after, outlinesPage)
		if err != nil {
			return false, err
		}
		for i := range page {
			if page[i].Kind != consent.KindRemoval {
				continue
			}
			if found, err := s.removedRequest(ctx, page[i].Position, r); err != nil || found {
				return found, err
			}
		}
		if len(page) < outlinesPage {
			return false, nil
		}
		after = page[len(page)-1].Position
	}
}

// lacksPending reports whether the answers differ in nothing but that the second one does not say that a confirmation is awaited.
func lacksPending(r, again *receipt.Receipt) bool {
	without := slices.DeleteFunc(slices.Clone(r.Reasons), func(c consent.Code) bool { return c == consent.CodeConsentPending })
	if len(without) == len(r.Reasons) {
		return false
	}
	if len(without) == 0 {
		without = []consent.Code{consent.CodeNoLegalBasis}
	}
	expected := *r
	expected.Reason, expected.Reasons = without[0], without
	return len(expected.Differences(again)) == 0
}

// removedRequest reports whether the removal at the position is of a request that was awaiting its confirmation as the receipt says.
func (s *Verifier) removedRequest(ctx context.Context, position int64, r *receipt.Receipt) (bool, error) {
	_, records, err := s.Store.Ledger(ctx, position-1, 1)
	if err != nil || len(records) == 0 || records[0].Event.Removed != consent.RemovedRequests {
		return false, err
	}
	for _, p := range records[0].Event.Positions {
		if p > r.Position {
			break
		}
		_, of, err := s.Store.Ledger(ctx, p-1, 1)
		if err != nil || len(of) == 0 {
			return false, err
		}
		e := &of[0].Event
		if e.Kind == consent.KindRequest && slices.Contains(e.Channels, r.Channel) && e.Occurred <= r.Decided && r.Decided < e.Expires {
			return true, nil
		}
	}
	return false, nil
}
