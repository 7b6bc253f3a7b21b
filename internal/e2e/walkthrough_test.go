package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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

func TestSends_CommandsFromPlanToPreviewWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	write(t, filepath.Join(db.dir, "audience.csv"), "address\nanna@example.com\nbert@example.com\n")
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	for _, command := range block(t, "docs/sends.md", "A mailing from plan to preview", 1) {
		runAsWritten(t, db.dir, env, fromToday(t, command))
	}
	for _, want := range []string{"1 recipient who left newsletter-desk not long ago", "They left our newsletter."} {
		if got := must(t, r, "sends", "show", "spring-products"); !strings.Contains(got, want) {
			t.Errorf("the send has no %q:\n%s", want, got)
		}
	}
}
