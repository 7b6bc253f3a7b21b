package cli_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// fake is a small server in memory, for tests of what the command line does with a server: it keeps events once each, and decides by the local
// part of the address.
type fake struct {
	assentv1.UnimplementedConsentServiceServer
	assentv1.UnimplementedSuppressionServiceServer
	assentv1.UnimplementedHistoryServiceServer
	assentv1.UnimplementedCatalogServiceServer
	assentv1.UnimplementedClientServiceServer
	assentv1.UnimplementedLedgerServiceServer
	assentv1.UnimplementedRetentionServiceServer
	assentv1.UnimplementedConsumerServiceServer
	assentv1.UnimplementedWebhookServiceServer
	assentv1.UnimplementedSourceServiceServer
	assentv1.UnimplementedSendServiceServer
	assentv1.UnimplementedContactServiceServer
	assentv1.UnimplementedIntakeServiceServer
	fakeCases

	address string
	feed    *fakeFeed

	mu sync.Mutex
	// away is how many calls find the server unavailable.
	away     int
	calls    []proto.Message
	headers  metadata.MD
	deadline bool // the last call had one
	events   []*assentv1.Event
	byKey    map[string]int64
	requests map[string]bool
	document string
	clients  []*assentv1.Client
	claims   []*assentv1.Claim

	consumers []*assentv1.Consumer
	webhooks  []*assentv1.Webhook
	// answer, when set, is asked before anything else.
	answer func(in proto.Message) (proto.Message, error)
}

// startFake starts a server on loopback that ends with the test.
func startFake(t *testing.T) *fake { return startFakeWith(t, nil) }

func startFakeWith(t *testing.T, config *tls.Config) *fake {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{address: listener.Addr().String(), byKey: map[string]int64{}, requests: map[string]bool{}, feed: &fakeFeed{}}
	options := []grpc.ServerOption{grpc.UnaryInterceptor(f.intercept), grpc.MaxRecvMsgSize(32 << 20)}
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	server := grpc.NewServer(options...)
	assentv1.RegisterConsentServiceServer(server, f)
	assentv1.RegisterSuppressionServiceServer(server, f)
	assentv1.RegisterHistoryServiceServer(server, f)
	assentv1.RegisterCatalogServiceServer(server, f)
	assentv1.RegisterClientServiceServer(server, f)
	assentv1.RegisterLedgerServiceServer(server, f)
	assentv1.RegisterRetentionServiceServer(server, f)
	assentv1.RegisterConsumerServiceServer(server, f)
	assentv1.RegisterWebhookServiceServer(server, f)
	assentv1.RegisterSendServiceServer(server, f)
	assentv1.RegisterContactServiceServer(server, f)
	f.registerDesks(server)
	assentv1.RegisterFeedServiceServer(server, f.feed)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		// A test may end before the server has begun.
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("serve: %v", err)
		}
	})
	return f
}

// intercept keeps what was asked and answers for a server that is away.
func (f *fake) intercept(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	message, ok := in.(proto.Message)
	if !ok {
		return nil, status.Error(codes.Internal, "no message")
	}
	f.mu.Lock()
	f.calls = append(f.calls, message)
	f.headers, _ = metadata.FromIncomingContext(ctx)
	_, f.deadline = ctx.Deadline()
	away := f.away > 0
	if away {
		f.away--
	}
	answer := f.answer
	f.mu.Unlock()
	if away {
		return nil, status.Error(codes.Unavailable, "away")
	}
	if answer != nil {
		if out, err := answer(message); out != nil || err != nil {
			return out, err
		}
	}
	return handle(ctx, in)
}

func day(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 10, n, 8, 0, 0, 0, time.UTC))
}

// moments is what the requests share that may ask about the past.
type moments interface {
	GetAsOf() *timestamppb.Timestamp
	GetKnownAsOf() *assentv1.KnownAsOf
}

// decide decides by the local part: deny…, defer… and everything else.
func decide(address string, m moments) (*assentv1.Decision, *assentv1.ItemError) {
	if !strings.Contains(address, "@") {
		return nil, &assentv1.ItemError{Reason: "INVALID_ADDRESS", Message: "an address has one @"}
	}
	d := &assentv1.Decision{
		DecidedTime: day(1), Position: 42, CatalogVersion: 1, ForSending: m.GetAsOf() == nil && m.GetKnownAsOf() == nil,
		SenderIdentity: &assentv1.SenderIdentity{
			Id: "acme-news", FromName: "Acme News", FromAddress: "news@acme.example", ComplaintsTo: "care@acme.example", Department: "news",
		},
	}
	switch {
	case strings.HasPrefix(address, "deny"):
		d.Verdict, d.Reason, d.Reasons = assentv1.Verdict_VERDICT_DENY, "WITHDRAWN", []string{"WITHDRAWN"}
		d.About = assentv1.About_ABOUT_RECIPIENT
		d.Explanation, d.Remedy = "The person left this channel.", "A new consent."
	case strings.HasPrefix(address, "defer"):
		d.Verdict, d.Reason, d.Reasons = assentv1.Verdict_VERDICT_DEFER, "FREQUENCY_LIMIT", []string{"FREQUENCY_LIMIT"}
	default:
		d.Verdict, d.Reason = assentv1.Verdict_VERDICT_ALLOW, "ALLOW_CONSENT"
		d.Reasons = []string{"ALLOW_CONSENT", "CONSENT_EXPIRED"}
		d.LegalBasis, d.GrantPosition = assentv1.LegalBasis_LEGAL_BASIS_CONSENT, 7
		d.Declaration = &assentv1.DeclarationRef{Id: "all-news", Version: "3"}
		d.Obligations = []string{"LIST_UNSUBSCRIBE_ONE_CLICK", "IMPRINT"}
		d.ValidUntilTime = day(2)
		d.Explanation = "The person consented."
	}
	return d, nil
}

func (f *fake) CheckConsent(_ context.Context, in *assentv1.CheckConsentRequest) (*assentv1.CheckConsentResponse, error) {
	d, failed := decide(in.GetAddress(), in)
	if failed != nil {
		return nil, failure(codes.InvalidArgument, failed.GetReason(), failed.GetMessage(), "address: it has no @")
	}
	return &assentv1.CheckConsentResponse{Decision: d, Links: linksOf(in.GetLinks() && d.GetVerdict() == assentv1.Verdict_VERDICT_ALLOW)}, nil
}

// linksOf returns links that are made; nil where they are not wanted.
func linksOf(wanted bool) *assentv1.MessageLinks {
	if !wanted {
		return nil
	}
	return &assentv1.MessageLinks{
		ListUnsubscribe: "<https://consent.example/u/1abc>", ListUnsubscribePost: "List-Unsubscribe=One-Click",
		PageUrl: "https://consent.example/u/1abc", Token: "1abc", ReturnPath: "bounce+1.xyz@mail.example",
	}
}

func (f *fake) BatchCheckConsent(_ context.Context, in *assentv1.BatchCheckConsentRequest) (*assentv1.BatchCheckConsentResponse, error) {
	if len(in.GetAddresses()) > 10_000 {
		return nil, failure(codes.InvalidArgument, "INVALID_REQUEST", "too many")
	}
	out := &assentv1.BatchCheckConsentResponse{}
	index := map[string]uint32{}
	for _, address := range in.GetAddresses() {
		d, failed := decide(address, in)
		key := d.GetReason() + failed.GetReason()
		at, known := index[key]
		if !known {
			at = uint32(len(out.Outcomes))
			index[key] = at
			o := &assentv1.BatchOutcome{Outcome: &assentv1.BatchOutcome_Decision{Decision: d}}
			if failed != nil {
				o.Outcome = &assentv1.BatchOutcome_Error{Error: failed}
			}
			out.Outcomes = append(out.Outcomes, o)
		}
		out.OutcomeIndexes = append(out.OutcomeIndexes, at)
		out.GrantPositions = append(out.GrantPositions, d.GetGrantPosition())
		out.ValidUntilSeconds = append(out.ValidUntilSeconds, d.GetValidUntilTime().GetSeconds())
		out.BasisEndSeconds = append(out.BasisEndSeconds, endOf(address, d))
		if in.GetLinks() {
			out.Links = append(out.Links, cmp.Or(linksOf(d.GetReason() == "ALLOW_CONSENT" && !strings.HasPrefix(address, "nolinks")), &assentv1.MessageLinks{}))
		}
	}
	return out, nil
}

// endOf returns when the grant of an address ends: of ending10@… ten days after the decision.
func endOf(address string, d *assentv1.Decision) int64 {
	var days int
	if _, err := fmt.Sscanf(address, "ending%d@", &days); err != nil {
		return 0
	}
	return d.GetDecidedTime().AsTime().AddDate(0, 0, days).Unix()
}

// record keeps an event once.
func (f *fake) record(event *assentv1.Event) (position int64, duplicate bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key, err := proto.MarshalOptions{Deterministic: true}.Marshal(event)
	if err != nil {
		return 0, false
	}
	if position, ok := f.byKey[string(key)]; ok {
		return position, true
	}
	position = int64(len(f.events) + 1)
	f.byKey[string(key)] = position
	event.Position = position
	f.events = append(f.events, event)
	return position, false
}

func (f *fake) GrantConsent(_ context.Context, in *assentv1.GrantConsentRequest) (*assentv1.GrantConsentResponse, error) {
	position, duplicate := f.record(&assentv1.Event{OccurredTime: in.GetOccurredTime(), Fact: &assentv1.Event_Grant{Grant: &assentv1.Grant{
		Address: in.GetAddress(), Channels: in.GetChannels(), LegalBasis: in.GetLegalBasis(), Declaration: in.GetDeclaration(),
		Evidence: in.GetEvidence(), ExpiresTime: in.GetExpiresTime(),
	}}})
	return &assentv1.GrantConsentResponse{Positions: []int64{position}, Duplicate: duplicate}, nil
}

func (f *fake) WithdrawConsent(_ context.Context, in *assentv1.WithdrawConsentRequest) (*assentv1.WithdrawConsentResponse, error) {
	if slices.Contains(in.GetChannels(), "order-updates") {
		return nil, failure(codes.FailedPrecondition, "NOT_REFUSABLE", "order-updates cannot be refused")
	}
	position, duplicate := f.record(&assentv1.Event{OccurredTime: in.GetOccurredTime(), Fact: &assentv1.Event_Withdraw{Withdraw: &assentv1.Refusal{
		Address: in.GetAddress(), Channels: in.GetChannels(), AllMarketing: in.GetAllMarketing(), Evidence: in.GetEvidence(),
	}}})
	answer := &assentv1.WithdrawConsentResponse{Positions: []int64{position}, Duplicate: duplicate}
	if strings.HasPrefix(in.GetAddress(), "late") {
		answer.Warnings = []*assentv1.Warning{{Code: "EVIDENCE_SHORTENED", Field: "evidence.note", Description: "the text is longer"}}
		answer.StillAllowed = []*assentv1.StillAllowed{{Channel: "newsletter", Reason: "ALLOW_CONSENT", Position: 7}}
	}
	return answer, nil
}

func (f *fake) RequestConsent(_ context.Context, in *assentv1.RequestConsentRequest) (*assentv1.RequestConsentResponse, error) {
	if strings.HasPrefix(in.GetAddress(), "deny") {
		return &assentv1.RequestConsentResponse{Decision: &assentv1.Decision{
			Verdict: assentv1.Verdict_VERDICT_DENY, Reason: "CONFIRMATION_LIMIT", DecidedTime: day(1),
		}}, nil
	}
	return &assentv1.RequestConsentResponse{
		Decision: &assentv1.Decision{Verdict: assentv1.Verdict_VERDICT_ALLOW, Reason: "ALLOW_CONFIRMATION", DecidedTime: day(1), ForSending: true},
		Token:    "token-of-" + in.GetChannel(), ExpiresTime: day(3), Positions: []int64{1, 2},
	}, nil
}

func (f *fake) ConfirmConsent(_ context.Context, in *assentv1.ConfirmConsentRequest) (*assentv1.ConfirmConsentResponse, error) {
	channel, ok := strings.CutPrefix(in.GetToken(), "token-of-")
	if !ok {
		return nil, failure(codes.InvalidArgument, "INVALID_TOKEN", "this is no token")
	}
	return &assentv1.ConfirmConsentResponse{Positions: []int64{3}, Channel: channel}, nil
}

func (f *fake) BatchRecordEvents(_ context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error) {
	f.mu.Lock()
	replayed := f.requests[in.GetRequestId()]
	f.requests[in.GetRequestId()] = true
	f.mu.Unlock()
	if replayed {
		return nil, failure(codes.AlreadyExists, "REQUEST_ID_REUSED", "the request id was used before")
	}
	out := &assentv1.BatchRecordEventsResponse{}
	for _, event := range in.GetEvents() {
		out.Results = append(out.Results, f.recordInput(event, in.GetValidateOnly()))
	}
	return out, nil
}

func (f *fake) recordInput(in *assentv1.EventInput, dry bool) *assentv1.RecordResult {
	event := &assentv1.Event{OccurredTime: in.GetOccurredTime()}
	switch fact := in.GetFact().(type) {
	case *assentv1.EventInput_Grant:
		switch {
		case slices.Contains(fact.Grant.GetChannels(), "nowhere"):
			return &assentv1.RecordResult{Error: &assentv1.ItemError{Reason: "UNKNOWN_CHANNEL", Message: "there is no channel nowhere"}}
		case strings.HasPrefix(fact.Grant.GetAddress(), "erased"):
			return &assentv1.RecordResult{Error: &assentv1.ItemError{Reason: "ERASED_BEFORE", Message: "the address was erased since"}}
		}
		event.Fact = &assentv1.Event_Grant{Grant: fact.Grant}
	case *assentv1.EventInput_Withdraw:
		event.Fact = &assentv1.Event_Withdraw{Withdraw: fact.Withdraw}
	case *assentv1.EventInput_Refuse:
		event.Fact = &assentv1.Event_Refuse{Refuse: fact.Refuse}
	case *assentv1.EventInput_Request:
		event.Fact = &assentv1.Event_Request{Request: fact.Request}
	case *assentv1.EventInput_Confirm:
		event.Fact = &assentv1.Event_Confirm{Confirm: fact.Confirm}
	case *assentv1.EventInput_Suppress:
		event.Fact = &assentv1.Event_Suppress{Suppress: fact.Suppress}
	case *assentv1.EventInput_Lift:
		event.Fact = &assentv1.Event_Lift{Lift: fact.Lift}
	case *assentv1.EventInput_Erase:
		event.Fact = &assentv1.Event_Erase{Erase: fact.Erase}
	}
	if dry {
		return &assentv1.RecordResult{}
	}
	position, duplicate := f.record(event)
	return &assentv1.RecordResult{Position: position, Duplicate: duplicate}
}

func (f *fake) LookupRecipient(_ context.Context, in *assentv1.LookupRecipientRequest) (*assentv1.LookupRecipientResponse, error) {
	d, _ := decide(in.GetAddress(), in)
	return &assentv1.LookupRecipientResponse{
		Channels: []*assentv1.ChannelState{
			{Channel: "newsletter", Decision: d, RefusedTime: day(1), Grants: []*assentv1.ActiveGrant{{Position: 7}}},
			{Channel: "product-marketing", Decision: d, PendingUntilTime: day(3)},
		},
		Suppressions: []*assentv1.ActiveSuppression{
			{Position: 9, Reason: "EXTERNAL_LIST", Scope: "marketing", Domain: "firma.example", List: "ecg", SinceTime: day(1)},
			{Position: 10, Reason: "OBJECTION", Scope: "marketing", SinceTime: day(2)},
			{Position: 11, Reason: "OBJECTION", Scope: "marketing", SinceTime: day(2), Linked: true},
			{Position: 12, Reason: "COMPLAINT", Scope: "marketing", SinceTime: day(2), OtherSpelling: true},
		},
	}, nil
}

func (f *fake) CreateSuppression(_ context.Context, in *assentv1.CreateSuppressionRequest) (*assentv1.CreateSuppressionResponse, error) {
	fact := &assentv1.Suppression{
		Reason: in.GetReason(), Scope: in.GetScope(), UntilTime: in.GetUntilTime(), List: in.GetList(), Binds: in.GetBinds(),
		Justification: in.GetJustification(), Evidence: in.GetEvidence(), Target: &assentv1.Suppression_Address{Address: in.GetAddress()},
	}
	if in.GetDomain() != "" {
		fact.Target = &assentv1.Suppression_Domain{Domain: in.GetDomain()}
	}
	position, duplicate := f.record(&assentv1.Event{OccurredTime: in.GetOccurredTime(), Fact: &assentv1.Event_Suppress{Suppress: fact}})
	return &assentv1.CreateSuppressionResponse{Positions: []int64{position}, Duplicate: duplicate}, nil
}

func (f *fake) LiftSuppression(_ context.Context, in *assentv1.LiftSuppressionRequest) (*assentv1.LiftSuppressionResponse, error) {
	fact := &assentv1.Lift{
		Reason: in.GetReason(), Scope: in.GetScope(), List: in.GetList(), Justification: in.GetJustification(),
		Target: &assentv1.Lift_Address{Address: in.GetAddress()},
	}
	if in.GetDomain() != "" {
		fact.Target = &assentv1.Lift_Domain{Domain: in.GetDomain()}
	}
	position, _ := f.record(&assentv1.Event{OccurredTime: in.GetOccurredTime(), Fact: &assentv1.Event_Lift{Lift: fact}})
	return &assentv1.LiftSuppressionResponse{Positions: []int64{position}}, nil
}

// SearchHistory returns all events of all addresses, two to a page.
func (f *fake) SearchHistory(_ context.Context, in *assentv1.SearchHistoryRequest) (*assentv1.SearchHistoryResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if token := in.GetPageToken(); token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil {
			return nil, failure(codes.InvalidArgument, "INVALID_PAGE_TOKEN", "no token")
		}
	}
	to := min(from+2, len(f.events))
	out := &assentv1.SearchHistoryResponse{Events: f.events[from:to]}
	if to < len(f.events) {
		out.NextPageToken = fmt.Sprint(to)
	}
	return out, nil
}

func (f *fake) EraseRecipient(_ context.Context, in *assentv1.EraseRecipientRequest) (*assentv1.EraseRecipientResponse, error) {
	if strings.HasPrefix(in.GetAddress(), "held") {
		return nil, failure(codes.FailedPrecondition, "LEGAL_HOLD", "address: the address is under a legal hold")
	}
	position, duplicate := f.record(&assentv1.Event{OccurredTime: in.GetOccurredTime(), Fact: &assentv1.Event_Erase{Erase: &assentv1.Erasure{
		Address: in.GetAddress(), Justification: in.GetJustification(),
	}}})
	erased := int64(3)
	if duplicate {
		erased = 0
	}
	if strings.HasPrefix(in.GetAddress(), "foreign") { // as to a client of one department
		return &assentv1.EraseRecipientResponse{Positions: []int64{position}}, nil
	}
	answer := &assentv1.EraseRecipientResponse{Positions: []int64{position}, Duplicate: duplicate, EventsErased: &erased}
	if strings.HasPrefix(in.GetAddress(), "told") {
		answer.Recipients = &assentv1.ErasureRecipients{
			Clients: []*assentv1.RecipientClient{
				{Client: "mail-tool", Department: "sales", Name: "Versand AG", Role: "processor", Country: "AT", PostalAddress: "Gasse 1, 1010 Wien"},
				{Client: "shop"},
			},
			Controllers: []*assentv1.RecipientController{{Controller: "acme", Name: "Acme GmbH", PrivacyContact: "dpo@acme.example"}},
		}
	}
	return answer, nil
}

func (f *fake) MoveRecipient(context.Context, *assentv1.MoveRecipientRequest) (*assentv1.MoveRecipientResponse, error) {
	return &assentv1.MoveRecipientResponse{Positions: []int64{5, 6, 7}}, nil
}

// VoidEvents leaves out position 3, and two events of any batch.
func (f *fake) VoidEvents(_ context.Context, in *assentv1.VoidEventsRequest) (*assentv1.VoidEventsResponse, error) {
	switch {
	case in.GetBatchId() != "":
		return &assentv1.VoidEventsResponse{Events: 2, Subjects: 1}, nil
	case in.GetPosition() == 3:
		return &assentv1.VoidEventsResponse{Events: 1, Subjects: 1}, nil
	default:
		return &assentv1.VoidEventsResponse{}, nil
	}
}

func (f *fake) PlaceLegalHold(context.Context, *assentv1.PlaceLegalHoldRequest) (*assentv1.PlaceLegalHoldResponse, error) {
	return &assentv1.PlaceLegalHoldResponse{Positions: []int64{8}}, nil
}

func (f *fake) ReleaseLegalHold(context.Context, *assentv1.ReleaseLegalHoldRequest) (*assentv1.ReleaseLegalHoldResponse, error) {
	return nil, failure(codes.FailedPrecondition, "NOT_HELD", "address: the address is not under a legal hold; nothing was recorded")
}

// ListErasedReturns gives two, one to a page.
func (f *fake) ListErasedReturns(_ context.Context, in *assentv1.ListErasedReturnsRequest) (*assentv1.ListErasedReturnsResponse, error) {
	if in.GetSinceTime() != nil {
		return &assentv1.ListErasedReturnsResponse{}, nil
	}
	if in.GetPageToken() == "" {
		return &assentv1.ListErasedReturnsResponse{NextPageToken: "2", Returns: []*assentv1.ErasedReturn{
			{Day: "2026-10-01", Client: "shop", Department: "sales", Person: "0f", Count: 12},
		}}, nil
	}
	return &assentv1.ListErasedReturnsResponse{Returns: []*assentv1.ErasedReturn{
		{Day: "2026-10-02", Client: "crm", Person: "ab", Count: 1},
	}}, nil
}

// ListClaims gives one claim to a page.
func (f *fake) ListClaims(_ context.Context, in *assentv1.ListClaimsRequest) (*assentv1.ListClaimsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := &assentv1.ListClaimsResponse{}
	for i, c := range f.claims {
		if in.GetClaimId() != "" && in.GetClaimId() != c.GetClaimId() || in.GetPageToken() > c.GetClaimId() {
			continue
		}
		answer.Claims = append(answer.Claims, c)
		if in.GetClaimId() == "" && i+1 < len(f.claims) {
			answer.NextPageToken = f.claims[i+1].GetClaimId()
		}
		break
	}
	return answer, nil
}
