package provider

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/token"
)

// The token that a sender gives a provider as metadata comes back with an event of each of them, and fits where docs/providers.md says.
func TestRead_LinkAsMetadata_ComesBack(t *testing.T) {
	k, err := seal.Create(filepath.Join(t.TempDir(), "test.keys"))
	if err != nil {
		t.Fatal(err)
	}
	reader := NewReader()
	for _, link := range []token.Link{
		{Subject: [16]byte{1, 2, 3}, Channel: "newsletter", Decided: 1_764_000_000},
		{Address: "maximilian.muster@there.example", Channel: "customer-newsletter-eu", Decided: 1_764_000_000},
	} {
		text, err := token.NewLink(k, &link)
		if err != nil {
			t.Fatal(err)
		}
		const least, most = 65, 103
		if len(text) < least || len(text) > most {
			t.Errorf("the token has %d characters; docs/providers.md says %d to %d", len(text), least, most)
		}
		for kind, body := range map[Kind]string{
			SES:       `{"eventType":"Bounce","mail":{"tags":{"assent_token":["TOKEN"]}},"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"a@there.example"}],"feedbackId":"f"}}`,
			SendGrid:  `[{"event":"spamreport","email":"a@there.example","assent_token":"TOKEN","sg_event_id":"1"}]`,
			Mailgun:   `{"event-data":{"event":"complained","recipient":"a@there.example","user-variables":{"assent_token":"TOKEN"}}}`,
			Postmark:  `{"RecordType":"SpamComplaint","ID":1,"Email":"a@there.example","Tag":"TOKEN","Metadata":{"x":"y"}}`,
			Brevo:     `{"event":"spam","email":"a@there.example","X-Mailin-custom":"assent_token:TOKEN"}`,
			Mailjet:   `{"event":"spam","email":"a@there.example","Payload":"TOKEN"}`,
			SparkPost: `[{"msys":{"message_event":{"type":"spam_complaint","raw_rcpt_to":"a@there.example","event_id":"1","rcpt_meta":{"assent_token":"TOKEN"}}}}]`,
			Mandrill:  `[{"event":"spam","_id":"1","msg":{"email":"a@there.example","metadata":{"assent_token":"TOKEN"}}}]`,
			Resend:    `{"type":"email.complained","data":{"to":["a@there.example"],"email_id":"1","tags":{"assent_token":"TOKEN"}}}`,
		} {
			items, err := reader.Read(kind, []byte(strings.ReplaceAll(body, "TOKEN", text)))
			if err != nil || len(items) != 1 || len(items[0].Report.Tokens) != 1 {
				t.Errorf("%s: %+v, %v", kind, items, err)
				continue
			}
			one := items[0].Report.Tokens[0]
			if got, err := token.ReadLink(k, one.Text); err != nil || *got != link || one.Found != intake.InMetadata {
				t.Errorf("%s: %+v, %v", kind, got, err)
			}
		}
	}
}
