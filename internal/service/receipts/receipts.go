package receipts

import (
	"context"
	"crypto/hmac"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/receipt"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
)

// Verifier verifies the receipts of checks.
type Verifier struct {
	*env.Env

	guard   *access.Guard
	checker *check.Checker
}

// New returns what verifies receipts, by asking the checker again.
func New(env *env.Env, guard *access.Guard, checker *check.Checker) *Verifier {
	return &Verifier{Env: env, guard: guard, checker: checker}
}

// Outcome is what a verification of a receipt came to.
type Outcome uint8

// The outcomes. In all of them the signature holds.
const (
	NotReplayed  Outcome = iota + 1 // no address was given, what would be asked about was removed since, or a consent lived by contacts
	Same                            // asked again, the answer is the same in every field
	Differs                         // asked again, the answer is another
	ErasedSince                     // the address was erased since, so what was known then is not known any more
	OtherAddress                    // it is about another address
)

// Input is a receipt to verify.
type Input struct {
	Receipt string
	Address string // empty: the signature only
}

// Verified is what a verification found.
type Verified struct {
	Outcome     Outcome
	Differences []receipt.Difference // of DIFFERS
	Erased      int64                // of ERASED_SINCE: the position of the erasure
	Key         string               // the public key that signed, in the form of note.NewVerifier
}

// VerifyReceipt verifies that the ledger signed a receipt and, with an address, asks again what it answers, for the same time and as
// known at the same position. A client asks again only what it may check. Errors: INVALID_RECEIPT, and with an address those of
// Check; POSITION_UNKNOWN means that the ledger has lost what the receipt rests on.
func (s *Verifier) VerifyReceipt(ctx context.Context, in Input) (Verified, error) {
	if _, _, err := s.guard.AdmitNow(ctx, access.ScopeCheck, access.ScopeRead, access.ScopeExport); err != nil {
		return Verified{}, err
	}
	r, key, err := s.openReceipt(in.Receipt)
	if err != nil {
		return Verified{}, err
	}
	found := Verified{Outcome: NotReplayed, Key: key}
	if in.Address == "" {
		return found, nil
	}
	err = s.replay(ctx, &r, in.Address, &found)
	return found, err
}

// openReceipt reads a receipt that any signing key of the ledger signed, and returns that key.
func (s *Verifier) openReceipt(text string) (receipt.Receipt, string, error) {
	keys, err := s.Keys.VerifierKeys(receipt.Name(s.Keys.StoreID()))
	if err != nil {
		return receipt.Receipt{}, "", err
	}
	r, key, err := receipt.Open([]byte(text), keys...)
	if err != nil {
		return receipt.Receipt{}, "", fault.Errorf(fault.InvalidReceipt, "receipt",
			"it is not a receipt of this ledger, or was altered; send it unchanged, byte for byte")
	}
	return r, key, nil
}

// replay asks again what the receipt answers about the address.
func (s *Verifier) replay(ctx context.Context, r *receipt.Receipt, typed string, found *Verified) error {
	a, err := subjects.ParseAddress(typed)
	if err != nil {
		return err
	}
	in := check.Input{
		Address: typed,
		Request: consent.Request{Channel: r.Channel, Sender: r.AskedSender, Reference: r.Reference, Advertising: r.Advertising},
		Moment:  asof.Moment{AsOf: r.Decided, KnownAsOf: asof.KnownAsOf{Position: r.Position}},
		// An answer for sending was given with stage 9, and so was each one that defers, or would. Of another one nothing says it, or would change by it.
		Operational: r.ForSending || r.Verdict == consent.Defer || slices.Contains(r.Reasons, consent.CodeWouldDefer),
	}
	if err := s.checker.MayAsk(ctx, in.Request, in.Moment); err != nil {
		return err
	}
	digest, err := s.Keys.ReceiptDigestUnder(r.Address.Version, a.Exact())
	if err != nil {
		return err // A key that signed receipts is kept: addresses are found by it.
	}
	if !hmac.Equal(digest.Sum[:], r.Address.Sum[:]) {
		found.Outcome = OtherAddress
		return nil
	}
	result, err := s.checker.Check(ctx, in)
	if err != nil {
		return err
	}
	again := check.Statement(in.Request, &result)
	again.Store, again.Address, again.ForSending = r.Store, r.Address, r.ForSending
	found.Differences = r.Differences(&again)
	// Erasures are looked for afterwards, so that one that came meanwhile does not pass for a difference.
	if found.Erased, err = s.erasedSince(ctx, a, r, len(found.Differences) > 0); err != nil {
		return err
	}
	removed := false
	if found.Erased == 0 && len(found.Differences) > 0 {
		if removed, err = s.removedSince(ctx, a, r, &again); err != nil {
			return env.StoreFault(err)
		}
	}
	switch {
	case found.Erased != 0:
		found.Outcome, found.Differences = ErasedSince, nil
	case removed, len(found.Differences) > 0 && result.Contacts == consent.ContactsUnknown:
		// What was sent is no part of the ledger, and when it was reported is not known: nothing says by which contacts a consent lived then.
		found.Outcome, found.Differences = NotReplayed, nil
	case len(found.Differences) > 0:
		found.Outcome = Differs
	default:
		found.Outcome = Same
	}
	return nil
}
