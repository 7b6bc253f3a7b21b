package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

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
