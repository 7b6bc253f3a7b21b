package service

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/receipt"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
)

// receiptFor checks an address and returns the answer, which carries a receipt.
func receiptFor(ctx context.Context, t testing.TB, s *Service, in check.Input) check.Result {
	t.Helper()
	in.Receipt = true
	got, err := s.Check(ctx, in)
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	return got
}

// on is a check of an address on a channel.
func on(channel, address string) check.Input {
	return check.Input{Address: address, Request: consent.Request{Channel: channel}}
}

// wantOutcome verifies a receipt and wants an outcome.
func wantOutcome(ctx context.Context, t testing.TB, s *Service, text, address string, want receipts.Outcome) receipts.Verified {
	t.Helper()
	got, err := s.VerifyReceipt(ctx, receipts.Input{Receipt: text, Address: address})
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if got.Outcome != want {
		t.Errorf("outcome %d, want %d: %+v", got.Outcome, want, got.Differences)
	}
	return got
}

// opened reads a receipt with the keys of the world.
func (w *world) opened(text string) receipt.Receipt {
	w.t.Helper()
	keys, err := w.keys.VerifierKeys(receipt.Name(w.keys.StoreID()))
	if err != nil {
		w.t.Fatal(err)
	}
	r, _, err := receipt.Open([]byte(text), keys...)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// resigned changes what a receipt says and signs it with the keys of the world: a statement that was never made.
func (w *world) resigned(text string, change func(r *receipt.Receipt)) string {
	w.t.Helper()
	r := w.opened(text)
	change(&r)
	signer, err := w.keys.Signer(receipt.Name(w.keys.StoreID()))
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := r.Sign(signer)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(signed)
}

func TestCheck_Receipt_SaysWhatWasAskedAndAnswered(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		strict := receiptFor(ctx, t, s, on("newsletter", anna))
		digest, err := w.keys.ReceiptDigest(anna)
		if err != nil {
			t.Fatal(err)
		}
		want := receipt.Receipt{
			Store: w.keys.StoreID(), Decided: strict.Decided, Position: given.Position, CatalogVersion: 1, ForSending: true,
			Address: receipt.Digest(digest), Channel: "newsletter", Verdict: consent.Allow, Reason: consent.CodeAllowConsent,
			Reasons: []consent.Code{consent.CodeAllowConsent}, LegalBasis: "consent", GrantPosition: given.Position,
			Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Sender: "acme-newsletter",
		}
		if diff := cmp.Diff(want, w.opened(strict.Receipt)); diff != "" {
			t.Errorf("strict (-want +got):\n%s", diff)
		}
		if strings.Contains(strict.Receipt, "anna") {
			t.Error("the receipt holds the address")
		}
		past := on("order-updates", anna)
		past.Sender, past.Reference, past.Advertising = "nobody", "order-1\n", true
		past.AsOf = consent.InstantOf(start)
		got := w.opened(receiptFor(ctx, t, s, past).Receipt)
		if got.ForSending || got.Decided != past.AsOf || got.AskedSender != "nobody" || got.Sender != "" || !got.Advertising ||
			got.Reference != "order-1\n" || got.Verdict != consent.Deny || got.Reason != consent.CodeSenderUnknown {
			t.Errorf("as of the past: %+v", got)
		}
		without, err := s.Check(ctx, on("newsletter", anna))
		if err != nil || without.Receipt != "" {
			t.Errorf("unasked: %q, %v", without.Receipt, err)
		}
	})
}

func TestVerifyReceipt_LaterEvents_ChangeNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		before := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		strict := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
		past := on("newsletter", anna)
		past.AsOf = consent.InstantOf(start.Add(-2 * time.Hour))
		asOf := receiptFor(ctx, t, s, past).Receipt
		late := withdrawal("newsletter", anna)
		late.Occurred = consent.InstantOf(start.Add(-30 * time.Minute))
		w.mustRecord(ctx, s, late)
		shorter := strings.Replace(acme(t), "consent_lapses_after: P24M", "consent_lapses_after: P1D", 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: shorter}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		for _, text := range []string{before, strict, asOf} {
			wantOutcome(ctx, t, s, text, "Anna@EXAMPLE.at", receipts.Same)
			wantOutcome(ctx, t, s, text, "", receipts.NotReplayed)
			wantOutcome(ctx, t, s, text, "ben@example.at", receipts.OtherAddress)
		}
	})
}

func TestVerifyReceipt_WhatWasNeverAnswered_Differs(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		text := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
		forged := w.resigned(text, func(r *receipt.Receipt) { r.CatalogVersion, r.GrantPosition = 7, given.Position+1 })
		got := wantOutcome(ctx, t, s, forged, anna, receipts.Differs)
		want := []receipt.Difference{{Field: "catalog_version", Expected: "7", Got: "1"}, {Field: "grant_position", Expected: "3", Got: "2"}}
		if diff := cmp.Diff(want, got.Differences); diff != "" {
			t.Error(diff)
		}
		// The ledger itself can be altered, too.
		w.damaged = true // An answer from before may be compared with it.
		w.raw().forge(given.Position, func(e *consent.Event) { e.Channels = []string{"product-marketing"} })
		got = wantOutcome(ctx, t, s, text, anna, receipts.Differs)
		if len(got.Differences) == 0 || got.Differences[0] != (receipt.Difference{Field: "verdict", Expected: "ALLOW", Got: "DENY"}) {
			t.Errorf("differences %+v", got.Differences)
		}
	})
}

func TestVerifyReceipt_ErasedSince(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna, tagged = "anna@gmail.com", "anna+shop@gmail.com"
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", tagged, start.Add(-time.Hour)))
		before := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
		other := receiptFor(ctx, t, s, on("newsletter", tagged)).Receipt
		erased := w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna})
		after := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
		w.mustRecord(ctx, s, consentOn("newsletter", anna, w.clock.Now()))
		if got := wantOutcome(ctx, t, s, before, anna, receipts.ErasedSince); got.Erased != erased.Position || len(got.Differences) != 0 {
			t.Errorf("erased at %d, want %d: %+v", got.Erased, erased.Position, got.Differences)
		}
		wantOutcome(ctx, t, s, other, tagged, receipts.Same) // another spelling was not erased
		wantOutcome(ctx, t, s, after, anna, receipts.Same)
		wantOutcome(ctx, t, s, before, tagged, receipts.OtherAddress)
	})
}

func TestVerifyReceipt_ErasureBehindManyEvents_IsFound(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	const anna = "anna@gmail.com"
	text := receiptFor(ctx, t, s, on("newsletter", anna)).Receipt
	batch := record.Batch{}
	for n := range export.HistoryRead + 1 {
		st := withdrawal("newsletter", anna)
		st.Occurred = consent.InstantOf(start.Add(-time.Duration(n+1) * time.Minute))
		batch.Items = append(batch.Items, record.BatchItem{Statement: st})
	}
	if _, err := s.BatchRecord(ctx, batch); err != nil {
		t.Fatal(err)
	}
	wantOutcome(ctx, t, s, text, anna, receipts.Same)
	w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna})
	wantOutcome(ctx, t, s, text, anna, receipts.ErasedSince)
}

func TestVerifyReceipt_AlteredOrForeign_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := receiptFor(ctx, t, s, on("newsletter", "anna@example.at")).Receipt
		point, err := s.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, there := newWorld(t, "sqlite").acme()
		foreign := receiptFor(there, t, elsewhere, on("newsletter", "anna@example.at")).Receipt
		altered := []byte(text)
		altered[len("assent receipt v1\nledger: ")] ^= 1
		for _, wrong := range []string{"", "nonsense", string(altered), foreign, string(point.Signed), text + "\n", text[1:]} {
			_, err := s.VerifyReceipt(ctx, receipts.Input{Receipt: wrong, Address: "anna@example.at"})
			wantFault(t, err, fault.InvalidReceipt)
		}
		if _, err := ledger.OpenCheckpoint([]byte(text), ledger.Origin(w.keys.StoreID()), point.VerifierKey); err == nil {
			t.Error("a receipt was opened as a checkpoint")
		}
		for i := range len(text) {
			altered := []byte(text)
			altered[i] ^= 1
			_, err := s.VerifyReceipt(ctx, receipts.Input{Receipt: string(altered), Address: "anna@example.at"})
			wantFault(t, err, fault.InvalidReceipt)
		}
	})
}

func TestVerifyReceipt_BeyondTheLedger_IsPositionUnknown(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := receiptFor(ctx, t, s, on("newsletter", "anna@example.at")).Receipt
		beyond := w.resigned(text, func(r *receipt.Receipt) { r.Position = 99 })
		_, err := s.VerifyReceipt(ctx, receipts.Input{Receipt: beyond, Address: "anna@example.at"})
		wantFault(t, err, fault.PositionUnknown)
	})
}

func TestVerifyReceipt_ClientReplaysOnlyWhatItMayCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		const anna = "anna@example.at"
		own := receiptFor(admin, t, s, on("newsletter", anna)).Receipt
		other := receiptFor(admin, t, s, on("product-marketing", anna)).Receipt
		for _, scope := range []string{"check", "read", "export"} {
			desk := w.as(admin, s, administration.NewClient{ID: "desk-" + scope, Department: "newsletter-desk", Scopes: []string{scope}})
			wantOutcome(desk, t, s, own, anna, receipts.Same)
			wantOutcome(desk, t, s, other, "", receipts.NotReplayed)
			for _, address := range []string{anna, "ben@example.at"} { // It does not learn whether it is the right one either.
				_, err := s.VerifyReceipt(desk, receipts.Input{Receipt: other, Address: address})
				wantFault(t, err, fault.OtherDepartment)
			}
		}
		recorder := w.as(admin, s, administration.NewClient{ID: "recorder", AllDepartments: true, Scopes: []string{"record"}})
		_, err := s.VerifyReceipt(recorder, receipts.Input{Receipt: own})
		wantFault(t, err, fault.ScopeMissing)
		revoked := w.as(admin, s, administration.NewClient{ID: "revoked", AllDepartments: true, Scopes: []string{"check"}})
		if _, err := s.RevokeClient(admin, "revoked"); err != nil {
			t.Fatal(err)
		}
		_, err = s.VerifyReceipt(revoked, receipts.Input{Receipt: own})
		wantFault(t, err, fault.Unauthenticated)
		_, err = s.VerifyReceipt(admin, receipts.Input{Receipt: own, Address: "nobody"})
		wantFault(t, err, fault.InvalidAddress)
	})
}

func TestVerifyReceipt_UnderAnOlderSigningKey_Holds(t *testing.T) {
	w := newWorld(t, "sqlite")
	path := filepath.Join(t.TempDir(), "own.keys")
	var err error
	if w.keys, err = seal.Create(path); err != nil {
		t.Fatal(err)
	}
	store := w.store()
	s, ctx := w.service(store, 0), access.WithCaller(t.Context(), access.Process("test"))
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	before := receiptFor(ctx, t, s, on("newsletter", "anna@example.at")).Receipt
	for _, step := range []func(string, seal.Keyset) (seal.KeyInfo, error){seal.AddKey, seal.PromoteKey} {
		if _, err := step(path, seal.KeysetSigning); err != nil {
			t.Fatal(err)
		}
	}
	if w.keys, err = seal.Open(path); err != nil {
		t.Fatal(err)
	}
	s = w.service(store, 0)
	after := receiptFor(ctx, t, s, on("newsletter", "anna@example.at")).Receipt
	older := wantOutcome(ctx, t, s, before, "anna@example.at", receipts.Same)
	newer := wantOutcome(ctx, t, s, after, "anna@example.at", receipts.Same)
	if older.Key == newer.Key {
		t.Error("both are said to be signed by one key")
	}
	for text, key := range map[string]string{before: older.Key, after: newer.Key} {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open([]byte(text), note.VerifierList(verifier)); err != nil {
			t.Errorf("another program does not verify it: %v", err)
		}
	}
}

func TestVerifyReceipt_VoidOrMoveSince_ChangesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna, ben = "anna@example.at", "ben@example.at"
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, withdrawal("product-marketing", anna))
		texts := map[string]string{}
		for _, address := range []string{anna, ben} {
			for _, channel := range []string{"newsletter", "product-marketing"} {
				texts[receiptFor(ctx, t, s, on(channel, address)).Receipt] = address
			}
		}
		if _, err := s.Void(ctx, rights.Void{Position: given.Position, Justification: "the wrong list"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if _, err := s.Move(ctx, rights.Move{From: anna, To: ben, Justification: "a new address"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", anna, consent.CodeNoLegalBasis)
		w.wantCheck(ctx, s, "product-marketing", ben, consent.CodeWithdrawn)
		for text, address := range texts {
			wantOutcome(ctx, t, s, text, address, receipts.Same)
		}
	})
}

func TestVerifyReceipt_ImportedErasure_CarriedOutSince_IsErasedSince(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna, ben = "anna@example.at", "ben@example.at"
		erase := func(address string) record.BatchItem {
			return record.BatchItem{Statement: statement.Statement{
				Kind: consent.KindErase, Address: address, Occurred: consent.InstantOf(start.Add(-2 * time.Hour)),
			}}
		}
		// Of anna the erasure is older than the last grant, which therefore outlives it; of ben it is younger.
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-3*time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", ben, start.Add(-3*time.Hour)))
		items, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{erase(anna), erase(ben)}})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		past := on("newsletter", ben)
		past.AsOf = consent.InstantOf(start.Add(-150 * time.Minute))
		ofAnna, ofBen := receiptFor(ctx, t, s, on("newsletter", anna)), receiptFor(ctx, t, s, on("newsletter", ben))
		ofPast := receiptFor(ctx, t, s, past)
		forged := w.resigned(ofBen.Receipt, func(r *receipt.Receipt) { r.Reason = "MADE_UP" })
		for _, c := range []struct {
			was     check.Result
			address string
			reason  consent.Code
		}{{ofAnna, anna, consent.CodeAllowConsent}, {ofBen, ben, consent.CodeErased}, {ofPast, ben, consent.CodeAllowConsent}} {
			if c.was.Reason != c.reason {
				t.Fatalf("%s: got %s, want %s", c.address, c.was.Reason, c.reason)
			}
			wantOutcome(ctx, t, s, c.was.Receipt, c.address, receipts.Same)
		}
		if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 2 {
			t.Fatalf("erased %+v, %v", done, err)
		}
		w.clock.Advance(time.Second)
		if got := wantOutcome(ctx, t, s, ofAnna.Receipt, anna, receipts.ErasedSince); got.Erased != items[0].Position {
			t.Errorf("erased at %d, want %d", got.Erased, items[0].Position)
		}
		if got := wantOutcome(ctx, t, s, ofPast.Receipt, ben, receipts.ErasedSince); got.Erased != items[1].Position {
			t.Errorf("erased at %d, want %d", got.Erased, items[1].Position)
		}
		wantOutcome(ctx, t, s, ofBen.Receipt, ben, receipts.Same)
		wantOutcome(ctx, t, s, forged, ben, receipts.Differs)
		now := receiptFor(ctx, t, s, on("newsletter", anna))
		wantOutcome(ctx, t, s, now.Receipt, anna, receipts.Same)
	})
}

func TestVerifyReceipt_RequestThatRetentionRemoved_IsNotReplayed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("requests: P10D")
		other := receiptFor(ctx, t, s, on("newsletter", "other@example.at")).Receipt
		if _, err := s.RequestConsent(ctx, request(anna)); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		pending := receiptFor(ctx, t, s, on("newsletter", anna))
		if pending.Reason != consent.CodeConsentPending {
			t.Fatalf("got %s", pending.Reason)
		}
		made := w.resigned(other, func(r *receipt.Receipt) {
			r.Reason, r.Reasons = consent.CodeConsentPending, []consent.Code{consent.CodeConsentPending}
		})
		forged := w.resigned(pending.Receipt, func(r *receipt.Receipt) { r.Reason, r.Reasons = "MADE_UP", []consent.Code{"MADE_UP"} })
		wantOutcome(ctx, t, s, pending.Receipt, anna, receipts.Same)
		wantOutcome(ctx, t, s, made, "other@example.at", receipts.Differs)
		w.clock.Advance(50 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Requests: 2})
		if got := wantOutcome(ctx, t, s, pending.Receipt, anna, receipts.NotReplayed); len(got.Differences) != 0 {
			t.Errorf("differences %+v", got.Differences)
		}
		wantOutcome(ctx, t, s, forged, anna, receipts.Differs)
		wantOutcome(ctx, t, s, made, "other@example.at", receipts.Differs) // its time was before the request
		if _, err := s.RequestConsent(ctx, request(anna)); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		wantOutcome(ctx, t, s, pending.Receipt, anna, receipts.NotReplayed)
	})
}
