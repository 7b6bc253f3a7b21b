package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
)

const requestID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

// wrong is a call with something wrong, and what is said of it.
type wrong struct {
	method string
	in     proto.Message
	reason string
	field  string // the first violation
}

func grant(change func(*assentv1.GrantConsentRequest)) *assentv1.GrantConsentRequest {
	m := &assentv1.GrantConsentRequest{
		Address: "anna@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form"},
	}
	change(m)
	return m
}

func knownAt(position int64) *assentv1.KnownAsOf {
	return &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Position{Position: position}}
}

func knownBy(t time.Time) *assentv1.KnownAsOf {
	return &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Time{Time: timestamppb.New(t)}}
}

func wrongs() map[string]wrong {
	const (
		checkOne  = "ConsentService/CheckConsent"
		grantOne  = "ConsentService/GrantConsent"
		withdraw  = "ConsentService/WithdrawConsent"
		suppress  = "SuppressionService/CreateSuppression"
		lift      = "SuppressionService/LiftSuppression"
		confirm   = "ConsentService/ConfirmConsent"
		histories = "HistoryService/SearchHistory"
		clients   = "ClientService/CreateClient"
	)
	type check = assentv1.CheckConsentRequest
	type given = assentv1.GrantConsentRequest
	before1970 := timestamppb.New(time.Unix(0, 0))
	return map[string]wrong{
		"no address":         {checkOne, &check{Channel: "newsletter"}, "INVALID_REQUEST", "address"},
		"no such address":    {checkOne, &check{Address: "anna", Channel: "newsletter"}, "INVALID_ADDRESS", "address"},
		"control characters": {checkOne, &check{Address: "an\x00na@example.com", Channel: "newsletter"}, "INVALID_ADDRESS", "address"},
		"address too long": {
			checkOne, &check{Address: strings.Repeat("a", 300) + "@example.com", Channel: "newsletter"},
			"INVALID_ADDRESS", "address",
		},
		"no channel":       {checkOne, &check{Address: "anna@example.com"}, "INVALID_REQUEST", "channel"},
		"channel too long": {checkOne, &check{Address: "anna@example.com", Channel: strings.Repeat("c", 65)}, "INVALID_REQUEST", "channel"},
		"unknown channel":  {checkOne, &check{Address: "anna@example.com", Channel: "news"}, "UNKNOWN_CHANNEL", "channel"},
		"as of the future": {checkOne, &check{
			Address: "anna@example.com", Channel: "newsletter", AsOf: timestamppb.New(start.Add(time.Hour)),
		}, "TIME_IN_FUTURE", "asOf"},
		"as of 1970": {checkOne, &check{Address: "anna@example.com", Channel: "newsletter", AsOf: before1970}, "INVALID_TIME", "asOf"},
		"known as of nothing": {checkOne, &check{
			Address: "anna@example.com", Channel: "newsletter", KnownAsOf: &assentv1.KnownAsOf{},
		}, "INVALID_REQUEST", "knownAsOf.until"},
		"known at position 0": {checkOne, &check{
			Address: "anna@example.com", Channel: "newsletter", KnownAsOf: knownAt(0),
		}, "INVALID_REQUEST", "knownAsOf.position"},
		"known as of 1970": {checkOne, &check{
			Address: "anna@example.com", Channel: "newsletter", KnownAsOf: knownBy(time.Unix(0, 0)),
		}, "INVALID_TIME", "knownAsOf.time"},
		"known as of the future": {"ConsentService/LookupRecipient", &assentv1.LookupRecipientRequest{
			Address: "anna@example.com", KnownAsOf: knownBy(start.Add(time.Hour)),
		}, "TIME_IN_FUTURE", "knownAsOf.time"},
		"looked at in the future": {"ConsentService/LookupRecipient", &assentv1.LookupRecipientRequest{
			Address: "anna@example.com", AsOf: timestamppb.New(start.Add(time.Hour)),
		}, "TIME_IN_FUTURE", "asOf"},
		"history of no such kind": {
			histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", Kinds: []string{"grant", "catalog"}},
			"INVALID_REQUEST", "kinds[1]",
		},
		"history since 1970": {
			histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", OccurredSinceTime: before1970},
			"INVALID_TIME", "occurredSinceTime",
		},
		"history until 1970": {
			histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", OccurredUntilTime: before1970},
			"INVALID_TIME", "occurredUntilTime",
		},
		"history of no time": {
			histories, &assentv1.SearchHistoryRequest{
				Address: "anna@example.com", OccurredSinceTime: timestamppb.New(start), OccurredUntilTime: timestamppb.New(start),
			},
			"INVALID_TIME", "occurredUntilTime",
		},
		"history of no such channel": {
			histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", Channel: "newsleter"}, "UNKNOWN_CHANNEL", "channel",
		},
		"reference too long": {checkOne, &check{
			Address: "anna@example.com", Channel: "newsletter", Reference: strings.Repeat("r", 257),
		}, "INVALID_REQUEST", "reference"},

		"no legal basis": {grantOne, grant(func(m *given) { m.LegalBasis = 0 }), "INVALID_REQUEST", "legalBasis"},
		"unknown basis":  {grantOne, grant(func(m *given) { m.LegalBasis = 99 }), "INVALID_REQUEST", "legalBasis"},
		"no channels":    {grantOne, grant(func(m *given) { m.Channels = nil }), "INVALID_REQUEST", "channels"},
		"an empty channel": {
			grantOne, grant(func(m *given) { m.Channels = []string{"newsletter", ""} }),
			"INVALID_REQUEST", "channels[1]",
		},
		"101 channels": {
			grantOne, grant(func(m *given) { m.Channels = slices.Repeat([]string{"newsletter"}, 101) }),
			"INVALID_REQUEST", "channels",
		},
		"unknown declaration": {grantOne, grant(func(m *given) { m.Declaration.Version = "1999" }), "UNKNOWN_DECLARATION", "declaration"},
		"half a declaration":  {grantOne, grant(func(m *given) { m.Declaration.Version = "" }), "INVALID_REQUEST", "declaration.version"},
		"expires in 1969": {
			grantOne, grant(func(m *given) { m.ExpiresTime = timestamppb.New(time.Unix(-1, 0)) }),
			"INVALID_TIME", "expiresTime",
		},
		"expires at 1970":    {grantOne, grant(func(m *given) { m.ExpiresTime = before1970 }), "INVALID_TIME", "expiresTime"},
		"expires just after": {grantOne, grant(func(m *given) { m.ExpiresTime = &timestamppb.Timestamp{Nanos: 999} }), "INVALID_TIME", "expiresTime"},
		"expires at no time": {grantOne, grant(func(m *given) { m.ExpiresTime = &timestamppb.Timestamp{Nanos: -1} }), "INVALID_TIME", "expiresTime"},
		"expires in year 10000": {
			grantOne, grant(func(m *given) { m.ExpiresTime = &timestamppb.Timestamp{Seconds: 253402300800} }),
			"INVALID_TIME", "expiresTime",
		},
		"confirmed at 1970": {
			grantOne, grant(func(m *given) { m.Evidence.ConfirmedTime = before1970 }),
			"INVALID_TIME", "evidence.confirmedTime",
		},
		"occurred at 1970": {grantOne, grant(func(m *given) { m.OccurredTime = before1970 }), "INVALID_TIME", "occurredTime"},
		"occurred in an hour": {
			grantOne, grant(func(m *given) { m.OccurredTime = timestamppb.New(start.Add(time.Hour)) }),
			"TIME_IN_FUTURE", "occurredTime",
		},
		"unknown source": {grantOne, grant(func(m *given) { m.Evidence.Source = "fax" }), "INVALID_EVIDENCE", "evidence.source"},
		"user agent too long": {
			grantOne, grant(func(m *given) { m.Evidence.UserAgent = strings.Repeat("u", 1025) }),
			"INVALID_EVIDENCE", "evidence.userAgent",
		},
		"a bell in the note": {grantOne, grant(func(m *given) { m.Evidence.Note = "ring\a" }), "INVALID_EVIDENCE", "evidence.note"},
		"33 goods": {
			grantOne, grant(func(m *given) { m.Evidence.Goods = slices.Repeat([]string{"coffee"}, 33) }),
			"INVALID_EVIDENCE", "evidence.goods",
		},
		"no UUID":       {grantOne, grant(func(m *given) { m.RequestId = "1" }), "INVALID_REQUEST", "requestId"},
		"UUID of zeros": {grantOne, grant(func(m *given) { m.RequestId = "00000000-0000-0000-0000-000000000000" }), "INVALID_REQUEST", "requestId"},

		"nothing to withdraw": {withdraw, &assentv1.WithdrawConsentRequest{Address: "anna@example.com"}, "INVALID_EVENT", "channels"},
		"channels and all": {withdraw, &assentv1.WithdrawConsentRequest{
			Address: "anna@example.com", Channels: []string{"newsletter"}, AllMarketing: true,
		}, "INVALID_EVENT", "channels"},
		"never granted and all": {withdraw, &assentv1.WithdrawConsentRequest{
			Address: "anna@example.com", NeverGranted: true, AllMarketing: true,
		}, "INVALID_REQUEST", "neverGranted"},

		"neither address nor domain": {suppress, &assentv1.CreateSuppressionRequest{Reason: "MANUAL", Scope: "all"}, "INVALID_REQUEST", "target"},
		"empty domain": {suppress, &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Domain{}, Reason: "MANUAL", Scope: "all",
		}, "INVALID_DOMAIN", "domain"},
		"public suffix": {suppress, &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Domain{Domain: "com"}, Reason: "MANUAL", Scope: "all",
		}, "INVALID_DOMAIN", "domain"},
		"no reason": {suppress, &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"},
		}, "INVALID_REQUEST", "reason"},
		"unknown reason": {suppress, &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "BORED",
		}, "INVALID_SUPPRESSION", "reason"},
		"until 1970": {suppress, &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "OBJECTION", UntilTime: before1970,
		}, "INVALID_TIME", "untilTime"},
		"lift without why": {lift, &assentv1.LiftSuppressionRequest{
			Target: &assentv1.LiftSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "OBJECTION",
		}, "INVALID_REQUEST", "justification"},

		"made-up token":  {confirm, &assentv1.ConfirmConsentRequest{Token: "1abc"}, "INVALID_TOKEN", "token"},
		"page too large": {histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", PageSize: 1001}, "INVALID_REQUEST", "pageSize"},
		"page below 0":   {histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", PageSize: -1}, "INVALID_REQUEST", "pageSize"},
		"made-up page": {
			histories, &assentv1.SearchHistoryRequest{Address: "anna@example.com", PageToken: "x"},
			"INVALID_PAGE_TOKEN", "pageToken",
		},
		"made-up page of disclosures": {
			"HistoryService/ListDisclosures", &assentv1.ListDisclosuresRequest{Address: "anna@example.com", PageToken: "x"},
			"INVALID_PAGE_TOKEN", "pageToken",
		},
		"disclosures of no address": {
			"HistoryService/ListDisclosures", &assentv1.ListDisclosuresRequest{Address: "anna"}, "INVALID_ADDRESS", "address",
		},
		"erase no address": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{Address: "anna"}, "INVALID_ADDRESS", "address",
		},
		"erase tomorrow": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{
				Address: "anna@example.com", OccurredTime: timestamppb.New(start.AddDate(0, 0, 1)),
			}, "TIME_IN_FUTURE", "occurredTime",
		},
		"erase in 1970": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{Address: "anna@example.com", OccurredTime: before1970},
			"INVALID_TIME", "occurredTime",
		},
		"erase for an address": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{
				Address: "anna@example.com", Justification: "anna@example.com wrote to us",
			}, "INVALID_EVIDENCE", "justification",
		},
		"erased by an address": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{Address: "anna@example.com", Operator: "bob@example.com"},
			"INVALID_EVIDENCE", "operator",
		},
		"erase without UUID": {
			"HistoryService/EraseRecipient", &assentv1.EraseRecipientRequest{Address: "anna@example.com", RequestId: "1"},
			"INVALID_REQUEST", "requestId",
		},
		"move without why": {
			"HistoryService/MoveRecipient", &assentv1.MoveRecipientRequest{Address: "anna@example.com", NewAddress: "b@example.com"},
			"INVALID_REQUEST", "justification",
		},
		"move to nowhere": {
			"HistoryService/MoveRecipient", &assentv1.MoveRecipientRequest{Address: "anna@example.com", Justification: "x"},
			"INVALID_REQUEST", "newAddress",
		},
		"move within a mailbox": {
			"HistoryService/MoveRecipient", &assentv1.MoveRecipientRequest{
				Address: "anna@example.com", NewAddress: "Anna@Example.com", Justification: "x",
			}, "INVALID_REQUEST", "newAddress",
		},
		"void of nothing": {
			"HistoryService/VoidEvents", &assentv1.VoidEventsRequest{Justification: "x"}, "INVALID_REQUEST", "leftOut",
		},
		"void of position 0": {
			"HistoryService/VoidEvents", &assentv1.VoidEventsRequest{
				LeftOut: &assentv1.VoidEventsRequest_Position{}, Justification: "x",
			}, "INVALID_REQUEST", "position",
		},
		"void of no batch": {
			"HistoryService/VoidEvents", &assentv1.VoidEventsRequest{
				LeftOut: &assentv1.VoidEventsRequest_BatchId{BatchId: "x"}, Justification: "x",
			}, "INVALID_REQUEST", "batchId",
		},
		"hold without why": {
			"HistoryService/PlaceLegalHold", &assentv1.PlaceLegalHoldRequest{Address: "anna@example.com"},
			"INVALID_REQUEST", "justification",
		},
		"hold of spaces": {
			"HistoryService/PlaceLegalHold", &assentv1.PlaceLegalHoldRequest{Address: "anna@example.com", Justification: " "},
			"INVALID_EVIDENCE", "justification",
		},
		"hold with a bell": {
			"HistoryService/PlaceLegalHold", &assentv1.PlaceLegalHoldRequest{Address: "anna@example.com", Justification: "ring\a"},
			"INVALID_EVIDENCE", "justification",
		},
		"hold no address": {
			"HistoryService/PlaceLegalHold", &assentv1.PlaceLegalHoldRequest{Justification: "x"}, "INVALID_REQUEST", "address",
		},
		"release for an address": {
			"HistoryService/ReleaseLegalHold", &assentv1.ReleaseLegalHoldRequest{
				Address: "anna@example.com", Justification: "anna@example.com",
			}, "INVALID_EVIDENCE", "justification",
		},
		"returns since 1970": {
			"HistoryService/ListErasedReturns", &assentv1.ListErasedReturnsRequest{SinceTime: before1970}, "INVALID_TIME", "sinceTime",
		},
		"returns, too many": {
			"HistoryService/ListErasedReturns", &assentv1.ListErasedReturnsRequest{PageSize: 1001}, "INVALID_REQUEST", "pageSize",
		},
		"claims, by no id": {
			"HistoryService/ListClaims", &assentv1.ListClaimsRequest{ClaimId: "0g"}, "INVALID_REQUEST", "claimId",
		},
		"client id": {clients, &assentv1.CreateClientRequest{Id: "Ä", Role: "admin", AllDepartments: true}, "INVALID_REQUEST", "id"},
		"catalog":   {"CatalogService/ApplyCatalog", &assentv1.ApplyCatalogRequest{Document: "controllers: 1\n"}, "INVALID_CATALOG", "document"},
	}
}

func TestInput_WhatIsWrong_IsNamedWithItsField(t *testing.T) {
	w := newWorld(t)
	for name, test := range wrongs() {
		t.Run(name, func(t *testing.T) {
			err := w.conn.Invoke(w.as(), "/assent.v1."+test.method, test.in, &assentv1.CheckConsentResponse{})
			if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != test.reason {
				t.Fatalf("got %v (%s), want %s", err, reasonOf(t, err), test.reason)
			}
			if got := fieldsOf(err); len(got) == 0 || got[0] != test.field {
				t.Errorf("got violations of %v, want %s", got, test.field)
			}
			if strings.Contains(err.Error(), "example.com") {
				t.Errorf("the text repeats an address: %v", err)
			}
		})
	}
	if err := callCheck(w.as(), w.conn); err != nil {
		t.Errorf("afterwards a right call fails: %v", err)
	}
}

func TestInput_TextsSayWhatWouldBeRight(t *testing.T) {
	w := newWorld(t)
	bases := "LEGAL_BASIS_CONSENT, LEGAL_BASIS_EXISTING_CUSTOMER, LEGAL_BASIS_TERMS, LEGAL_BASIS_CONTRACT, LEGAL_BASIS_LEGAL_OBLIGATION"
	client := func(id string) *assentv1.CreateClientRequest {
		return &assentv1.CreateClientRequest{Id: id, Role: "admin", AllDepartments: true}
	}
	anID := "id: an id is 1 to 64 lower-case letters, digits, '-', '_' and '.', and begins with a letter or a digit"
	for name, test := range map[string]struct {
		method string
		in     proto.Message
		want   string
	}{
		"no channel": {
			"ConsentService/CheckConsent", &assentv1.CheckConsentRequest{Address: "anna@example.com"},
			"channel: it is missing",
		},
		"no channels": {
			"ConsentService/GrantConsent", grant(func(m *assentv1.GrantConsentRequest) { m.Channels = nil }),
			"channels: it is missing",
		},
		"an empty channel": {
			"ConsentService/GrantConsent", grant(func(m *assentv1.GrantConsentRequest) { m.Channels[0] = "" }),
			"channels[0]: it is missing",
		},
		"no basis": {
			"ConsentService/GrantConsent", grant(func(m *assentv1.GrantConsentRequest) { m.LegalBasis = 0 }),
			"legalBasis: it must be one of " + bases,
		},
		"unknown basis": {
			"ConsentService/GrantConsent", grant(func(m *assentv1.GrantConsentRequest) { m.LegalBasis = 99 }),
			"legalBasis: it must be one of " + bases,
		},
		"too long": {
			"ConsentService/CheckConsent", &assentv1.CheckConsentRequest{Address: "anna@example.com", Channel: strings.Repeat("c", 65)},
			"channel: must be at most 64 bytes",
		},
		"no client id":        {"ClientService/CreateClient", client(""), "id: it is missing"},
		"capital in the id":   {"ClientService/CreateClient", client("Shop"), anID},
		"id that begins with": {"ClientService/CreateClient", client("-shop"), anID},
		"id of two lines":     {"ClientService/CreateClient", client("shop\n"), anID},
		"id to revoke":        {"ClientService/RevokeClient", &assentv1.RevokeClientRequest{}, "id: it is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.conn.Invoke(w.as(), "/assent.v1."+test.method, test.in, &assentv1.CheckConsentResponse{})
			if got := status.Convert(err).Message(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestInput_SeveralProblems_AreAllTold(t *testing.T) {
	w := newWorld(t)
	err := w.conn.Invoke(w.as(), assentv1.ConsentService_CheckConsent_FullMethodName, &assentv1.CheckConsentRequest{
		Reference: strings.Repeat("r", 257), SenderIdentity: strings.Repeat("s", 65),
	}, &assentv1.CheckConsentResponse{})
	if diff := cmp.Diff([]string{"address", "channel", "senderIdentity", "reference"}, fieldsOf(err)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestInput_10001Items_AreRefused(t *testing.T) {
	w := newWorld(t)
	addresses := slices.Repeat([]string{"anna@example.com"}, 10_001)
	_, err := assentv1.NewConsentServiceClient(w.conn).BatchCheckConsent(w.as(), &assentv1.BatchCheckConsentRequest{
		Addresses: addresses, Channel: "newsletter",
	})
	if status.Code(err) != codes.InvalidArgument || !cmp.Equal(fieldsOf(err), []string{"addresses"}) {
		t.Errorf("addresses: got %v", err)
	}
	events := slices.Repeat([]*assentv1.EventInput{{}}, 10_001)
	_, err = assentv1.NewConsentServiceClient(w.conn).BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: events})
	if status.Code(err) != codes.InvalidArgument || !cmp.Equal(fieldsOf(err), []string{"events"}) {
		t.Errorf("events: got %v", err)
	}
	_, err = assentv1.NewConsentServiceClient(w.conn).BatchCheckConsent(w.as(), &assentv1.BatchCheckConsentRequest{Channel: "newsletter"})
	if status.Code(err) != codes.InvalidArgument || !cmp.Equal(fieldsOf(err), []string{"addresses"}) {
		t.Errorf("no address: got %v", err)
	}
}

func TestInput_MessageOverTheLimit_IsRefused(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	long := strings.Repeat("a", rpc.DefaultMessage)
	_, err := client.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{Address: long})
	if status.Code(err) != codes.ResourceExhausted || reasonOf(t, err) != "TOO_LARGE" {
		t.Errorf("a call over 4 MiB: %v", err)
	}
	// A batch may have more than that, but not more than gRPC takes at all.
	batch := &assentv1.BatchCheckConsentRequest{Addresses: slices.Repeat([]string{strings.Repeat("a", 1000)}, 5000), Channel: "newsletter"}
	if _, err := client.BatchCheckConsent(w.as(), batch); err != nil {
		t.Errorf("a batch of 5 MB: %v", err)
	}
	batch.Addresses = slices.Repeat([]string{strings.Repeat("a", 2000)}, 9000)
	if _, err := client.BatchCheckConsent(w.as(), batch); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a batch of 18 MB: %v", err)
	}
}

// rawCodec sends bytes as they are, to send what no proto library would.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) {
	raw, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no bytes", v)
	}
	return raw, nil
}
func (rawCodec) Unmarshal([]byte, any) error { return nil }

func sendRaw(ctx context.Context, w *world, raw []byte) error {
	return w.conn.Invoke(ctx, assentv1.ConsentService_CheckConsent_FullMethodName, raw, nil, grpc.ForceCodec(rawCodec{}))
}

func TestInput_InvalidUTF8_IsRefusedByLayers(t *testing.T) {
	w := newWorld(t)
	raw := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte("\xff@example.com"))
	err := sendRaw(w.as(), w, raw)
	if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != "INVALID_REQUEST" || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("got %v", err)
	}
	if err := sendRaw(t.Context(), w, raw); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a key: got %v", err)
	}
}

func TestInput_NoMessageAtAll_IsRefused(t *testing.T) {
	w := newWorld(t)
	err := sendRaw(w.as(), w, []byte{0xff, 0xff, 0xff})
	if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != "INVALID_REQUEST" {
		t.Errorf("got %v", err)
	}
}

func TestInput_StreamOfWhatIsNoMessage_IsRefused(t *testing.T) {
	w := newWorld(t)
	stream, err := w.conn.NewStream(w.as(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
		reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg([]byte{0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(nil); status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != "INVALID_REQUEST" {
		t.Errorf("got %v", err)
	}
}

func TestInput_RequestIDUsedForAnotherBody_AlreadyExists(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	with := func(m *assentv1.GrantConsentRequest) { m.RequestId = requestID }
	first, err := client.GrantConsent(w.as(), grant(with))
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.GrantConsent(w.as(), grant(with))
	if err != nil || !proto.Equal(first, again) {
		t.Errorf("a repetition got %v, %v, the first %v", again, err, first)
	}
	again, err = client.GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) { m.RequestId = strings.ToUpper(requestID) }))
	if err != nil || !proto.Equal(first, again) {
		t.Errorf("a repetition with the id in capitals got %v, %v, the first %v", again, err, first)
	}
	_, err = client.GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) { with(m); m.Address = "bob@example.com" }))
	if status.Code(err) != codes.AlreadyExists || reasonOf(t, err) != "REQUEST_ID_REUSED" {
		t.Errorf("another body: %v", err)
	}
}
