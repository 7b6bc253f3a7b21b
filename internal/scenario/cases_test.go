package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/scenario"
)

// ofAcme parses a scenario with the catalog of the example company.
func ofAcme(t *testing.T, text string) scenario.Scenario {
	t.Helper()
	all, err := scenario.Parse("case.yaml", []byte("name: x\ncatalog: acme.yaml\n"+text), func(string) ([]byte, error) {
		return os.ReadFile(filepath.Join("..", "..", "examples", "catalogs", "acme.yaml"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestRunCore_CaseThatWentElsewhere_TellsExpectedAndGot(t *testing.T) {
	s := ofAcme(t, `absences: [{department: marketing, member: mara, from: 2026-03-01T00:00:00Z, until: 2026-03-09T00:00:00Z, deputy: max}]
cases:
  - at: 2026-03-02T10:00:00Z
    mail: {from: anna@example.com, to: [Marketing@acme.example], subject: "Grüße", text: I want to complain about your mail.}
    assign: mara
    expect: {department: newsletter-desk, evidence: contact, kind: inquiry, channel: newsletter, sender_identity: acme-newsletter, candidates: [newsletter-desk],
             due: 2026-03-02T10:00:00Z, due_rule: given, law_due: 2026-03-02T10:00:00Z, law_due_rule: "gdpr_12_3:P1M", assignee: max,
             moments: [{at: 2026-03-07T10:00:00Z, in_charge: [mara], working: true}]}
`)
	want := []scenario.Difference{
		{Field: "department", Want: "newsletter-desk", Got: "marketing"},
		{Field: "evidence", Want: "contact", Got: "mailbox"},
		{Field: "kind", Want: "inquiry", Got: "complaint"},
		{Field: "channel", Want: "newsletter"},
		{Field: "sender_identity", Want: "acme-newsletter"},
		{Field: "candidates", Want: "newsletter-desk", Got: "marketing"},
		{Field: "due", Want: "2026-03-02T10:00:00Z", Got: "2026-03-03T10:00:00Z"},
		{Field: "due_rule", Want: "given", Got: "answer_within:P1D"},
		{Field: "law_due", Want: "2026-03-02T10:00:00Z"},
		{Field: "law_due_rule", Want: "gdpr_12_3:P1M"},
		{Field: "assignee", Want: "max", Got: "mara"},
		{Field: "in_charge at 2026-03-07T10:00:00Z", Want: "mara", Got: "max"},
		{Field: "working at 2026-03-07T10:00:00Z", Want: "true", Got: "false"},
	}
	results := scenario.RunCore(&s)
	if len(results) != 1 || !results[0].Failed() || results[0].Case == nil {
		t.Fatalf("results %+v", results)
	}
	if diff := cmp.Diff(want, results[0].Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if text := results[0].String(); !strings.Contains(text, "case.yaml:5: x: department: expected newsletter-desk, got marketing; ") || strings.Contains(text, "anna") {
		t.Errorf("it is told as %s", text)
	}
}

func TestRunCore_CaseAtTheEndOfTime_EndsAtOnce(t *testing.T) {
	for _, at := range []string{"1970-01-01T00:00:01Z", "9999-12-31T23:59:59Z"} {
		s := ofAcme(t, "cases: [{at: "+at+", opened: {kind: access, department: marketing}, expect: {department: marketing, moments: [{at: 9999-12-31T23:59:59Z, in_charge: [mara, max]}]}}]")
		if results := scenario.RunCore(&s); len(results) != 1 || results[0].Failed() && results[0].Refused == nil {
			t.Errorf("%s: %v", at, results)
		}
	}
}

func TestRunCore_CasesAndAbsencesThatCannotBe_AreRefused(t *testing.T) {
	kase := func(is string) string {
		return "cases: [{at: 2026-03-02T10:00:00Z, " + is + ", expect: {department: marketing}}]"
	}
	away := func(is string) string {
		return "absences: [{from: 2026-03-01T00:00:00Z, until: 2026-03-09T00:00:00Z, " + is + "}]\n" + kase("opened: {kind: other}")
	}
	for name, c := range map[string]struct{ text, want string }{
		"a bounce": {
			kase(`mail: {from: mailer-daemon@mx.example, to: [marketing@acme.example], subject: "Undelivered Mail Returned to Sender", text: "550 5.1.1 <anna@example.com>: User unknown"}`),
			"the case is refused: INVALID_REQUEST: the mail opens no case: it is read as bounce",
		},
		"a mail of a desk":     {kase("mail: {from: max.wolf@acme.example, to: [marketing@acme.example], text: Hello}"), "a mail of a desk opens no case"},
		"an unknown desk":      {kase("opened: {kind: other, department: sales}"), "DESK_NOT_FOUND"},
		"an unknown channel":   {kase("opened: {kind: other, channel: letters}"), "UNKNOWN_CHANNEL"},
		"an unknown sender":    {kase("opened: {kind: other, sender_identity: me}"), "the catalog has no sender identity"},
		"a member of another":  {kase("opened: {kind: other, department: marketing, assignee: nora}"), "its members are mara, max"},
		"a desk of none":       {kase("opened: {kind: other, department: customer-service, assignee: max}"), "the desk has no members"},
		"assigned to another":  {kase("opened: {kind: other, department: marketing}, assign: nora"), "its members are mara, max"},
		"away of no desk":      {away("department: sales, member: mara"), "DESK_NOT_FOUND"},
		"away of none":         {away("department: customer-service, member: mara"), "the desk has no members"},
		"a stranger away":      {away("department: marketing, member: nora"), "INVALID_ABSENCE"},
		"one's own deputy":     {away("department: marketing, member: mara, deputy: mara"), "INVALID_ABSENCE"},
		"an end before it":     {strings.Replace(away("department: marketing, member: mara"), "2026-03-09", "2026-02-09", 1), "INVALID_ABSENCE"},
		"deputies in a circle": {strings.Replace(away("department: marketing, member: mara, deputy: max"), "}]", "}, {department: marketing, member: max, deputy: mara, from: 2026-03-02T00:00:00Z, until: 2026-03-03T00:00:00Z}]", 1), "INVALID_ABSENCE"},
	} {
		s := ofAcme(t, c.text)
		results := scenario.RunCore(&s)
		if len(results) != 1 || results[0].Refused == nil || !strings.Contains(results[0].String(), c.want) {
			t.Errorf("%s: got %v, want %s", name, results, c.want)
		}
	}
}
