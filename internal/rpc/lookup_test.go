package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestLookup_ShowsGrantsRefusalsAndSuppressions(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	if _, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: facts()[:7]}); err != nil {
		t.Fatal(err)
	}
	found, err := client.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{Address: "anna@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.GetChannels()) != 4 || found.GetCatalogVersion() != 1 || found.GetPosition() == 0 {
		t.Fatalf("got %v", found)
	}
	newsletter := found.GetChannels()[0]
	if newsletter.GetChannel() != "newsletter" || newsletter.GetDecision().GetReason() == "" ||
		!newsletter.GetRefusedTime().AsTime().Equal(start.Add(-96*time.Hour)) || len(newsletter.GetGrants()) == 0 {
		t.Errorf("newsletter: %v", newsletter)
	}
	var shown []string
	for _, s := range found.GetSuppressions() {
		shown = append(shown, fmt.Sprintf("%s %s %q %s %s", s.GetReason(), s.GetScope(), s.GetDomain(), s.GetList(), s.GetBinds()))
	}
	want := []string{`EXTERNAL_LIST marketing "" ecg all`, `MANUAL channel:newsletter "example.com"  `}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("suppressions (-want +got):\n%s", diff)
	}
}

func TestLookup_SaysWhatElseThanTheAddressASuppressionIsOf(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	const own, spelling, linked = "a.b@gmail.com", "ab@gmail.com", "anna@home.example"
	at := timestamppb.New(start.Add(-time.Hour))
	events := []*assentv1.EventInput{{OccurredTime: at, Fact: &assentv1.EventInput_Link{Link: &assentv1.Link{
		Address: own, OtherAddress: linked, Justification: "case 7", Evidence: &assentv1.Evidence{},
	}}}}
	for address, reason := range map[string]string{own: "COMPLAINT", spelling: "OBJECTION", linked: "LEGAL_BLOCK"} {
		events = append(events, &assentv1.EventInput{OccurredTime: at, Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: address}, Reason: reason, Evidence: &assentv1.Evidence{},
		}}})
	}
	recorded, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recorded.GetResults() {
		if r.GetError() != nil {
			t.Fatal(r.GetError())
		}
	}
	found, err := client.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{Address: own})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range found.GetSuppressions() {
		got[s.GetReason()] = fmt.Sprintf("linked %t, other spelling %t", s.GetLinked(), s.GetOtherSpelling())
	}
	want := map[string]string{
		"COMPLAINT": "linked false, other spelling false", "OBJECTION": "linked false, other spelling true", "LEGAL_BLOCK": "linked true, other spelling false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("suppressions (-want +got):\n%s", diff)
	}
}
