package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
)

// kept is a receipt that was kept with a mail, and the question it answers.
type kept struct {
	asked *assentv1.CheckConsentRequest
	was   *assentv1.Decision
}

// question is a check of one of the addresses, on any channel, as a sender may ask it.
func question(random *rand.Rand, addresses []string) *assentv1.CheckConsentRequest {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	m := &assentv1.CheckConsentRequest{
		Address: addresses[random.IntN(len(addresses))], Receipt: true, ContainsAdvertising: random.IntN(4) == 0,
		Channel:   one("newsletter", "newsletter", "product-marketing", "product-marketing", "order-updates", "legal-notices"),
		Reference: one("", "order-17", "order-17", "not\\an\norder "),
	}
	if random.IntN(8) == 0 {
		m.SenderIdentity = one("acme-newsletter", "acme-marketing", "acme-service", "nobody")
	}
	if random.IntN(3) == 0 {
		m.AsOf = timestamppb.New(exampleTime.AsTime().Add(-time.Duration(random.IntN(400*24)) * time.Hour))
	}
	return m
}

// laterEvent says something more about one of the addresses, at any time up to now.
func laterEvent(random *rand.Rand, addresses []string) *assentv1.EventInput {
	address := addresses[random.IntN(len(addresses))]
	channel := []string{"newsletter", "product-marketing"}[random.IntN(2)]
	at := timestamppb.New(exampleTime.AsTime().Add(-time.Duration(random.IntN(600*24*60)) * time.Minute))
	event := &assentv1.EventInput{OccurredTime: at}
	switch random.IntN(6) {
	case 0, 1:
		event.Fact = &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: address, Channels: []string{channel}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
			Declaration: &assentv1.DeclarationRef{Id: "all-news", Version: "3"},
			Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: at},
		}}
	case 2:
		event.Fact = &assentv1.EventInput_Withdraw{Withdraw: &assentv1.Refusal{Address: address, Channels: []string{channel}}}
	case 3:
		event.Fact = &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: address}, Reason: "COMPLAINT",
		}}
	case 4:
		event.Fact = &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: address}, Reason: "HARD_BOUNCE",
		}}
	default:
		event.Fact = &assentv1.EventInput_Lift{Lift: &assentv1.Lift{
			Target: &assentv1.Lift_Address{Address: address}, Reason: "HARD_BOUNCE", Justification: "a mistake",
		}}
	}
	return event
}

func recordAll(t *testing.T, client assentv1.ConsentServiceClient, events ...*assentv1.EventInput) {
	t.Helper()
	answer, err := client.BatchRecordEvents(t.Context(), &assentv1.BatchRecordEventsRequest{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range answer.GetResults() {
		if result.GetError() != nil {
			t.Fatalf("an event was not recorded: %v", result.GetError())
		}
	}
}

// verify verifies a receipt by its address and wants an outcome.
func (k *kept) verify(t *testing.T, client assentv1.ConsentServiceClient, want assentv1.ReceiptOutcome) {
	t.Helper()
	got, err := client.VerifyReceipt(t.Context(), &assentv1.VerifyReceiptRequest{Receipt: k.was.GetReceipt(), Address: k.asked.GetAddress()})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetOutcome() != want {
		t.Errorf("%s on %s at %d: %s, %v", k.was.GetReason(), k.asked.GetChannel(), k.was.GetPosition(), got.GetOutcome(), got.GetDifferences())
	}
}

func TestReceipts_Of1000Checks_After10000Events_AllAgree(t *testing.T) {
	const checks, later = 1_000, 10_000
	part := partOfExample(t)
	file := part.write(t)
	all := slices.DeleteFunc(part.who.addresses, func(typed string) bool { _, err := address.Parse(typed); return err != nil })
	eachStore(t, func(t *testing.T, db *database) {
		random := rand.New(rand.NewPCG(17, 4))
		s := db.serve(nil)
		client := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
		importFile(t, s.GRPC, s.key, file)
		who := make([]string, 500)
		for i := range who {
			who[i] = all[random.IntN(len(all))]
		}
		receipts, reasons := make([]kept, checks), map[string]int{}
		for i := range receipts {
			asked := question(random, who)
			answer, err := client.CheckConsent(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			receipts[i] = kept{asked, answer.GetDecision()}
			reasons[answer.GetDecision().GetReason()]++
		}
		if len(reasons) < 12 {
			t.Errorf("the checks have %d reasons only: %v", len(reasons), reasons)
		}
		events := make([]*assentv1.EventInput, later)
		for i := range events {
			events[i] = laterEvent(random, who)
		}
		recordAll(t, client, events...)
		changed := 0
		for i := range receipts {
			receipts[i].verify(t, client, assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME)
			now, err := client.CheckConsent(t.Context(), receipts[i].asked)
			if err != nil {
				t.Fatal(err)
			}
			if now.GetDecision().GetReason() != receipts[i].was.GetReason() {
				changed++
			}
		}
		if changed < checks/10 {
			t.Errorf("the further events changed the answers of %d questions only: they show nothing", changed)
		}
		erased := receipts[0].asked.GetAddress()
		recordAll(t, client, &assentv1.EventInput{Fact: &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{Address: erased}}})
		receipts[0].verify(t, client, assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE)
		noAddresses(t, s)
	})
}

func TestReceipt_OnTheCommandLine_IsKeptAndVerifiedWithAndWithoutServer(t *testing.T) {
	db := newDatabase(t, "sqlite")
	s := db.serve(nil)
	path := filepath.Join(t.TempDir(), "mail.receipt")
	const anna = "anna@example.com"
	run := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := command(t, s.GRPC, s.key, args...)
		if code != want {
			t.Fatalf("%v: exit %d, want %d: %s%s", args, code, want, stdout, stderr)
		}
		return stdout
	}
	run(0, "grant", anna, "--channel", "newsletter", "--legal-basis", "consent", "--declaration", "newsletter-signup@2026-01",
		"--source", "web_form", "--confirmed-time", "2026-03-01T10:00:00Z", "--occurred-time", "2026-03-01T10:00:00Z")
	run(0, "check", anna, "--channel", "newsletter", "--receipt", path)
	run(0, "withdraw", anna, "--channel", "newsletter")
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{"SAME", 0, []string{"--address", anna}},
		{"NOT_REPLAYED", 0, nil},
		{"OTHER_ADDRESS", 1, []string{"--address", "ben@example.com"}},
	} {
		if got := run(c.code, append([]string{"receipt", "verify", path}, c.args...)...); !strings.HasPrefix(got, c.want+" ") {
			t.Errorf("%v: %s", c.args, got)
		}
	}
	shown := run(0, "keys", "show", "--keys", db.keys)
	key := strings.Fields(shown[strings.LastIndex(shown, "assent.io/ledger/"):])[0]
	s.stop()
	got := run(0, "receipt", "verify", path, "--offline", "--verifier-key", key)
	if !strings.HasPrefix(got, "NOT_REPLAYED ") || !slices.Contains(strings.Fields(got), "ALLOW_CONSENT") {
		t.Errorf("offline: %s", got)
	}
}
