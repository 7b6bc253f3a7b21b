package cli_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

const requestID = "6f4bd1b2-3c8f-4d0e-8d55-0a6f1c2d3e4f"

// evidenceArgs are all flags of evidence, evidence what they say.
func evidenceArgs() []string {
	return []string{
		"--source", "phone", "--url", "https://acme.example/", "--ip", "192.0.2.1", "--user-agent", "Mozilla, 5",
		"--confirmed-time", "2026-10-02T08:00:00Z", "--transaction-ref", "order-1", "--notice-given", "--goods", "coffee,beans",
		"--document-ref", "tape-1", "--operator", "olga", "--note", "said so", "--request-id", requestID,
	}
}

func evidence() *assentv1.Evidence {
	return &assentv1.Evidence{
		Source: "phone", Url: "https://acme.example/", Ip: "192.0.2.1", UserAgent: "Mozilla, 5", ConfirmedTime: day(2), TransactionRef: "order-1",
		NoticeGiven: true, Goods: []string{"coffee", "beans"}, DocumentRef: "tape-1", Operator: "olga", Note: "said so",
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestGrant_EveryFlagReachesTheServer_AndTwiceIsADuplicate(t *testing.T) {
	f := startFake(t)
	args := append([]string{
		"grant", "anna@firma.example", "--channel", "newsletter", "--channel", "product-marketing", "--legal-basis", "terms",
		"--declaration", "terms@2026-01", "--expires-time", "2026-10-09T08:00:00Z", "--occurred-time", "2026-10-01T08:00:00Z",
	}, evidenceArgs()...)
	if got := f.run(t, args...).must(t, 0); got.stdout != "recorded at position 1\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	same(t, &assentv1.GrantConsentRequest{
		Address: "anna@firma.example", Channels: []string{"newsletter", "product-marketing"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_TERMS,
		Declaration: &assentv1.DeclarationRef{Id: "terms", Version: "2026-01"}, Evidence: evidence(), ExpiresTime: day(9), OccurredTime: day(1),
		RequestId: requestID,
	}, last[*assentv1.GrantConsentRequest](t, f))
	if got := f.run(t, args...).must(t, 0); got.stdout != "known already: recorded at position 1\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	got := f.run(t, append(args, "--format", "json")...).must(t, 0)
	if got.stdout != "{\n  \"positions\": [\n    1\n  ],\n  \"duplicate\": true,\n  \"warnings\": []\n}\n" {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestGrant_WithoutRequestID_GetsANewOne(t *testing.T) {
	f := startFake(t)
	seen := map[string]bool{}
	for range 2 {
		f.run(t, "grant", "anna@firma.example", "--channel", "c", "--legal-basis", "consent").must(t, 0)
		in := last[*assentv1.GrantConsentRequest](t, f)
		if _, err := uuid.Parse(in.GetRequestId()); err != nil || seen[in.GetRequestId()] || in.GetEvidence() != nil {
			t.Errorf("%v, %v", in, err)
		}
		seen[in.GetRequestId()] = true
	}
}

func TestWithdraw_EveryFlagReachesTheServer(t *testing.T) {
	f := startFake(t)
	f.runWith(t, "anna@firma.example", append([]string{
		"withdraw", "-", "--channel", "newsletter,other", "--never-granted", "--occurred-time", "2026-10-01T08:00:00Z",
	}, evidenceArgs()...)...).must(t, 0)
	same(t, &assentv1.WithdrawConsentRequest{
		Address: "anna@firma.example", Channels: []string{"newsletter", "other"}, NeverGranted: true, Evidence: evidence(), OccurredTime: day(1),
		RequestId: requestID,
	}, last[*assentv1.WithdrawConsentRequest](t, f))
	f.run(t, "withdraw", "anna@firma.example", "--all-marketing").must(t, 0)
	if in := last[*assentv1.WithdrawConsentRequest](t, f); !in.GetAllMarketing() || len(in.GetChannels()) > 0 {
		t.Errorf("%v", in)
	}
	got := f.run(t, "withdraw", "anna@firma.example", "--channel", "order-updates").must(t, 1)
	if got.stderr != "assent: NOT_REFUSABLE: order-updates cannot be refused\n" {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestWithdraw_WarningsAndWhatIsStillAllowed_GoToStandardError(t *testing.T) {
	f := startFake(t)
	const want = "warning: EVIDENCE_SHORTENED: the text is longer (evidence.note)\n" +
		"warning: the channel newsletter is still allowed by the consent at position 7, which began later than this; " +
		"leave the time out to record it as of now\n"
	for _, format := range []string{"text", "json"} {
		got := f.run(t, "withdraw", "late@firma.example", "--channel", "newsletter", "--format", format).must(t, 0)
		if got.stderr != want {
			t.Errorf("%s: stderr %q, want %q", format, got.stderr, want)
		}
	}
}

func TestRequestAndConfirm_TheTokenGoesFromOneToTheOther(t *testing.T) {
	f := startFake(t)
	got := f.run(t, append([]string{
		"request", "anna@firma.example", "--channel", "newsletter", "--sender", "s", "--declaration", "all-news@3",
	}, evidenceArgs()...)...).must(t, 0)
	golden(t, "request.txt", got.stdout)
	same(t, &assentv1.RequestConsentRequest{
		Address: "anna@firma.example", Channel: "newsletter", SenderIdentity: "s", Evidence: evidence(),
		Declaration: &assentv1.DeclarationRef{Id: "all-news", Version: "3"}, RequestId: requestID,
	}, last[*assentv1.RequestConsentRequest](t, f))
	answer := decode[struct {
		Decision    map[string]any
		Token       string
		ExpiresTime string
		Positions   []int64
		Warnings    []string
	}](t, f.run(t, "request", "anna@firma.example", "--channel", "newsletter", "--format", "json").must(t, 0).stdout)
	got = f.runWith(t, answer.Token+"\n", append([]string{"confirm", "-"}, evidenceArgs()...)...).must(t, 0)
	if got.stdout != "confirmed newsletter, recorded at position 3\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	same(t, &assentv1.ConfirmConsentRequest{Token: answer.Token, Evidence: evidence(), RequestId: requestID}, last[*assentv1.ConfirmConsentRequest](t, f))
	f.run(t, "confirm", answer.Token, "--format", "json").must(t, 0)
	f.run(t, "confirm", "other").must(t, 1)
}

func TestRequest_Denied_ExitsWith1AndGivesNoToken(t *testing.T) {
	got := startFake(t).run(t, "request", "deny@firma.example", "--channel", "newsletter").must(t, 1)
	if !strings.HasPrefix(got.stdout, "DENY") || strings.Contains(got.stdout, "token") || got.stderr != "" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
}

func TestSuppressions_EveryFlagReachesTheServer(t *testing.T) {
	f := startFake(t)
	f.run(t, append([]string{
		"suppressions", "add", "--domain", "firma.example", "--reason", "EXTERNAL_LIST", "--scope", "marketing", "--until", "2026-10-09T08:00:00Z",
		"--list", "ecg", "--binds", "all", "--justification", "listed", "--occurred-time", "2026-10-01T08:00:00Z",
	}, evidenceArgs()...)...).must(t, 0)
	same(t, &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Domain{Domain: "firma.example"}, Reason: "EXTERNAL_LIST", Scope: "marketing", UntilTime: day(9),
		List: "ecg", Binds: "all", Justification: "listed", Evidence: evidence(), OccurredTime: day(1), RequestId: requestID,
	}, last[*assentv1.CreateSuppressionRequest](t, f))
	f.run(t, "suppressions", "add", "anna@firma.example", "--reason", "COMPLAINT").must(t, 0)
	if in := last[*assentv1.CreateSuppressionRequest](t, f); in.GetAddress() != "anna@firma.example" {
		t.Errorf("%v", in)
	}
	f.run(t, append([]string{
		"suppressions", "lift", "anna@firma.example", "--reason", "MANUAL", "--scope", "all", "--list", "ecg", "--justification", "asked",
		"--occurred-time", "2026-10-01T08:00:00Z",
	}, evidenceArgs()...)...).must(t, 0)
	same(t, &assentv1.LiftSuppressionRequest{
		Target: &assentv1.LiftSuppressionRequest_Address{Address: "anna@firma.example"}, Reason: "MANUAL", Scope: "all", List: "ecg",
		Justification: "asked", Evidence: evidence(), OccurredTime: day(1), RequestId: requestID,
	}, last[*assentv1.LiftSuppressionRequest](t, f))
	f.run(t, "suppressions", "lift", "--domain", "firma.example", "--reason", "MANUAL", "--justification", "asked").must(t, 0)
	if in := last[*assentv1.LiftSuppressionRequest](t, f); in.GetDomain() != "firma.example" {
		t.Errorf("%v", in)
	}
}

func TestHistory_AllPages_AndNothingMovesTheCursor(t *testing.T) {
	f := startFake(t)
	if got := f.run(t, "history", "anna@firma.example").must(t, 0); got.stdout != "" || got.stderr != "Nothing is recorded about this address.\n" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	f.runWith(t, everyColumn, "import", "consents", "-").must(t, 0)
	f.record(&assentv1.Event{OccurredTime: day(1), Actor: "shop", Fact: &assentv1.Event_Mail{Mail: &assentv1.ConfirmationMail{
		Address: "anna@firma.example", Channel: "newsletter",
	}}})
	f.record(&assentv1.Event{OccurredTime: day(1), Fact: &assentv1.Event_Catalog{Catalog: &assentv1.CatalogChange{Version: 3}}})
	f.record(&assentv1.Event{
		OccurredTime: day(1), RecordedTime: day(2), Actor: "shop", EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_DELETED,
		Fact: &assentv1.Event_Refuse{Refuse: &assentv1.Refusal{
			Address: "anna@firma.example", Channels: []string{"newsletter"}, Evidence: &assentv1.Evidence{UserAgent: "\x1b[2J evil\u202e\r\n"},
		}},
	})
	f.record(&assentv1.Event{OccurredTime: day(3)})
	f.calls = nil
	golden(t, "history.txt", f.run(t, "history", "anna@firma.example").must(t, 0).stdout)
	if len(f.calls) != 7 {
		t.Errorf("%d pages, want 7", len(f.calls))
	}
	all := decode[struct {
		Events        []map[string]any
		NextPageToken string
	}](t, f.run(t, "history", "anna@firma.example", "--actor", "shop", "--format", "json").must(t, 0).stdout)
	if len(all.Events) != 14 || all.NextPageToken != "" {
		t.Errorf("%d events, token %q", len(all.Events), all.NextPageToken)
	}
}

func TestHistory_EveryFlagReachesTheServer_WithEveryPage(t *testing.T) {
	f := startFake(t)
	args := []string{
		"history", "anna@firma.example", "--since", "2026-10-01T08:00:00Z", "--until", "2026-10-02T08:00:00Z", "--kind", "grant,withdraw",
		"--kind", "lift", "--channel", "newsletter", "--actor", "shop",
	}
	if got := f.run(t, args...).must(t, 0); got.stdout != "" || got.stderr != "No event of this address matches.\n" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	for i := range 3 {
		f.record(&assentv1.Event{OccurredTime: day(i + 1)})
	}
	f.run(t, args...).must(t, 0)
	same(t, &assentv1.SearchHistoryRequest{
		Address: "anna@firma.example", PageSize: 500, PageToken: "2", OccurredSinceTime: day(1), OccurredUntilTime: day(2),
		Kinds: []string{"grant", "withdraw", "lift"}, Channel: "newsletter", Actor: "shop",
	}, last[*assentv1.SearchHistoryRequest](t, f))
}

func TestLookup_OfThePast_FlagsReachTheServer(t *testing.T) {
	f := startFake(t)
	f.run(t, "lookup", "anna@firma.example", "--as-of", "2026-10-01T08:00:00Z", "--known-as-of", "42").must(t, 0)
	same(t, &assentv1.LookupRecipientRequest{
		Address: "anna@firma.example", AsOf: day(1), KnownAsOf: knownAt(42),
	}, last[*assentv1.LookupRecipientRequest](t, f))
}

func TestLookup_ShowsChannelsAndSuppressions(t *testing.T) {
	f := startFake(t)
	golden(t, "lookup.txt", f.run(t, "lookup", "anna@firma.example").must(t, 0).stdout)
	got := f.run(t, "lookup", "anna@firma.example", "--format", "json").must(t, 0)
	if !strings.Contains(got.stdout, `"pendingUntilTime": "2026-10-03T08:00:00Z"`) {
		t.Errorf("stdout %q", got.stdout)
	}
}
