package rpc_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
)

const batchID = "11111111-2222-4333-8444-555555555555"

func (w *world) rights() assentv1.HistoryServiceClient {
	return assentv1.NewHistoryServiceClient(w.conn)
}

// grantAt records a consent of the past by a batch.
func (w *world) grantAt(address string, at time.Time, batch string) *assentv1.RecordResult {
	w.t.Helper()
	response, err := assentv1.NewConsentServiceClient(w.conn).BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{
		BatchId: batch,
		Events: []*assentv1.EventInput{{
			OccurredTime: timestamppb.New(at),
			Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
				Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
				Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
				Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(at)},
			}},
		}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return response.GetResults()[0]
}

// reason returns the reason of the decision about the newsletter.
func (w *world) reason(address string) string {
	w.t.Helper()
	response, err := assentv1.NewConsentServiceClient(w.conn).CheckConsent(w.as(), &assentv1.CheckConsentRequest{
		Address: address, Channel: "newsletter",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return response.GetDecision().GetReason()
}

// events returns the history of an address, of some kinds or all.
func (w *world) events(address string, kinds ...string) []*assentv1.Event {
	w.t.Helper()
	response, err := w.rights().SearchHistory(w.as(), &assentv1.SearchHistoryRequest{Address: address, Kinds: kinds})
	if err != nil {
		w.t.Fatal(err)
	}
	return response.GetEvents()
}

func (w *world) erase(m *assentv1.EraseRecipientRequest) *assentv1.EraseRecipientResponse {
	w.t.Helper()
	response, err := w.rights().EraseRecipient(w.as(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return response
}

// An erasure is owed to the person, whatever text its officer's program sends with it.
func TestErase_TextsThatCannotBeStored_ErasesAndWarns(t *testing.T) {
	w := newWorld(t)
	w.grantAt("anna@example.com", start.Add(-time.Hour), "")
	response := w.erase(&assentv1.EraseRecipientRequest{
		Address: "anna@example.com", Operator: strings.Repeat("o", 257), Justification: "case\x00 7\u0085",
	})
	var got []string
	for _, warning := range response.GetWarnings() {
		got = append(got, warning.GetCode()+" "+warning.GetField())
	}
	if want := []string{"EVIDENCE_SHORTENED operator", "EVIDENCE_SHORTENED justification"}; !slices.Equal(got, want) || response.GetEventsErased() != 1 {
		t.Errorf("%v, %v", got, response)
	}
	erasure := w.events("anna@example.com")[0].GetErase()
	if operator, why := erasure.GetEvidence().GetOperator(), erasure.GetJustification(); len(operator) > 256 || why != "case\uFFFD 7\uFFFD" {
		t.Errorf("operator %q, justification %q", operator, why)
	}
	blank := w.erase(&assentv1.EraseRecipientRequest{Address: "ben@example.com", Justification: " "})
	if len(blank.GetPositions()) != 1 {
		t.Errorf("without any visible reason: %v", blank)
	}
}

func TestErase_WhatWasBefore_IsGone_WhatCameAfter_StandsForItself(t *testing.T) {
	w := newWorld(t)
	w.grantAt("anna@example.com", start.Add(-48*time.Hour), "")
	kept := w.grantAt("anna@example.com", start.Add(-time.Hour), "").GetPosition()
	response := w.erase(&assentv1.EraseRecipientRequest{
		Address: "anna@example.com", OccurredTime: timestamppb.New(start.Add(-24 * time.Hour)), Operator: "desk 7", Justification: "case 4711",
	})
	want := &assentv1.EraseRecipientResponse{
		Positions: []int64{kept + 1}, EventsErased: new(int64(1)), Recipients: &assentv1.ErasureRecipients{},
	}
	if diff := cmp.Diff(want, response, protocmp.Transform()); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
	if got := w.reason("anna@example.com"); got != "ALLOW_CONSENT" {
		t.Errorf("a consent after the erasure gives %s", got)
	}
	events := w.events("anna@example.com")
	if len(events) != 2 || events[0].GetErase().GetJustification() != "case 4711" ||
		events[0].GetErase().GetEvidence().GetOperator() != "desk 7" || events[0].GetErase().GetAddress() != "" {
		t.Fatalf("history: %v", events)
	}
	if again := events[1]; again.GetGrant().GetAddress() != "anna@example.com" || !slices.Equal(again.GetStandsFor(), []int64{kept}) {
		t.Errorf("what stands for the later consent: %v", again)
	}
}

func TestErase_SaysErased_AndWhatComesBackIsRefusedAndListed(t *testing.T) {
	w := newWorld(t)
	w.grantAt("anna@example.com", start.Add(-48*time.Hour), "")
	request := &assentv1.EraseRecipientRequest{Address: "anna@example.com", RequestId: requestID}
	first := w.erase(request)
	if diff := cmp.Diff(first, w.erase(request), protocmp.Transform()); diff != "" {
		t.Errorf("a repetition gets another answer:\n%s", diff)
	}
	if got := w.reason("anna@example.com"); got != "ERASED" {
		t.Errorf("got %s", got)
	}
	for range 2 {
		if got := w.grantAt("anna@example.com", start.Add(-48*time.Hour), "").GetError(); got.GetReason() != "ERASED_BEFORE" {
			t.Fatalf("the old consent: %v", got)
		}
	}
	_, err := assentv1.NewConsentServiceClient(w.conn).GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) {
		m.OccurredTime = timestamppb.New(start.Add(-48 * time.Hour))
	}))
	if status.Code(err) != codes.FailedPrecondition || reasonOf(t, err) != "ERASED_BEFORE" {
		t.Errorf("the old consent alone: %v", err)
	}
	list, err := w.rights().ListErasedReturns(w.as(), &assentv1.ListErasedReturnsRequest{SinceTime: timestamppb.New(start)})
	if err != nil || len(list.GetReturns()) != 1 {
		t.Fatalf("returns: %v, %v", list, err)
	}
	if r := list.GetReturns()[0]; r.GetDay() != "2026-11-01" || r.GetClient() != "admin" || r.GetCount() != 3 || len(r.GetPerson()) != 32 {
		t.Errorf("got %v", r)
	}
	list, err = w.rights().ListErasedReturns(w.as(), &assentv1.ListErasedReturnsRequest{SinceTime: timestamppb.New(start.AddDate(0, 0, 1))})
	if err != nil || len(list.GetReturns()) != 0 {
		t.Errorf("since tomorrow: %v, %v", list, err)
	}
}

func TestReturns_GoPageByPage(t *testing.T) {
	w := newWorld(t)
	addresses := []string{"a@example.com", "b@example.com", "c@example.com"}
	for _, address := range addresses {
		w.erase(&assentv1.EraseRecipientRequest{Address: address})
		w.grantAt(address, start.Add(-48*time.Hour), "")
	}
	seen := map[string]bool{}
	request := &assentv1.ListErasedReturnsRequest{PageSize: 2}
	for _, want := range []int{2, 1} {
		page, err := w.rights().ListErasedReturns(w.as(), request)
		if err != nil || len(page.GetReturns()) != want || (page.GetNextPageToken() == "") != (want == 1) {
			t.Fatalf("got %v, %v", page, err)
		}
		for _, r := range page.GetReturns() {
			seen[r.GetPerson()] = true
		}
		request.PageToken = page.GetNextPageToken()
	}
	if len(seen) != len(addresses) {
		t.Errorf("%d persons, want %d", len(seen), len(addresses))
	}
	request.PageToken = "x"
	if _, err := w.rights().ListErasedReturns(w.as(), request); reasonOf(t, err) != "INVALID_PAGE_TOKEN" {
		t.Errorf("made-up token: %v", err)
	}
}

func TestMove_RefusalsGoAlong_GrantsDoNot(t *testing.T) {
	w := newWorld(t)
	w.grantAt("old@example.com", start.Add(-48*time.Hour), "")
	_, err := assentv1.NewConsentServiceClient(w.conn).WithdrawConsent(w.as(), &assentv1.WithdrawConsentRequest{
		Address: "old@example.com", Channels: []string{"newsletter"},
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := w.rights().MoveRecipient(w.as(), &assentv1.MoveRecipientRequest{
		Address: "Old@example.com", NewAddress: "new@example.com", Justification: "ticket 12", RequestId: requestID,
	})
	if err != nil || len(moved.GetPositions()) != 3 {
		t.Fatalf("got %v, %v", moved, err)
	}
	if got := w.reason("new@example.com"); got != "WITHDRAWN" {
		t.Errorf("the new address: %s", got)
	}
	for address, want := range map[string]*assentv1.Move{
		"old@example.com": {
			Side: assentv1.MoveSide_MOVE_SIDE_AWAY, Address: "Old@example.com", OtherAddress: "new@example.com", Justification: "ticket 12",
		},
		"new@example.com": {
			Side: assentv1.MoveSide_MOVE_SIDE_HERE, Address: "new@example.com", OtherAddress: "old@example.com", Justification: "ticket 12",
		},
	} {
		events := w.events(address, "move")
		if len(events) != 1 {
			t.Fatalf("%s: %v", address, events)
		}
		if diff := cmp.Diff(want, events[0].GetMove(), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
	}
}

func TestVoid_EventOrBatch_IsLeftOutOnce(t *testing.T) {
	w := newWorld(t)
	position := w.grantAt("anna@example.com", start.Add(-48*time.Hour), "").GetPosition()
	w.grantAt("ben@example.com", start.Add(-48*time.Hour), batchID)
	byPosition := &assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_Position{Position: position}, Justification: "typed wrongly"}
	byBatch := &assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_BatchId{BatchId: batchID}, Justification: "wrong file"}
	for address, request := range map[string]*assentv1.VoidEventsRequest{"anna@example.com": byPosition, "ben@example.com": byBatch} {
		if got := w.reason(address); got != "ALLOW_CONSENT" {
			t.Fatalf("before: %s", got)
		}
		for _, want := range []int64{1, 0} {
			voided, err := w.rights().VoidEvents(w.as(), request)
			if err != nil || voided.GetEvents() != want || voided.GetSubjects() != want {
				t.Fatalf("%s: got %v, %v, want %d", address, voided, err, want)
			}
		}
		if got := w.reason(address); got != "NO_LEGAL_BASIS" {
			t.Errorf("%s is still %s", address, got)
		}
	}
	for address, want := range map[string]*assentv1.Void{
		"anna@example.com": {LeftOut: &assentv1.Void_Position{Position: position}, Justification: "typed wrongly"},
		"ben@example.com":  {LeftOut: &assentv1.Void_BatchId{BatchId: batchID}, Justification: "wrong file"},
	} {
		events := w.events(address, "void")
		if len(events) != 1 {
			t.Fatalf("%s: %v", address, events)
		}
		if diff := cmp.Diff(want, events[0].GetVoid(), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
	}
}

func TestHold_RefusesErasure_UntilReleased(t *testing.T) {
	w := newWorld(t)
	release := &assentv1.ReleaseLegalHoldRequest{Address: "anna@example.com", Justification: "settled"}
	if _, err := w.rights().ReleaseLegalHold(w.as(), release); reasonOf(t, err) != "NOT_HELD" {
		t.Errorf("release of nothing: %v", err)
	}
	hold, err := w.rights().PlaceLegalHold(w.as(), &assentv1.PlaceLegalHoldRequest{Address: "anna@example.com", Justification: "case 7 at court"})
	if err != nil || len(hold.GetPositions()) != 1 {
		t.Fatalf("got %v, %v", hold, err)
	}
	_, err = w.rights().EraseRecipient(w.as(), &assentv1.EraseRecipientRequest{Address: "anna@example.com"})
	if status.Code(err) != codes.FailedPrecondition || reasonOf(t, err) != "LEGAL_HOLD" {
		t.Errorf("erase: %v", err)
	}
	if _, err := w.rights().ReleaseLegalHold(w.as(), release); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range w.events("anna@example.com", "hold", "release") {
		switch {
		case e.GetHold().GetJustification() == "case 7 at court":
			kinds = append(kinds, "hold")
		case e.GetRelease().GetJustification() == "settled":
			kinds = append(kinds, "release")
		}
	}
	// Once for the exact form and once for the folded one.
	if diff := cmp.Diff([]string{"hold", "hold", "release", "release"}, kinds); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	w.erase(&assentv1.EraseRecipientRequest{Address: "anna@example.com"})
}

func TestRights_WhatCannotBeDone_IsAFailedPrecondition(t *testing.T) {
	w := newWorld(t)
	erasure := w.erase(&assentv1.EraseRecipientRequest{Address: "anna@example.com"}).GetPositions()[0]
	for name, test := range map[string]struct {
		request *assentv1.VoidEventsRequest
		code    codes.Code
		reason  string
	}{
		"an erasure": {
			&assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_Position{Position: erasure}, Justification: "x"},
			codes.FailedPrecondition, "NOT_VOIDABLE",
		},
		"no such batch": {
			&assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_BatchId{BatchId: batchID}, Justification: "x"},
			codes.FailedPrecondition, "NOT_VOIDABLE",
		},
		"no such position": {
			&assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_Position{Position: 999}, Justification: "x"},
			codes.OutOfRange, "POSITION_UNKNOWN",
		},
	} {
		if _, err := w.rights().VoidEvents(w.as(), test.request); status.Code(err) != test.code || reasonOf(t, err) != test.reason {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRights_OfficerOfOneDepartment_MayEraseOnly(t *testing.T) {
	w := newWorld(t)
	position := w.grantAt("anna@example.com", start.Add(-48*time.Hour), "").GetPosition()
	officer := with(t, w.client(administration.NewClient{ID: "dpo-of-one", Department: "marketing", Role: "officer"}))
	for name, call := range map[string]func(context.Context) error{
		"move": func(ctx context.Context) error {
			_, err := w.rights().MoveRecipient(ctx, &assentv1.MoveRecipientRequest{
				Address: "anna@example.com", NewAddress: "new@example.com", Justification: "x",
			})
			return err
		},
		"void": func(ctx context.Context) error {
			_, err := w.rights().VoidEvents(ctx, &assentv1.VoidEventsRequest{
				LeftOut: &assentv1.VoidEventsRequest_Position{Position: position}, Justification: "x",
			})
			return err
		},
		"void of nothing": func(ctx context.Context) error {
			_, err := w.rights().VoidEvents(ctx, &assentv1.VoidEventsRequest{
				LeftOut: &assentv1.VoidEventsRequest_Position{Position: 999}, Justification: "x",
			})
			return err
		},
		"hold": func(ctx context.Context) error {
			_, err := w.rights().PlaceLegalHold(ctx, &assentv1.PlaceLegalHoldRequest{Address: "anna@example.com", Justification: "x"})
			return err
		},
		"release": func(ctx context.Context) error {
			_, err := w.rights().ReleaseLegalHold(ctx, &assentv1.ReleaseLegalHoldRequest{Address: "anna@example.com", Justification: "x"})
			return err
		},
		"claims": func(ctx context.Context) error {
			_, err := w.rights().ListClaims(ctx, &assentv1.ListClaimsRequest{})
			return err
		},
		"returns": func(ctx context.Context) error {
			_, err := w.rights().ListErasedReturns(ctx, &assentv1.ListErasedReturnsRequest{})
			return err
		},
	} {
		if err := call(officer); status.Code(err) != codes.PermissionDenied || reasonOf(t, err) != "OTHER_DEPARTMENT" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := w.rights().EraseRecipient(officer, &assentv1.EraseRecipientRequest{Address: "anna@example.com"}); err != nil {
		t.Errorf("erase: %v", err)
	}
}

func TestEventOf_Removal_CountsPositions(t *testing.T) {
	got := handler.EventOf(&export.HistoryEvent{Event: consent.Event{Position: 9, Facts: consent.Facts{
		Kind: consent.KindRemoval, Removed: consent.RemovedEvidence, Until: consent.InstantOf(start), Count: 3, Positions: []int64{2, 4},
	}}})
	want := &assentv1.Event{
		Position: 9, EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_NONE,
		Fact: &assentv1.Event_Removal{Removal: &assentv1.Removal{
			Removed: "evidence", UntilTime: timestamppb.New(start), Count: 3, PositionCount: 2,
		}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSearchHistory_EveryKindOfAnAddress_CanBeAskedFor(t *testing.T) {
	w := newWorld(t)
	var all []string
	for _, kind := range consent.Kinds() {
		if !kind.HasSubject() {
			continue
		}
		all = append(all, kind.String())
		if _, err := w.rights().SearchHistory(w.as(), &assentv1.SearchHistoryRequest{Address: "anna@example.com", Kinds: all[len(all)-1:]}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	w.events("anna@example.com", all...)
}
