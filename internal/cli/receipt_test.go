package cli_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/receipt"
)

// receiptOf returns a receipt in a file, as a server gives it, and the key that signed it.
func receiptOf(t *testing.T) (path, text, key string) {
	t.Helper()
	r := receipt.Receipt{
		Store: [16]byte{1}, Decided: 1_790_841_600_000_000, Position: 42, CatalogVersion: 1, ForSending: true,
		Address: receipt.Digest{Version: 7}, Channel: "newsletter", Reference: "\x1b[2J", Verdict: consent.Allow,
		Reason: consent.CodeAllowConsent, Reasons: []consent.Code{consent.CodeAllowConsent}, LegalBasis: "consent", GrantPosition: 7,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Sender: "acme-news",
	}
	private, public, err := note.GenerateKey(rand.Reader, receipt.Name(r.Store))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := r.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "mail.receipt")
	if err := os.WriteFile(path, signed, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, string(signed), public
}

// outcome is an answer of the server about a receipt.
func outcome(o assentv1.ReceiptOutcome, key string) *assentv1.VerifyReceiptResponse {
	return &assentv1.VerifyReceiptResponse{Outcome: o, VerifierKey: key}
}

func TestCheck_Receipt_IsKeptInANewFile(t *testing.T) {
	f := startFake(t)
	_, text, _ := receiptOf(t)
	answer := func(verdict assentv1.Verdict) *assentv1.CheckConsentResponse {
		return &assentv1.CheckConsentResponse{Decision: &assentv1.Decision{Verdict: verdict, Reason: "X", DecidedTime: day(1), Receipt: text}}
	}
	f.gives(answer(assentv1.Verdict_VERDICT_ALLOW))
	path := filepath.Join(t.TempDir(), "kept")
	f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--receipt", path).must(t, 0)
	if !last[*assentv1.CheckConsentRequest](t, f).GetReceipt() {
		t.Error("no receipt was asked for")
	}
	if read(t, path) != text {
		t.Errorf("the file has %q", read(t, path))
	}
	if got := f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--receipt", path).must(t, 1); got.stdout != "" {
		t.Errorf("a receipt was replaced, or the answer given without one: %q", got.stdout)
	}
	f.gives(answer(assentv1.Verdict_VERDICT_DENY))
	f.run(t, "check", "deny@firma.example", "--channel", "newsletter", "--receipt", path+".deny").must(t, 3)
	if read(t, path+".deny") != text {
		t.Error("the receipt of a denial was not kept")
	}
	f.gives(&assentv1.CheckConsentResponse{Decision: &assentv1.Decision{Verdict: assentv1.Verdict_VERDICT_ALLOW, Reason: "X"}})
	f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--receipt", path+".none").must(t, 1)
	f.run(t, "check", "anna@firma.example", "--channel", "newsletter").must(t, 0)
	if last[*assentv1.CheckConsentRequest](t, f).GetReceipt() {
		t.Error("a receipt was asked for that nobody wants")
	}
}

func TestReceiptVerify_OutcomeIsTheExitCode(t *testing.T) {
	f := startFake(t)
	path, text, key := receiptOf(t)
	for _, c := range []struct {
		outcome assentv1.ReceiptOutcome
		code    int
	}{
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED, 0},
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME, 0},
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE, 0},
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_DIFFERS, 1},
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_OTHER_ADDRESS, 1},
		{assentv1.ReceiptOutcome_RECEIPT_OUTCOME_UNSPECIFIED, 1},
	} {
		f.gives(outcome(c.outcome, key))
		got := f.run(t, "receipt", "verify", path, "--address", "anna@firma.example").must(t, c.code)
		if name := strings.TrimPrefix(c.outcome.String(), "RECEIPT_OUTCOME_"); !strings.HasPrefix(got.stdout, name) {
			t.Errorf("%s: stdout %q", name, got.stdout)
		}
		if strings.Contains(got.stdout+got.stderr, "anna") || strings.Contains(got.stdout, "\x1b") {
			t.Errorf("%s: it shows the address, or moves the cursor: %q", c.outcome, got.stdout)
		}
	}
	same(t, &assentv1.VerifyReceiptRequest{Receipt: text, Address: "anna@firma.example"}, last[*assentv1.VerifyReceiptRequest](t, f))
}

func TestReceiptVerify_JSON_SaysWhatDiffersAndWhatTheReceiptSays(t *testing.T) {
	f := startFake(t)
	path, text, key := receiptOf(t)
	answer := outcome(assentv1.ReceiptOutcome_RECEIPT_OUTCOME_DIFFERS, key)
	answer.Differences = []*assentv1.ReceiptDifference{{Field: "grant_position", Expected: "7"}}
	f.gives(answer)
	plain := f.runWith(t, text, "receipt", "verify", "-").must(t, 1)
	if !strings.Contains(plain.stdout, "grant_position: the receipt has 7, the ledger -\n") {
		t.Errorf("stdout %q", plain.stdout)
	}
	var got struct {
		Outcome     string
		Differences []map[string]string
		VerifierKey string
		Receipt     map[string]any
	}
	if err := json.Unmarshal([]byte(f.run(t, "receipt", "verify", path, "--format", "json").must(t, 1).stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"field": "grant_position", "expected": "7", "got": ""}}
	if got.Outcome != "DIFFERS" || got.VerifierKey != key || got.Receipt["reason"] != "ALLOW_CONSENT" || got.Receipt["position"] == "" || cmp.Diff(want, got.Differences) != "" {
		t.Errorf("got %+v", got)
	}
}

func TestReceiptVerify_TrustsNoServer(t *testing.T) {
	f := startFake(t)
	path, text, key := receiptOf(t)
	_, _, stranger := receiptOf(t)
	same := assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME
	altered := path + ".altered"
	if err := os.WriteFile(altered, []byte(strings.Replace(text, "verdict: ALLOW", "verdict: DENY", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answer proto.Message
		args   []string
	}{
		"the server's key is another": {outcome(same, stranger), []string{path}},
		"the caller's key is another": {outcome(same, key), []string{path, "--verifier-key", stranger}},
		"the receipt was altered":     {outcome(same, key), []string{altered}},
		"the server names no key":     {outcome(same, ""), []string{path}},
	} {
		f.gives(c.answer)
		if got := f.run(t, append([]string{"receipt", "verify"}, c.args...)...).must(t, 1); got.stdout != "" {
			t.Errorf("%s: stdout %q", name, got.stdout)
		}
	}
	f.answer = func(proto.Message) (proto.Message, error) {
		return nil, failure(codes.InvalidArgument, "INVALID_RECEIPT", "receipt: it is no receipt of this ledger, or was altered")
	}
	f.run(t, "receipt", "verify", altered).must(t, 1)
}

func TestReceiptVerify_Offline_NeedsTheKeyOnly(t *testing.T) {
	f := startFake(t)
	path, text, key := receiptOf(t)
	_, _, stranger := receiptOf(t)
	got := f.run(t, "receipt", "verify", path, "--offline", "--verifier-key", key).must(t, 0)
	if !strings.HasPrefix(got.stdout, "NOT_REPLAYED") || !strings.Contains(got.stdout, "all-news@3") || len(f.calls) != 0 {
		t.Errorf("%d calls, stdout %q", len(f.calls), got.stdout)
	}
	f.runWith(t, text+"\n", "receipt", "verify", "-", "--offline", "--verifier-key", key).must(t, 1)
	f.run(t, "receipt", "verify", path, "--offline", "--verifier-key", stranger).must(t, 1)
	f.run(t, "receipt", "verify", path+".missing", "--offline", "--verifier-key", key).must(t, 1)
	f.runWith(t, strings.Repeat("x", receipt.MaxSize+1), "receipt", "verify", "-", "--offline", "--verifier-key", key).must(t, 1)
}

func TestReceipt_CalledWrongly_IsUsage(t *testing.T) {
	f := startFake(t)
	path, _, key := receiptOf(t)
	for _, args := range [][]string{
		{"receipt", "verify"},
		{"receipt", "verify", path, "--offline"},
		{"receipt", "verify", path, "--offline", "--verifier-key", key, "--address", "anna@firma.example"},
		{"receipt", "verify", path, "--verifier-key", "nonsense"},
		{"receipt", "verify", "-", "--address", "-"},
		{"check", "anna@firma.example", "--channel", "c", "--receipt", "-"},
		{"check", "--file", path, "--out", "x", "--channel", "c", "--receipt", "y"},
	} {
		f.run(t, args...).must(t, 2)
	}
	if len(f.calls) != 0 {
		t.Errorf("the server was asked %d times", len(f.calls))
	}
}
