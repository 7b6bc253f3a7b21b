package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
)

func asRefusal(err error, refusal **provider.Refusal) bool { return errors.As(err, refusal) }

// noCertificates has no certificate at any URL.
type noCertificates struct{}

func (noCertificates) Certificate(context.Context, string, time.Time) (*x509.Certificate, error) {
	return nil, refuse(provider.BadURL, "none")
}

// sources returns a source of each kind.
func sources(t testing.TB) map[provider.Kind]*Source {
	t.Helper()
	_, key := sendgridKey(t)
	password := [][]byte{[]byte("a password of the source")}
	all := map[provider.Kind]*Source{
		provider.SES:      newSource(t, Settings{Kind: provider.SES, Topics: []string{arn}, Certificates: noCertificates{}}),
		provider.SendGrid: newSource(t, Settings{Kind: provider.SendGrid, Secrets: [][]byte{key}}),
		provider.Mailgun:  newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(mailgunSecret)}}),
		provider.Mandrill: newSource(t, Settings{Kind: provider.Mandrill, URL: mandrillURL, Secrets: [][]byte{[]byte(mandrillSecret)}}),
		provider.Resend:   newSource(t, Settings{Kind: provider.Resend, Secrets: [][]byte{[]byte(standardSecret)}}),
	}
	for _, kind := range unsigned() {
		all[kind] = newSource(t, Settings{Kind: kind, User: "assent", Secrets: password})
	}
	return all
}

func TestNew_EachKind_HasASource(t *testing.T) {
	if got := sources(t); len(got) != len(provider.Kinds()) {
		t.Errorf("there are %d sources for %d kinds", len(got), len(provider.Kinds()))
	}
}

func TestVerify_OtherMethods_AreRefused(t *testing.T) {
	for kind, source := range sources(t) {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead, ""} {
			if kind == provider.Mandrill && method == http.MethodHead {
				continue
			}
			got, err := Verify(t.Context(), source, &Request{Method: method, Header: http.Header{}}, now())
			wantRefusal(t, got, err, http.StatusMethodNotAllowed, provider.BadMethod)
		}
	}
}

func TestNew_BadSettings_NameTheFieldAndNoSecret(t *testing.T) {
	long := []byte("secret-that-is-not-shown")
	fetcher := noCertificates{}
	for name, c := range map[string]struct {
		settings Settings
		field    string
	}{
		"no such kind":          {Settings{Kind: "pigeon", Secrets: [][]byte{long}}, "kind"},
		"no secret":             {Settings{Kind: provider.Postmark, User: "assent"}, "secret"},
		"short secret":          {Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte("secret-")}}, "secret"},
		"blank secret":          {Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(strings.Repeat(" ", 40))}}, "secret"},
		"no key of SendGrid":    {Settings{Kind: provider.SendGrid, Secrets: [][]byte{long}}, "secret"},
		"no base64":             {Settings{Kind: provider.Resend, Secrets: [][]byte{[]byte("whsec_secret-secret-secret-secret")}}, "secret"},
		"no user":               {Settings{Kind: provider.Brevo, Secrets: [][]byte{long}}, "user"},
		"user with a colon":     {Settings{Kind: provider.Brevo, User: "a:b", Secrets: [][]byte{long}}, "user"},
		"no address":            {Settings{Kind: provider.Mandrill, Secrets: [][]byte{long}}, "url"},
		"address without TLS":   {Settings{Kind: provider.Mandrill, URL: "http://assent.example/", Secrets: [][]byte{long}}, "url"},
		"SES without topics":    {Settings{Kind: provider.SES, Certificates: fetcher}, "topics"},
		"SES with a secret":     {Settings{Kind: provider.SES, Topics: []string{arn}, Certificates: fetcher, Secrets: [][]byte{long}}, "secret"},
		"an ARN of a queue":     {Settings{Kind: provider.SES, Topics: []string{strings.Replace(arn, "sns", "sqs", 1)}, Certificates: fetcher}, "topics"},
		"an ARN with wildcards": {Settings{Kind: provider.SES, Topics: []string{"arn:aws:sns:*:123456789012:*"}, Certificates: fetcher}, "topics"},
		"a region with a dot":   {Settings{Kind: provider.SES, Topics: []string{"arn:aws:sns:evil.example/:123456789012:x"}, Certificates: fetcher}, "topics"},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := New(c.settings)
			var f *fault.Error
			if !errors.As(err, &f) || source != nil || f.Field != c.field {
				t.Fatalf("New = %v, %v; want a fault of the field %s", source, err, c.field)
			}
			if strings.Contains(err.Error(), "secret-") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// The API of Mailgun shows signing keys as key-55c5…, as it does API keys (documentation.mailgun.com, "Get an account's webhook HTTP signing key").
func TestNew_MailgunSigningKey_MayLookLikeAnAPIKey(t *testing.T) {
	const key = "key-55c5c5c5c55f55ca5cd5f55d5c555c55"
	source := newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(key)}})
	if _, err := Verify(t.Context(), source, post(mailgunBody(key, seconds(now()), "t")), now()); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

// FuzzVerify sends requests without a key: none may be delivered.
func FuzzVerify(f *testing.F) {
	all := sources(f)
	for i := range provider.Kinds() {
		f.Add(uint8(i), "text/plain", "v1,AAAA", []byte(`{"Type":"Notification","TopicArn":"`+arn+`","SigningCertURL":"https://evil.example"}`))
		f.Add(uint8(i), "application/x-www-form-urlencoded", "AAAA", []byte("mandrill_events=%5B%5D&timestamp=1&token=x&signature=00"))
		f.Add(uint8(i), "multipart/form-data; boundary=b", "Basic YTpi", []byte("--b\r\nContent-Disposition: form-data; name=token\r\n\r\nx\r\n--b--"))
		f.Add(uint8(i), "application/json", "Bearer x", []byte(mailgunBody("another", seconds(now()), "t")))
	}
	f.Fuzz(func(t *testing.T, which uint8, contentType, header string, body []byte) {
		kind := provider.Kinds()[int(which)%len(provider.Kinds())]
		request := &Request{Method: http.MethodPost, Header: http.Header{}, Body: body}
		request.Header.Set("Content-Type", contentType)
		for _, name := range []string{
			"Authorization", "X-Mandrill-Signature", "X-Twilio-Email-Event-Webhook-Signature", "svix-signature", "svix-id",
		} {
			request.Header.Set(name, header)
		}
		request.Header.Set("svix-timestamp", seconds(now()))
		request.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", seconds(now()))
		got, err := Verify(t.Context(), all[kind], request, now())
		var refusal *provider.Refusal
		if !errors.As(err, &refusal) || got != nil {
			t.Errorf("%s: Verify = %+v, %v; want a refusal", kind, got, err)
		}
	})
}
