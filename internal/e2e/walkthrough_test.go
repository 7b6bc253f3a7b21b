package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

// letter is a complaint about a message of marketing.
const letter = "Return-Path: <anna@example.com>\nDelivered-To: assent@acme.example\nFrom: Anna <anna@example.com>\n" +
	"To: products@offers.acme.example\nSubject: Why do I get this?\nMessage-ID: <1@example.com>\n" +
	"Content-Type: text/plain; charset=utf-8\n\nI left your newsletter long ago, and you still write to me. This is a complaint.\n"

func TestCases_CommandsFromMailToAnswerWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	write(t, filepath.Join(db.dir, "letter.eml"), letter)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	number := "2026-000001"
	for _, command := range block(t, "docs/cases.md", "A complaint from mail to answer", 1) {
		runAsWritten(t, db.dir, env, fromToday(t, strings.ReplaceAll(command, "2026-000001", number)))
		if strings.HasPrefix(command, "assent intake mail") {
			number = numberOf(t, must(t, r, "cases", "list"))
		}
	}
	for _, want := range []string{"complaint, closed", "\n  desk       marketing\n"} {
		if got := must(t, r, "cases", "show", number); !strings.Contains(got, want) {
			t.Errorf("the case has no %q:\n%s", want, got)
		}
	}
	if got := must(t, r, "notices", "--recipient", "max"); !strings.Contains(got, "case assigned") {
		t.Errorf("the deputy has no notice:\n%s", got)
	}
}

func TestSends_CommandsFromPlanToFiguresWork(t *testing.T) {
	db, clock := newDatabase(t, "sqlite"), testkit.NewClock(time.Date(2027, 2, 22, 9, 0, 0, 0, time.UTC))
	acme, err := os.ReadFile(acmeCatalog)
	if err != nil {
		t.Fatal(err)
	}
	db.catalog = write(t, filepath.Join(db.dir, "catalog.yaml"), string(acme)+"\n"+yamlOf(t, "docs/sends.md", "How a send is cleared"))
	r := db.serve(clock.Now)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	write(t, filepath.Join(db.dir, "audience.csv"), "address\nanna@example.com\nbert@example.com\n")
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	must(t, r, "grant", "bert@example.com", "--channel", "product-marketing", "--legal-basis", "consent", "--declaration", "all-news@3", "--source", "web_form",
		"--confirmed-time", "2027-02-22T08:00:00Z")
	for part, begin := range []time.Time{clock.Now(), time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2027, 3, 2, 9, 0, 0, 0, time.UTC)} {
		clock.Set(begin)
		for _, command := range block(t, "docs/sends.md", "A mailing from plan to figures", part+1) {
			runAsWritten(t, db.dir, env, command)
			clock.Advance(time.Second)
		}
	}
	for _, want := range []string{"state       sent", "1 recipient who left newsletter-desk not long ago", "They left our newsletter.", "The check stops"} {
		if got := must(t, r, "sends", "show", "spring-products"); !strings.Contains(got, want) {
			t.Errorf("the send has no %q:\n%s", want, got)
		}
	}
	if got := must(t, r, "cases", "figures"); !strings.Contains(got, "sender acme-marketing") || !strings.Contains(got, "1000.00 (0.3 % or more)") {
		t.Errorf("a complaint for one message:\n%s", got)
	}
}

// yamlOf returns the first block of YAML below a heading of a page.
func yamlOf(t *testing.T, page, heading string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, below, _ := strings.Cut(string(data), "\n## "+heading+"\n")
	_, text, _ := strings.Cut(below, "```yaml\n")
	text, _, found := strings.Cut(text, "```")
	if !found {
		t.Fatalf("%s has no YAML below %q", page, heading)
	}
	return text
}
