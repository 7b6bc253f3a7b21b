package tour

import (
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/message"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// token has the form of the token of a link.
const token = "1w2xBHVqP2XYsp99EwMutWmwmSweQQBNGZR7UMLV4tYTZie6G_dY-RCC0RXX4optG"

func sample() *Tour {
	return &Tour{
		GRPC: "127.0.0.1:50051", HTTP: "127.0.0.1:8080", Hint: " Add --server 127.0.0.1:50051.", Channel: "newsletter", Tool: "tool", Agency: "agency",
		KeyFile: "/tmp/demo/agency.key", Mailbox: "mailbox@example.at", Token: token, Bounce: "/tmp/demo/bounce.eml", Case: "2026-000001", Complainer: "anna@example.at",
	}
}

func TestBounceMail_IsAHardBounceOfTheMailbox(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	reader := mail.New(mail.Settings{Limits: message.DefaultLimits()})
	got, err := reader.Read(mail.Envelope{From: "<>", To: []string{"bounces@acme.example"}}, strings.NewReader(string(sample().BounceMail(at))))
	if err != nil || len(got.Reports) != 1 {
		t.Fatalf("got %+v (%v)", got, err)
	}
	r := got.Reports[0]
	if r.Kind != intake.Bounce || r.Address != "mailbox@example.at" || r.Status != "5.1.1" || len(r.Tokens) != 1 || r.Tokens[0].Text != token {
		t.Errorf("got %+v", r)
	}
}

func TestText_NamesEverythingThatThereIs(t *testing.T) {
	text := sample().Text()
	for _, want := range []string{
		"http://127.0.0.1:8080/u/" + token + "\n", "curl -s http://127.0.0.1:8080/u/" + token + " -d List-Unsubscribe=One-Click",
		"assent intake mail /tmp/demo/bounce.eml\n  assent check mailbox@example.at --channel newsletter\n", "--key-file /tmp/demo/agency.key",
		"assent cases close 2026-000001 --outcome rule_wrong --objection marketing\n  assent check anna@example.at --channel product-marketing\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.ContainsAny(strings.ReplaceAll(text, `-d '{"address": "zoe.huber@t-online.de", "channel": "product-marketing"}'`, ""), "{}") {
		t.Errorf("something was not filled in:\n%s", text)
	}
}
