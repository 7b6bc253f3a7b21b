package check

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/receipt"
)

// receiptOf returns the signed receipt of a check that was just answered.
func (s *Checker) receiptOf(a address.Address, r consent.Request, result *Result) (string, error) {
	digest, err := s.Keys.ReceiptDigest(a.Exact())
	if err != nil {
		return "", err
	}
	statement := Statement(r, result)
	statement.Store, statement.Address = s.Keys.StoreID(), receipt.Digest(digest)
	signer, err := s.Keys.Signer(receipt.Name(statement.Store))
	if err != nil {
		return "", err
	}
	signed, err := statement.Sign(signer)
	return string(signed), err
}

// Statement returns what a receipt says of a check, but for the ledger and the address.
func Statement(r consent.Request, result *Result) receipt.Receipt {
	statement := receipt.Receipt{
		Decided: result.Decided, Position: result.Snapshot.Position, CatalogVersion: result.CatalogVersion, ForSending: result.ForSending,
		Channel: r.Channel, AskedSender: r.Sender, Reference: r.Reference, Advertising: r.Advertising,
		Verdict: result.Verdict, Reason: result.Reason, Reasons: result.Reasons, LegalBasis: string(result.Basis),
		GrantPosition: result.Decision.Position, Declaration: result.Declaration,
	}
	if result.Sender != nil {
		statement.Sender = result.Sender.ID
	}
	return statement
}
