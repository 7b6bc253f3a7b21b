package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// examplesOf returns the examples in the help of a command and of those below it.
func examplesOf(t *testing.T, path ...string) []string {
	t.Helper()
	code, help, _ := command(t, "", "", append(slices.Clone(path), "--help")...)
	if code != 0 {
		t.Fatalf("assent %s --help: exit %d", strings.Join(path, " "), code)
	}
	var examples []string
	section := ""
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		switch found := regexp.MustCompile(`^  (\S+) `).FindStringSubmatch(line); {
		case strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " "):
			section = line
		case line == "":
		case section == "Examples:":
			examples = append(examples, strings.TrimSpace(line))
		case section == "Available Commands:" && found != nil && found[1] != "completion" && found[1] != "help":
			examples = append(examples, examplesOf(t, append(slices.Clone(path), found[1])...)...)
		}
	}
	return examples
}

func TestHelp_ExamplesDoWhatTheySay(t *testing.T) {
	examples := examplesOf(t)
	if len(examples) < 12 {
		t.Fatalf("only %d examples were found: %q", len(examples), examples)
	}
	// What others need comes first, and what takes something away last.
	rank := func(example string) int {
		switch {
		case strings.HasPrefix(example, "assent grant"), strings.HasPrefix(example, "assent consumers create"), strings.HasPrefix(example, "assent webhooks create"),
			strings.HasPrefix(example, "assent lists create"), strings.HasPrefix(example, "assent sources create"), strings.HasPrefix(example, "assent sends plan"):
			return 0
		case strings.HasPrefix(example, "assent lists activate"), strings.HasPrefix(example, "assent withdraw"), strings.HasPrefix(example, "assent erase"), strings.HasPrefix(example, "assent sends cancel"),
			strings.HasPrefix(example, "assent cases hand-over"):
			return 2
		case strings.HasPrefix(example, "assent cases close"):
			return 3
		case strings.HasPrefix(example, "assent cases reopen"):
			return 4
		default:
			return 1
		}
	}
	slices.SortStableFunc(examples, func(x, y string) int { return rank(x) - rank(y) })
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	must(t, r, "grant", "anna@example.com", "--channel", "newsletter", "--legal-basis", "consent",
		"--declaration", "newsletter-signup@2026-01", "--source", "web_form", "--confirmed-time", "2026-06-01T08:00:00Z",
		"--occurred-time", "2026-06-01T08:00:00Z")
	must(t, r, "check", "anna@example.com", "--channel", "newsletter", "--receipt", filepath.Join(db.dir, "mail-17.receipt"))
	ledger := assentv1.NewLedgerServiceClient(dial(t, r.GRPC, r.key))
	checkpoint, err := ledger.GetCheckpoint(t.Context(), &assentv1.GetCheckpointRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"assent.yaml": "keys: assent.keys\n", "mailgun.secret": "0123456789abcdef0123456789abcdef\n", "address.txt": "bert@example.com\n", "ledger.vkey": checkpoint.GetCheckpoint().GetVerifierKey() + "\n",
		"sent.csv":         "address,outcome\nanna@example.com,sent\nbert@example.com,released\n",
		"unsubscribes.csv": "address,tags,created_at\nbert@example.com,offers,\n", "customers.csv": "E-Mail;Grund\nbert@example.com;Hard Bounce\n",
		"bounce.eml": bounceMail, "suppression_bounces.csv": "status,reason,email,created\n5.1.1,gone,bert@example.com,1700000000\n",
	} {
		if err := os.WriteFile(filepath.Join(db.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte("bert@example.com"))
	writeGzip(t, filepath.Join(db.dir, "opt-outs.txt.gz"), fmt.Appendf(nil, "%x\n", digest))
	if err := os.WriteFile(filepath.Join(db.dir, "ecg-liste.hash"), digest[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	symlink(t, "../../examples/acme/audience.csv", filepath.Join(db.dir, "audience.csv"))
	for _, folder := range []string{"lists", "bounces/new", "bounces/cur"} {
		if err := os.MkdirAll(filepath.Join(db.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(db.dir, "bounces/new/1.mx"), []byte(bounceMail), 0o600); err != nil {
		t.Fatal(err)
	}
	clients := assentv1.NewClientServiceClient(dial(t, r.GRPC, r.key))
	keys := map[string]string{}
	for _, id := range []string{"mailer-sync", "crm-sync"} {
		made, err := clients.CreateClient(t.Context(), &assentv1.CreateClientRequest{Id: id, Role: "sync", AllDepartments: true})
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = made.GetApiKey()
	}
	few := wholeExample(t)
	few.rows = few.rows[:1000]
	few.writeTo(t, filepath.Join(db.dir, "events.csv.gz"))
	number := numberOf(t, must(t, r, "cases", "open", "anna@example.com", "--kind", "complaint", "--department", "marketing", "--text", "Why?"))
	access := numberOf(t, must(t, r, "cases", "open", "anna@example.com", "--kind", "access", "--received", time.Now().AddDate(0, 0, -2).Format(time.RFC3339)))
	for _, example := range examples {
		if strings.HasPrefix(example, "assent cases extend") { // A request of a person who was told since it came.
			example = strings.ReplaceAll(example, exampleCase, access)
			example = timeInExample().ReplaceAllString(example, time.Now().AddDate(0, 0, -1).Format(time.RFC3339))
		}
		example = fromToday(t, strings.ReplaceAll(example, exampleCase, number))
		if strings.Contains(example, "--consumer mailer") { // Which reads as the client that the consumer belongs to.
			runAsWritten(t, db.dir, append(slices.Clone(env), "ASSENT_API_KEY="+keys["mailer-sync"]), example)
			continue
		}
		runAsWritten(t, db.dir, env, example)
	}
}

// exampleCase is the number of the case in examples.
const exampleCase = "2026-000123"

// numberOf returns the number of the case that a command says it opened.
func numberOf(t *testing.T, said string) string {
	t.Helper()
	number := regexp.MustCompile(`[0-9]{4}-[0-9]{6}`).FindString(said)
	if number == "" {
		t.Fatalf("no number of a case in %q", said)
	}
	return number
}

// fromToday returns an example with its times moved as if it had been written today: those of what is planned lie ahead.
func fromToday(t *testing.T, example string) string {
	t.Helper()
	if !strings.HasPrefix(example, "assent sends") && !strings.HasPrefix(example, "assent cases resubmit") && !strings.HasPrefix(example, "assent desks") {
		return example
	}
	written := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	days := int(time.Since(written) / (24 * time.Hour))
	return timeInExample().ReplaceAllStringFunc(example, func(at string) string {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		return when.AddDate(0, 0, days).Format(time.RFC3339)
	})
}

// timeInExample finds the times of an example.
func timeInExample() *regexp.Regexp {
	return regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2})`)
}

// bounceMail is a mail that came back.
const bounceMail = "From: MAILER-DAEMON@mx.example\nDate: Mon, 30 Nov 2026 18:00:00 +0000\nMessage-ID: <1@mx.example>\n" +
	"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\n"

func writeGzip(t *testing.T, path string, data []byte) {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, packed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}
