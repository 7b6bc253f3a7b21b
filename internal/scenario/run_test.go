package scenario_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/scenario"
)

func load(tb testing.TB, paths ...string) []scenario.Scenario {
	tb.Helper()
	files, err := scenario.Find(paths)
	if err != nil {
		tb.Fatalf("finding scenarios: %v", err)
	}
	var all []scenario.Scenario
	for _, file := range files {
		scenarios, err := scenario.Load(file)
		if err != nil {
			tb.Fatalf("loading: %v", err)
		}
		all = append(all, scenarios...)
	}
	return all
}

func TestRunCore_EveryScenario_HoldsInThePureCore(t *testing.T) {
	all := load(t, "testdata", filepath.Join("..", "..", "examples", "scenarios"))
	checks := 0
	for i := range all {
		for _, result := range scenario.RunCore(&all[i]) {
			checks++
			if result.Failed() {
				t.Error(result.String())
			}
		}
	}
	if len(all) < 50 || checks < 200 {
		t.Errorf("only %d scenarios with %d checks were run", len(all), checks)
	}
}

// Whatever the rules can answer has a case that other surfaces run, too.
func TestScenarios_TogetherExpectEveryReason(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range load(t, "testdata", filepath.Join("..", "..", "examples", "scenarios")) {
		for _, check := range s.Checks {
			seen[check.Expect.Reason] = true
		}
	}
	want := []string{string(fault.InvalidAddress), string(fault.UnknownChannel)}
	for _, code := range consent.AllCodes() {
		switch code {
		case consent.CodeConfirmationLimit, consent.CodeAllowConfirmation: // A scenario cannot ask about confirmation mails.
		case consent.CodeUnclear: // What a click records cannot be stated.
		case consent.CodeWouldDefer: // It is never the primary reason.
		default:
			want = append(want, string(code))
		}
	}
	for _, reason := range want {
		if !seen[reason] {
			t.Errorf("no scenario expects %s as the primary reason", reason)
		}
	}
}

const catalogPath = "catalogs/lab.yaml"

func parse(tb testing.TB, text string) ([]scenario.Scenario, error) {
	tb.Helper()
	return scenario.Parse("testdata/case.yaml", []byte(text), func(path string) ([]byte, error) {
		if filepath.ToSlash(path) != "testdata/"+catalogPath {
			return nil, errors.New("no such catalog")
		}
		return catalogText(tb), nil
	})
}

func TestRunCore_WrongExpectation_TellsExpectedAndGot(t *testing.T) {
	all, err := parse(t, `name: Wrong
catalog: catalogs/lab.yaml
checks:
  - at: 2026-03-01T00:00:00Z
    check: {address: anna@firma.example, channel: parcels, reference: p-1}
    expect: {verdict: DENY, reason: NO_LEGAL_BASIS, reasons: [A, B], legal_basis: consent, about: recipient,
             sender_identity: editor, sender_address: a@b.example, obligations: [IMPRINT]}
`)
	if err != nil {
		t.Fatalf("parsing: %v", err)
	}
	results := scenario.RunCore(&all[0])
	want := []scenario.Difference{
		{Field: "verdict", Want: "DENY", Got: "ALLOW"},
		{Field: "reason", Want: "NO_LEGAL_BASIS", Got: "ALLOW_CONTRACT"},
		{Field: "legal_basis", Want: "consent", Got: "contract"},
		{Field: "reasons", Want: "A, B", Got: "ALLOW_CONTRACT"},
		{Field: "about", Want: "recipient"},
		{Field: "sender_identity", Want: "editor", Got: "seller"},
		{Field: "sender_address", Want: "a@b.example", Got: "hallo@laden.beta.example"},
		{Field: "obligations", Want: "at least IMPRINT"},
	}
	if diff := cmp.Diff(want, results[0].Differences); diff != "" || !results[0].Failed() {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	text := results[0].String()
	for _, part := range []string{"testdata/case.yaml:4: Wrong: ", "verdict: expected DENY, got ALLOW; ", "about: expected recipient, got nothing"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not tell %q", text, part)
		}
	}
}

func TestRunCore_RefusedEvent_FailsWithFileLineAndReason(t *testing.T) {
	all, err := parse(t, `name: Refused
catalog: catalogs/lab.yaml
events:
  - at: 2026-03-01T00:00:00Z
    refuse: {address: anna@firma.example, channels: [duties]}
  - at: 2026-03-01T00:00:00Z
    withdraw: {address: anna@firma.example, channels: [news]}
  - at: 2026-03-01T00:00:00Z
    suppress: {address: anna@firma.example, reason: OBJECTION, scope: "channel:parcels"}
  - at: 2026-03-01T00:00:00Z
    grant: {address: anna@firma.example, channel: nowhere, basis: consent}
  - at: 2026-03-01T00:00:00Z
    erase: {address: anna}
checks:
  - at: 2026-03-01T00:00:00Z
    check: {address: anna@firma.example, channel: news}
    expect: {verdict: DENY, reason: WITHDRAWN}
`)
	if err != nil {
		t.Fatalf("parsing: %v", err)
	}
	var got []string
	for _, result := range scenario.RunCore(&all[0]) {
		if !result.Failed() || result.Check != nil {
			t.Errorf("not a refusal: %s", result.String())
		}
		if strings.Contains(result.String(), "anna") {
			t.Errorf("an address is told: %s", result.String())
		}
		got = append(got, strings.SplitAfter(result.String(), ": the event is refused: ")[0]+strings.Split(result.Refused.Error(), ":")[0])
	}
	want := []string{
		"testdata/case.yaml:4: Refused: the event is refused: NOT_REFUSABLE", "testdata/case.yaml:8: Refused: the event is refused: NO_EFFECT",
		"testdata/case.yaml:10: Refused: the event is refused: UNKNOWN_CHANNEL", "testdata/case.yaml:12: Refused: the event is refused: INVALID_ADDRESS",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

func TestRunCore_TheSameFactTwiceAndAnyOrder_ChangesNothing(t *testing.T) {
	for _, s := range load(t, "testdata") {
		twice := s
		twice.Events = slices.Concat(s.Events, s.Events)
		slices.Reverse(twice.Events)
		for _, result := range scenario.RunCore(&twice) {
			if result.Failed() {
				t.Error(result.String())
			}
		}
	}
}

func TestCompare_WhatIsNotExpected_MayBeAnything(t *testing.T) {
	e := scenario.Expect{Verdict: "ALLOW", Reason: "ALLOW_TERMS", Obligations: []string{"IMPRINT"}}
	got := scenario.Got{
		Verdict: "ALLOW", Reason: "ALLOW_TERMS", Reasons: []string{"ALLOW_TERMS", "CONSENT_PENDING"}, LegalBasis: "terms",
		SenderIdentity: "seller", Obligations: []string{"OPT_OUT_NOTICE", "IMPRINT"},
	}
	if differences := e.Compare(got); len(differences) > 0 {
		t.Errorf("it differs in %v", differences)
	}
	nothing := ""
	e.LegalBasis, e.Reasons = &nothing, []string{}
	if differences := e.Compare(got); len(differences) != 2 {
		t.Errorf("nothing was expected as basis and reasons, and it differs in %v", differences)
	}
}

func TestRunCore_SendsThatCannotBe_AreRefused(t *testing.T) {
	window := ", from: 2026-03-01T00:00:00Z, until: 2026-03-02T00:00:00Z}"
	for name, c := range map[string]struct{ sends, want string }{
		"unknown channel":    {"sends: [{id: a, channel: nowhere" + window + "]", "channel"},
		"no marketing":       {"sends: [{id: a, channel: parcels" + window + "]", "channel"},
		"unknown sender":     {"sends: [{id: a, channel: news, sender_identity: nobody" + window + "]", "sender_identity"},
		"two of one id":      {"sends: [{id: a, channel: news" + window + ", {id: a, channel: news" + window + "]", "id"},
		"contact of no send": {"contacts: [{at: 2026-03-01T00:00:00Z, address: a@b.example, send: a}]", "send"},
		"contact of nobody":  {"sends: [{id: a, channel: news" + window + "]\ncontacts: [{at: 2026-03-01T00:00:00Z, address: a, send: a}]", "address"},
	} {
		all, err := parse(t, "name: x\ncatalog: catalogs/lab.yaml\n"+c.sends+`
checks:
  - at: 2026-03-01T00:00:00Z
    check: {address: anna@firma.example, channel: news}
    expect: {verdict: DENY, reason: NO_LEGAL_BASIS}
`)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		results := scenario.RunCore(&all[0])
		refused, ok := errors.AsType[*fault.Error](results[0].Refused)
		if len(results) != 1 || !ok || refused.Field != c.want || results[0].Line != 3 && results[0].Line != 4 {
			t.Errorf("%s: %v", name, results)
		}
	}
}
