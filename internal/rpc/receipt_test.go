package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestVerifyReceipt_EveryOutcome(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	check := func() string {
		t.Helper()
		answer, err := client.CheckConsent(w.as(), &assentv1.CheckConsentRequest{
			Address: "Anna@Example.com", Channel: "newsletter", Receipt: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetDecision().GetReceipt()
	}
	denied := check()
	w.clock.Advance(time.Second)
	if _, err := client.GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) { m.Evidence = evidence() })); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	allowed := check()
	for _, c := range []struct {
		receipt, address string
		want             assentv1.ReceiptOutcome
	}{
		{denied, "anna@example.com", assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME},
		{allowed, "anna@example.com", assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME},
		{allowed, "", assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED},
		{allowed, "ben@example.com", assentv1.ReceiptOutcome_RECEIPT_OUTCOME_OTHER_ADDRESS},
	} {
		got, err := client.VerifyReceipt(w.as(), &assentv1.VerifyReceiptRequest{Receipt: c.receipt, Address: c.address})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetOutcome() != c.want || len(got.GetDifferences()) != 0 || got.GetErasedPosition() != 0 || got.GetVerifierKey() == "" {
			t.Errorf("%q: got %v, want %s", c.address, got, c.want)
		}
	}
	erased, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: []*assentv1.EventInput{
		{Fact: &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{Address: "anna@example.com"}}},
	}})
	if err != nil || erased.GetResults()[0].GetError() != nil {
		t.Fatalf("erase: %v, %v", erased, err)
	}
	got, err := client.VerifyReceipt(w.as(), &assentv1.VerifyReceiptRequest{Receipt: allowed, Address: "anna@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetOutcome() != assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE || got.GetErasedPosition() != erased.GetResults()[0].GetPosition() {
		t.Errorf("erased since: got %v", got)
	}
}

func TestVerifyReceipt_WhatIsNone_IsAnInvalidArgument(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	for text, want := range map[string]string{"assent receipt v1\n": "INVALID_RECEIPT", "": "INVALID_REQUEST"} {
		_, err := client.VerifyReceipt(w.as(), &assentv1.VerifyReceiptRequest{Receipt: text, Address: "anna@example.com"})
		if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != want || !slices.Equal(fieldsOf(err), []string{"receipt"}) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
