package rpc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Nothing that only decorates a no may stop it, by whatever door it comes.
func TestRecord_NoWithEvidenceThatCannotBeStored_IsRecordedWithWarnings(t *testing.T) {
	w := newWorld(t)
	client, suppressions := assentv1.NewConsentServiceClient(w.conn), assentv1.NewSuppressionServiceClient(w.conn)
	odd := &assentv1.Evidence{
		Source: "telex", Url: "https://firma.example/" + strings.Repeat("x", 3000), Ip: strings.Repeat("203.0.113.7, ", 8),
		UserAgent: strings.Repeat("Mozilla/5.0 ", 200), Note: "\x1b[31m" + strings.Repeat("n", 5000), Goods: make([]string, 40),
		ConfirmedTime: &timestamppb.Timestamp{Seconds: -1, Nanos: -1}, TransactionRef: strings.Repeat("t", 300),
	}
	var warnings [][]*assentv1.Warning
	withdrawn, err := client.WithdrawConsent(w.as(), &assentv1.WithdrawConsentRequest{
		Address: "a@example.com", Channels: []string{"newsletter"}, Evidence: odd,
	})
	if err != nil || len(withdrawn.GetPositions()) != 1 {
		t.Fatalf("withdrawal: %v, %v", withdrawn, err)
	}
	warnings = append(warnings, withdrawn.GetWarnings())
	bounced, err := suppressions.CreateSuppression(w.as(), &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "b@example.com"}, Reason: "HARD_BOUNCE",
		Justification: strings.Repeat("550 5.1.1 \x00", 500), Evidence: odd,
	})
	if err != nil || len(bounced.GetPositions()) != 1 {
		t.Fatalf("bounce: %v, %v", bounced, err)
	}
	warnings = append(warnings, bounced.GetWarnings())
	past := timestamppb.New(w.clock.Now().Add(-time.Hour))
	batch, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: []*assentv1.EventInput{
		{OccurredTime: past, Fact: &assentv1.EventInput_Refuse{Refuse: &assentv1.Refusal{
			Address: "c@example.com", Channels: []string{"newsletter"}, Evidence: odd,
		}}},
		{OccurredTime: past, Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: "d@example.com"}, Reason: "COMPLAINT", Evidence: odd,
			Justification: strings.Repeat("j", 3000),
		}}},
		{OccurredTime: past, Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: "e@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT, Evidence: odd,
		}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range batch.GetResults()[:2] {
		if result.GetError() != nil || result.GetPosition() == 0 {
			t.Errorf("item %d: %v", i, result)
		}
		warnings = append(warnings, result.GetWarnings())
	}
	if got := batch.GetResults()[2].GetError().GetReason(); got != "INVALID_EVIDENCE" {
		t.Errorf("a grant with the same evidence: got %q, want INVALID_EVIDENCE", got)
	}
	for i, list := range warnings {
		if len(list) < 7 {
			t.Errorf("answer %d has %d warnings: %v", i, len(list), list)
		}
	}
}

// A refusal with a time before a consent, as by another clock, is acknowledged with what still allows.
func TestRecord_NoFromBeforeAConsent_SaysWhatStillAllows(t *testing.T) {
	w := newWorld(t)
	client, suppressions := assentv1.NewConsentServiceClient(w.conn), assentv1.NewSuppressionServiceClient(w.conn)
	at := func(ago time.Duration) *timestamppb.Timestamp { return timestamppb.New(w.clock.Now().Add(-ago)) }
	granted, err := client.GrantConsent(w.as(), &assentv1.GrantConsentRequest{
		Address: "a@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"}, OccurredTime: at(10 * time.Second),
		Evidence: &assentv1.Evidence{Source: "web_form", ConfirmedTime: at(10 * time.Second)},
	})
	if err != nil || len(granted.GetWarnings()) != 0 {
		t.Fatalf("grant: %v, %v", granted, err)
	}
	want := []*assentv1.StillAllowed{{Channel: "newsletter", Reason: "ALLOW_CONSENT", Position: granted.GetPositions()[0]}}
	for range 2 { // The repetition is a duplicate, and says the same.
		withdrawn, err := client.WithdrawConsent(w.as(), &assentv1.WithdrawConsentRequest{
			Address: "a@example.com", Channels: []string{"newsletter"}, OccurredTime: timestamppb.New(start.Add(-30 * time.Second)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, withdrawn.GetStillAllowed(), protocmp.Transform()); diff != "" {
			t.Errorf("withdrawal (-want +got):\n%s", diff)
		}
	}
	bounced, err := suppressions.CreateSuppression(w.as(), &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "a@example.com"}, Reason: "OBJECTION", OccurredTime: at(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, bounced.GetStillAllowed(), protocmp.Transform()); diff != "" {
		t.Errorf("objection (-want +got):\n%s", diff)
	}
	if got := reasonFor(t, w, "a@example.com"); got != "ALLOW_CONSENT" {
		t.Errorf("the check says %s", got)
	}
	for _, occurred := range []*timestamppb.Timestamp{at(9 * time.Second), nil} {
		withdrawn, err := client.WithdrawConsent(w.as(), &assentv1.WithdrawConsentRequest{
			Address: "a@example.com", Channels: []string{"newsletter"}, OccurredTime: occurred,
		})
		if err != nil || len(withdrawn.GetStillAllowed()) != 0 {
			t.Errorf("after the consent: %v, %v", withdrawn, err)
		}
	}
}

func TestGrantConsent_ThatAllowsNothing_WarnsWhatItLacks(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	granted, err := client.GrantConsent(w.as(), &assentv1.GrantConsentRequest{
		Address: "a@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
	})
	if err != nil || len(granted.GetWarnings()) != 1 || granted.GetWarnings()[0].GetCode() != "CONSENT_NOT_PROVABLE" ||
		!strings.Contains(granted.GetWarnings()[0].GetDescription(), "newsletter") {
		t.Errorf("got %v, %v", granted, err)
	}
	if got := reasonFor(t, w, "a@example.com"); got != "CONSENT_NOT_PROVABLE" {
		t.Errorf("the check says %s", got)
	}
}
