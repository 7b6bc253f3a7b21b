package rpc_test

import (
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
)

func evidence() *assentv1.Evidence {
	return &assentv1.Evidence{
		Source: "web_form", Url: "https://acme.example/signup", Ip: "192.0.2.1", UserAgent: "Browser/1",
		ConfirmedTime: timestamppb.New(start.Add(-time.Hour)), TransactionRef: "order-1", NoticeGiven: true,
		Goods: []string{"coffee"}, DocumentRef: "box 7", Operator: "op-7", Note: "by phone\nlater",
	}
}

func TestCheck_Allow_SaysWhatItRestsOn(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	granted, err := client.GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) { m.Evidence = evidence() }))
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	response, err := client.CheckConsent(w.as("accept-language", "de-AT, en;q=0.5"), &assentv1.CheckConsentRequest{
		Address: "Anna@Example.com", Channel: "newsletter",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := response.GetDecision()
	if got.GetExplanation() == "" || !strings.Contains(got.GetExplanation(), "Einwilligung") || got.GetRemedy() != "" {
		t.Errorf("explanation %q, remedy %q", got.GetExplanation(), got.GetRemedy())
	}
	want := &assentv1.Decision{
		Verdict: assentv1.Verdict_VERDICT_ALLOW, Reason: "ALLOW_CONSENT", Reasons: []string{"ALLOW_CONSENT"},
		LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT, GrantPosition: granted.GetPositions()[0],
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		SenderIdentity: &assentv1.SenderIdentity{
			Id: "acme-newsletter", FromName: "Acme Weekly", FromAddress: "weekly@news.acme.example",
			ReplyTo: "redaktion@acme.example", Department: "newsletter-desk",
			ComplaintsTo: "newsletter-beschwerden@acme.example",
		},
		Obligations:    []string{"LIST_UNSUBSCRIBE_ONE_CLICK", "UNSUBSCRIBE_LINK", "IMPRINT", "POSTAL_ADDRESS", "IDENTIFIABLE_AS_ADVERTISING"},
		ValidUntilTime: timestamppb.New(start.Add(6 * time.Minute)), DecidedTime: timestamppb.New(start.Add(time.Minute)),
		BasisEndTime: timestamppb.New(start.Add(-time.Hour).AddDate(0, 24, 0)),
		Position:     granted.GetPositions()[0], CatalogVersion: 1, ForSending: true,
	}
	if diff := cmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreFields(want, "explanation")); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestCheck_AsOf_IsNotForSending_AndDenialHasARemedy(t *testing.T) {
	w := newWorld(t)
	response, err := assentv1.NewConsentServiceClient(w.conn).CheckConsent(w.as(), &assentv1.CheckConsentRequest{
		Address: "anna@example.com", Channel: "newsletter", AsOf: timestamppb.New(start.Add(-time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := response.GetDecision()
	if got.GetForSending() || got.GetVerdict() != assentv1.Verdict_VERDICT_DENY || got.GetReason() != "NO_LEGAL_BASIS" ||
		got.GetAbout() != assentv1.About_ABOUT_RECIPIENT || got.GetRemedy() == "" || got.GetValidUntilTime() != nil ||
		!got.GetDecidedTime().AsTime().Equal(start.Add(-time.Hour)) {
		t.Errorf("got %v", got)
	}
}

func TestLanguage_FollowsAcceptLanguage_EnglishUnlessGermanFits(t *testing.T) {
	w := newWorld(t)
	explain := func(header ...string) string {
		response, err := assentv1.NewConsentServiceClient(w.conn).CheckConsent(w.as(header...), &assentv1.CheckConsentRequest{
			Address: "anna@example.com", Channel: "newsletter",
		})
		if err != nil {
			t.Fatal(err)
		}
		return response.GetDecision().GetExplanation()
	}
	english, german := explain(), explain("accept-language", "de")
	if english == german || english == "" || german == "" {
		t.Fatalf("English %q, German %q", english, german)
	}
	for header, want := range map[string]string{
		"de-CH": german, "fr, de;q=0.8, en;q=0.5": german, "en-GB, de;q=0.9": english, "fr": english, "*": english,
		";;;": english, strings.Repeat("de,", 200): english,
	} {
		if got := explain("accept-language", header); got != want {
			t.Errorf("%q: got %q", header, got)
		}
	}
}

func TestBatchRecord_WrongItem_FailsOnlyItself(t *testing.T) {
	w := newWorld(t)
	at := timestamppb.New(start.Add(-24 * time.Hour))
	good := &assentv1.EventInput{OccurredTime: at, Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
		Address: "anna@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"}, Evidence: evidence(),
	}}}
	suppress := func(s *assentv1.Suppression) *assentv1.EventInput {
		return &assentv1.EventInput{OccurredTime: at, Fact: &assentv1.EventInput_Suppress{Suppress: s}}
	}
	items := []struct {
		event  *assentv1.EventInput
		reason string
		names  string
	}{
		{good, "", ""},
		{&assentv1.EventInput{}, "INVALID_EVENT", "does not say what happened"},
		{&assentv1.EventInput{Fact: &assentv1.EventInput_Grant{}}, "INVALID_EVENT", "channels"},
		{&assentv1.EventInput{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: "anna@example.com", Channels: []string{"newsletter"}, LegalBasis: 77,
		}}}, "INVALID_EVENT", "legalBasis"},
		{&assentv1.EventInput{OccurredTime: &timestamppb.Timestamp{}, Fact: good.GetFact()}, "INVALID_TIME", "occurredTime"},
		{&assentv1.EventInput{OccurredTime: at, Fact: &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: "anna@example.com", Channel: "newsletter", ExpiresTime: at,
		}}}, "INVALID_EVENT", "expiresTime"},
		{suppress(&assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: "nobody"}, Reason: "OBJECTION",
		}), "INVALID_ADDRESS", "address"},
		{suppress(&assentv1.Suppression{
			Target: &assentv1.Suppression_Domain{}, Reason: "LEGAL_BLOCK",
		}), "INVALID_DOMAIN", "domain"},
		{suppress(&assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: "anna@example.com"}, Reason: strings.Repeat("x", 65),
		}), "INVALID_EVENT", "reason"},
		{good, "", ""},
	}
	request := &assentv1.BatchRecordEventsRequest{BatchId: requestID}
	for _, item := range items {
		request.Events = append(request.Events, item.event)
	}
	response, err := assentv1.NewConsentServiceClient(w.conn).BatchRecordEvents(w.as(), request)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		got := response.GetResults()[i]
		if got.GetError().GetReason() != item.reason || !strings.Contains(got.GetError().GetMessage(), item.names) {
			t.Errorf("item %d: got %v, want %s that names %q", i, got, item.reason, item.names)
		}
		if (got.GetPosition() == 0) != (item.reason != "") {
			t.Errorf("item %d: position %d", i, got.GetPosition())
		}
	}
	last := response.GetResults()[len(items)-1]
	if !last.GetDuplicate() || last.GetPosition() != response.GetResults()[0].GetPosition() {
		t.Errorf("the same fact over again: %v", last)
	}
}

// facts returns one right event of each kind.
func facts() []*assentv1.EventInput {
	at := func(h int) *timestamppb.Timestamp {
		return timestamppb.New(start.Add(time.Duration(h-100) * time.Hour))
	}
	const address = "Anna@Example.com"
	declaration := &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"}
	return []*assentv1.EventInput{
		{OccurredTime: at(1), Fact: &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: address, Channel: "newsletter", Declaration: declaration, Evidence: &assentv1.Evidence{Source: "web_form"},
		}}},
		{OccurredTime: at(2), Fact: &assentv1.EventInput_Confirm{Confirm: &assentv1.Confirmation{
			Address: address, Channel: "newsletter", Evidence: &assentv1.Evidence{Source: "double_opt_in", Ip: "192.0.2.7"},
		}}},
		{OccurredTime: at(3), Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: address, Channels: []string{"newsletter", "product-marketing"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
			Declaration: &assentv1.DeclarationRef{Id: "all-news", Version: "3"}, ExpiresTime: at(900),
			Evidence: &assentv1.Evidence{
				Source: "paper", Url: "https://acme.example", Ip: "192.0.2.1", UserAgent: "B/1", ConfirmedTime: at(2),
				TransactionRef: "order-1", NoticeGiven: true, Goods: []string{"coffee"}, DocumentRef: "box 7", Operator: "op", Note: "n",
			},
		}}},
		{OccurredTime: at(4), Fact: &assentv1.EventInput_Withdraw{Withdraw: &assentv1.Refusal{
			Address: address, Channels: []string{"newsletter"}, Evidence: &assentv1.Evidence{Source: "phone"},
		}}},
		{OccurredTime: at(5), Fact: &assentv1.EventInput_Refuse{Refuse: &assentv1.Refusal{
			Address: address, Channels: []string{"product-marketing"},
		}}},
		{OccurredTime: at(6), Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: address}, Reason: "EXTERNAL_LIST", Scope: "marketing", List: "ecg",
			Binds: "all", UntilTime: at(950), Justification: "the list says so", Evidence: &assentv1.Evidence{Source: "import"},
		}}},
		{OccurredTime: at(7), Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Domain{Domain: "example.com"}, Reason: "MANUAL", Scope: "channel:newsletter",
		}}},
		{OccurredTime: at(8), Fact: &assentv1.EventInput_Lift{Lift: &assentv1.Lift{
			Target: &assentv1.Lift_Domain{Domain: "example.com"}, Reason: "MANUAL", Scope: "channel:newsletter", Justification: "ok",
		}}},
		{OccurredTime: at(9), Fact: &assentv1.EventInput_Lift{Lift: &assentv1.Lift{
			Target: &assentv1.Lift_Address{Address: address}, Reason: "EXTERNAL_LIST", List: "ecg", Justification: "removed",
		}}},
		{OccurredTime: at(10), Fact: &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{
			Address: address, Justification: "asked for", Evidence: &assentv1.Evidence{Source: "phone"},
		}}},
	}
}

func TestHistory_ShowsEveryFactAsItWasGiven(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	given := facts()
	recorded, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: given, BatchId: requestID})
	if err != nil {
		t.Fatal(err)
	}
	history := assentv1.NewHistoryServiceClient(w.conn)
	var events []*assentv1.Event
	for token := ""; ; {
		page, err := history.SearchHistory(w.as(), &assentv1.SearchHistoryRequest{
			Address: "anna@example.com", PageSize: 3, PageToken: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetEvents()) > 3 {
			t.Fatalf("a page of %d", len(page.GetEvents()))
		}
		events = append(events, page.GetEvents()...)
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if len(events) != len(given) {
		t.Fatalf("%d events, want %d", len(events), len(given))
	}
	for i, event := range events {
		if got := recorded.GetResults()[i]; got.GetError() != nil || got.GetPosition() != event.GetPosition() {
			t.Errorf("event %d: %v at %d", i, got, event.GetPosition())
		}
		want := eventOfInput(given[i])
		want.Position, want.RecordedTime, want.Actor, want.BatchId = event.GetPosition(), event.GetRecordedTime(), "admin", requestID
		want.EvidenceState = assentv1.EvidenceState_EVIDENCE_STATE_HELD
		if want.GetSuppress().GetDomain()+want.GetLift().GetDomain() != "" { // What came with it is not about the person.
			want.Actor, want.BatchId, want.EvidenceState = "", "", assentv1.EvidenceState_EVIDENCE_STATE_WITHHELD
			if lift := want.GetLift(); lift != nil {
				lift.Justification = ""
			}
		}
		if diff := cmp.Diff(want, event, protocmp.Transform(), protocmp.IgnoreFields(&assentv1.Request{}, "expires_time")); diff != "" {
			t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
	if events[0].GetRequest().GetExpiresTime() == nil {
		t.Error("the request does not say when it expires")
	}
}

func eventOfInput(in *assentv1.EventInput) *assentv1.Event {
	e := &assentv1.Event{OccurredTime: in.GetOccurredTime()}
	switch f := in.GetFact().(type) {
	case *assentv1.EventInput_Request:
		e.Fact = &assentv1.Event_Request{Request: f.Request}
	case *assentv1.EventInput_Confirm:
		e.Fact = &assentv1.Event_Confirm{Confirm: f.Confirm}
	case *assentv1.EventInput_Grant:
		e.Fact = &assentv1.Event_Grant{Grant: f.Grant}
	case *assentv1.EventInput_Withdraw:
		e.Fact = &assentv1.Event_Withdraw{Withdraw: f.Withdraw}
	case *assentv1.EventInput_Refuse:
		e.Fact = &assentv1.Event_Refuse{Refuse: f.Refuse}
	case *assentv1.EventInput_Suppress:
		e.Fact = &assentv1.Event_Suppress{Suppress: f.Suppress}
	case *assentv1.EventInput_Lift:
		e.Fact = &assentv1.Event_Lift{Lift: f.Lift}
	case *assentv1.EventInput_Erase:
		e.Fact = &assentv1.Event_Erase{Erase: f.Erase}
	}
	return e
}

func TestOptIn_TokenConfirms_AndOnlyOnce(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	asked, err := client.RequestConsent(w.as(), &assentv1.RequestConsentRequest{
		Address: "anna@example.com", Channel: "newsletter", Evidence: &assentv1.Evidence{Source: "web_form"},
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if asked.GetDecision().GetReason() != "ALLOW_CONFIRMATION" || asked.GetToken() == "" || asked.GetExpiresTime() == nil ||
		len(asked.GetPositions()) != 2 {
		t.Fatalf("got %v", asked)
	}
	w.clock.Advance(time.Minute)
	confirmed, err := client.ConfirmConsent(w.as(), &assentv1.ConfirmConsentRequest{Token: asked.GetToken()})
	if err != nil || confirmed.GetChannel() != "newsletter" || len(confirmed.GetPositions()) != 1 {
		t.Fatalf("got %v, %v", confirmed, err)
	}
	w.clock.Advance(time.Minute)
	if got := reasonFor(t, w, "anna@example.com"); got != "ALLOW_CONSENT" {
		t.Errorf("after the confirmation: %s", got)
	}
	again, err := client.ConfirmConsent(w.as(), &assentv1.ConfirmConsentRequest{Token: asked.GetToken()[:9] + "=\r\n" + asked.GetToken()[9:] + ">"})
	if err != nil || !again.GetDuplicate() || again.GetChannel() != "newsletter" ||
		!slices.Equal(again.GetPositions(), confirmed.GetPositions()) {
		t.Errorf("the token over again, from a wrapped mail: %v, %v", again, err)
	}
	asked, err = client.RequestConsent(w.as(), &assentv1.RequestConsentRequest{
		Address: "anna@example.com", Channel: "newsletter",
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
	})
	if err != nil || len(asked.GetWarnings()) != 1 || asked.GetWarnings()[0].GetCode() != "ALREADY_ALLOWED" {
		t.Errorf("asked again by the one who is confirmed: %v, %v", asked.GetWarnings(), err)
	}
}

func reasonFor(t *testing.T, w *world, address string) string {
	t.Helper()
	response, err := assentv1.NewConsentServiceClient(w.conn).CheckConsent(w.as(), &assentv1.CheckConsentRequest{
		Address: address, Channel: "newsletter",
	})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetDecision().GetReason()
}

func TestKnownAsOf_ReachesEveryCallThatTakesIt(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	if _, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: facts()[:7]}); err != nil {
		t.Fatal(err)
	}
	history, err := assentv1.NewHistoryServiceClient(w.conn).SearchHistory(w.as(), &assentv1.SearchHistoryRequest{Address: "anna@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	recorded := func(position int64) time.Time {
		t.Helper()
		for _, e := range history.GetEvents() {
			if e.GetPosition() == position {
				return e.GetRecordedTime().AsTime()
			}
		}
		t.Fatalf("no event at %d", position)
		return time.Time{}
	}
	one, err := client.CheckConsent(w.as(), &assentv1.CheckConsentRequest{
		Address: "anna@example.com", Channel: "newsletter", KnownAsOf: knownAt(2),
	})
	if d := one.GetDecision(); err != nil || d.GetPosition() != 2 || d.GetForSending() || !d.GetDecidedTime().AsTime().Equal(recorded(2)) {
		t.Errorf("check: %v, %v", d, err)
	}
	asOf := timestamppb.New(start.Add(-time.Hour))
	many, err := client.BatchCheckConsent(w.as(), &assentv1.BatchCheckConsentRequest{
		Addresses: []string{"anna@example.com"}, Channel: "newsletter", AsOf: asOf, KnownAsOf: knownAt(2),
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := many.GetOutcomes()[0].GetDecision(); d.GetPosition() != 2 || d.GetForSending() || !d.GetDecidedTime().AsTime().Equal(asOf.AsTime()) {
		t.Errorf("batch: %v", d)
	}
	found, err := client.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{Address: "anna@example.com", KnownAsOf: knownBy(recorded(5))})
	if err != nil || found.GetPosition() != 8 || found.GetChannels()[0].GetDecision().GetForSending() {
		t.Errorf("look-up by time: %v, %v", found, err)
	}
	found, err = client.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{
		Address: "anna@example.com", AsOf: asOf, KnownAsOf: knownAt(1),
	})
	if err != nil || found.GetPosition() != 1 || len(found.GetSuppressions()) != 0 || len(found.GetChannels()[0].GetGrants()) != 0 {
		t.Errorf("look-up by position: %v, %v", found, err)
	}
	_, err = client.CheckConsent(w.as(), &assentv1.CheckConsentRequest{
		Address: "anna@example.com", Channel: "newsletter", KnownAsOf: knownAt(9),
	})
	if status.Code(err) != codes.OutOfRange || reasonOf(t, err) != "POSITION_UNKNOWN" {
		t.Errorf("beyond the head: %v", err)
	}
}

func TestHistory_FiltersReachTheService(t *testing.T) {
	w := newWorld(t)
	if _, err := assentv1.NewConsentServiceClient(w.conn).BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: facts()}); err != nil {
		t.Fatal(err)
	}
	search := func(in *assentv1.SearchHistoryRequest) []*assentv1.Event {
		t.Helper()
		in.Address = "anna@example.com"
		page, err := assentv1.NewHistoryServiceClient(w.conn).SearchHistory(w.as(), in)
		if err != nil {
			t.Fatal(err)
		}
		return page.GetEvents()
	}
	all := search(&assentv1.SearchHistoryRequest{})
	middle := all[len(all)/2].GetOccurredTime()
	var since, until, grants, newsletter, told int
	for _, e := range all {
		if e.GetOccurredTime().AsTime().Before(middle.AsTime()) {
			until++
		} else {
			since++
		}
		if e.GetGrant() != nil {
			grants++
		}
		if strings.Contains(e.String(), "newsletter") {
			newsletter++
		}
		if e.GetActor() == "admin" {
			told++ // not of those of the domain
		}
	}
	for name, c := range map[string]struct {
		in   *assentv1.SearchHistoryRequest
		want int
	}{
		"since":         {&assentv1.SearchHistoryRequest{OccurredSinceTime: middle}, since},
		"until":         {&assentv1.SearchHistoryRequest{OccurredUntilTime: middle}, until},
		"kinds":         {&assentv1.SearchHistoryRequest{Kinds: []string{"grant"}}, grants},
		"actor":         {&assentv1.SearchHistoryRequest{Actor: "admin"}, told},
		"another actor": {&assentv1.SearchHistoryRequest{Actor: "shop"}, 0},
	} {
		if got := len(search(c.in)); got != c.want || c.want == len(all) {
			t.Errorf("%s: %d of %d events, want %d", name, got, len(all), c.want)
		}
	}
	for _, e := range search(&assentv1.SearchHistoryRequest{Channel: "newsletter"}) {
		if !strings.Contains(e.String(), "newsletter") {
			t.Errorf("does not name the channel: %v", e)
		}
		newsletter--
	}
	if newsletter < 0 || newsletter >= len(all) {
		t.Errorf("%d too many events of the channel", -newsletter)
	}
}

func TestSuppressions_AreRecordedAndLifted(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewSuppressionServiceClient(w.conn)
	m := &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "OBJECTION",
		OccurredTime: timestamppb.New(start.Add(-time.Minute)),
	}
	first, err := client.CreateSuppression(w.as(), m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CreateSuppression(w.as(), m)
	if err != nil || !again.GetDuplicate() || again.GetPositions()[0] != first.GetPositions()[0] {
		t.Errorf("the same fact over again: %v, %v", again, err)
	}
	if got := reasonFor(t, w, "anna@example.com"); got != "OBJECTION" {
		t.Errorf("suppressed: %s", got)
	}
	lift := &assentv1.LiftSuppressionRequest{
		Target: &assentv1.LiftSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "OBJECTION", Justification: "asked to",
	}
	if _, err := client.LiftSuppression(w.as(), lift); err != nil {
		t.Fatal(err)
	}
	if got := reasonFor(t, w, "anna@example.com"); got != "NO_LEGAL_BASIS" {
		t.Errorf("lifted: %s", got)
	}
	w.clock.Advance(time.Minute)
	if _, err := client.LiftSuppression(w.as(), lift); status.Code(err) != codes.NotFound || reasonOf(t, err) != "SUPPRESSION_NOT_FOUND" {
		t.Errorf("nothing to lift: %v", err)
	}
}
