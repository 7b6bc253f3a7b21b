package mail

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/token"
)

func keys(t *testing.T) *seal.Keys {
	t.Helper()
	k, err := seal.Create(filepath.Join(t.TempDir(), "test.keys"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// links are of the kinds that messages have: by subject and by address, with a short channel and a long one.
func links() []token.Link {
	return []token.Link{
		{Subject: [16]byte{1, 2, 3}, Channel: "newsletter", Decided: 1_764_000_000},
		{Subject: [16]byte{4}, Channel: "customer-newsletter-eu", Decided: 1_764_000_000},
		{Address: "maximilian.muster@there.example", Channel: "customer-newsletter-eu", Decided: 1_764_000_000},
	}
}

// found reports whether one of the tokens, found there, names the link.
func found(t *testing.T, k *seal.Keys, tokens []intake.Token, place intake.Place, want *token.Link) bool {
	t.Helper()
	for _, one := range tokens {
		if link, err := token.ReadLink(k, one.Text); err == nil && one.Found == place && *link == *want {
			return true
		}
	}
	return false
}

// What the sender writes into a message is found in what comes back, wherever a server left it.
func TestRead_LinksOfMessages_AreReadFromWhatComesBack(t *testing.T) {
	k := keys(t)
	for _, link := range links() {
		text, err := token.NewLink(k, &link)
		if err != nil {
			t.Fatal(err)
		}
		folded := text[:40] + "\r\n " + text[40:]
		for field, place := range map[string]intake.Place{
			"Assent-Token: " + text: intake.InHeader, "Assent-Token: " + folded: intake.InHeader, "Message-ID: <" + text + "@acme.example>": intake.InMessageID,
			"List-Unsubscribe: <https://mail.acme.example/u/" + folded + ">":     intake.InUnsubscribe,
			"List-Unsubscribe: <mailto:leave@acme.example?subject=" + text + ">": intake.InUnsubscribe,
			"CFBL-Feedback-ID: " + folded:                                        intake.InFeedbackID,
			"Feedback-ID: campaign:" + text + ":acme":                            intake.InFeedbackID,
		} {
			if got := readOne(t, Envelope{}, report(field+"\r\n")); !found(t, k, got.Tokens, place, &link) {
				t.Errorf("%s: %v", field, got.Tokens)
			}
		}
		for _, subject := range []string{text, "unsubscribe " + text, "Re: unsubscribe " + folded} {
			got := readOne(t, Envelope{To: []string{"leave@acme.example"}}, "From: joe@there.example\r\nSubject: "+subject+"\r\n\r\n")
			if got.Kind != intake.Unsubscribe || !found(t, k, got.Tokens, intake.InSubject, &link) {
				t.Errorf("%s: %s %v", subject, got.Kind, got.Tokens)
			}
		}
	}
}

// A report to the return path of a message proves the address that it names, in whatever case a server wrote it.
func TestRead_ReturnPathsOfMessages_ProveTheAddress(t *testing.T) {
	k := keys(t)
	tag := token.NewReturnPath(k, "joe@there.example")
	for _, to := range []string{"bounces+" + tag + "@acme.example", "BOUNCES+" + strings.ToUpper(tag) + "@ACME.EXAMPLE"} {
		mail := strings.Replace(report("X-A: b\r\n"), "To: bounces@acme.example", "To: "+to, 1)
		for name, envelope := range map[string]Envelope{"header": {}, "alias": {To: []string{"intake@acme.example"}}, "envelope": {To: []string{to}}} {
			got := readOne(t, envelope, mail)
			if len(got.Tokens) != 1 || got.Tokens[0].Found != intake.InReturnPath || !token.IsReturnPath(k, got.Tokens[0].Text, got.Address) ||
				token.IsReturnPath(k, got.Tokens[0].Text, "ann@there.example") {
				t.Errorf("%s, %s: %s %v", to, name, got.Address, got.Tokens)
			}
		}
	}
}
