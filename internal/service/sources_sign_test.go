package service

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // What Mandrill signs with.
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/sources"
)

const (
	snsTopic    = "arn:aws:sns:eu-central-1:123456789012:feedback"
	snsHost     = "sns.eu-central-1.amazonaws.com"
	mandrillURL = "https://consent.example/hooks/mandrill"
	ownSecret   = "0123456789abcdef0123456789abcdef"
)

// signer makes the requests of a provider as its documents describe them, and not by the code that is tested.
type signer struct {
	t        testing.TB
	sendgrid *ecdsa.PrivateKey
	sns      *rsa.PrivateKey

	mu      sync.Mutex
	fetched []string // URLs that were fetched of SNS
	status  int      // that SNS answers a confirmation with
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	s := &signer{t: t, status: http.StatusOK}
	var err error
	if s.sendgrid, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if s.sns, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	return s
}

// RoundTrip stands for SNS, with a certificate of its key.
func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = append(s.fetched, r.URL.String())
	answer := &http.Response{StatusCode: s.status, Header: http.Header{}, Body: http.NoBody, Request: r}
	if strings.HasSuffix(r.URL.Path, ".pem") {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: start.Add(-time.Hour),
			NotAfter: start.Add(30 * 24 * time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, s.sns.Public(), s.sns)
		if err != nil {
			return nil, err
		}
		answer.StatusCode = http.StatusOK
		answer.Body = io.NopCloser(bytes.NewReader(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}
	return answer, nil
}

// source returns what creates a source of a kind; its id is the kind.
func (s *signer) source(kind provider.Kind) sources.NewSource {
	n := sources.NewSource{ID: string(kind), Kind: kind, Client: "mailer"}
	switch kind {
	case provider.SES:
		n.Topics = []string{snsTopic}
	case provider.SendGrid:
		der, err := x509.MarshalPKIXPublicKey(s.sendgrid.Public())
		if err != nil {
			s.t.Fatal(err)
		}
		n.Secret = base64.StdEncoding.EncodeToString(der)
	case provider.Mandrill:
		n.Secret, n.URL = ownSecret, mandrillURL
	case provider.Resend:
		n.Secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(ownSecret))
	case provider.Mailgun:
		n.Secret = ownSecret
	case provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost:
	}
	return n
}

// complaint is the body of an event: the person called the message with a token spam.
func complaintOf(kind provider.Kind, id, address, token string, at time.Time) string {
	switch kind {
	case provider.SES:
		return fmt.Sprintf(`{"eventType":"Complaint","complaint":{"feedbackId":%q,"complaintFeedbackType":"abuse","timestamp":%q,
			"complainedRecipients":[{"emailAddress":%q}]},"mail":{"messageId":%q,"destination":[%q],"tags":{"assent_token":[%q]}}}`,
			id, at.UTC().Format(time.RFC3339), address, id, address, token)
	case provider.SendGrid:
		return fmt.Sprintf(`[{"email":%q,"event":"spamreport","timestamp":%d,"sg_event_id":%q,"assent_token":%q}]`, address, at.Unix(), id, token)
	case provider.Mailgun:
		return fmt.Sprintf(`{"event":"complained","id":%q,"timestamp":%d,"recipient":%q,"user-variables":{"assent_token":%q}}`, id, at.Unix(), address, token)
	case provider.Postmark:
		return fmt.Sprintf(`{"RecordType":"SpamComplaint","ID":%d,"Type":"SpamComplaint","TypeCode":512,"Email":%q,"BouncedAt":%q,"MessageID":%q,
			"Metadata":{"assent_token":%q}}`, len(id), address, at.UTC().Format(time.RFC3339), id, token)
	case provider.Brevo:
		return fmt.Sprintf(`{"event":"spam","email":%q,"id":1,"ts_epoch":%d,"message-id":%q,"X-Mailin-custom":"assent_token:%s"}`,
			address, at.UnixMilli(), "<"+id+"@brevo.example>", token)
	case provider.Mailjet:
		return fmt.Sprintf(`[{"event":"spam","time":%d,"MessageID":19421777835146490,"Message_GUID":%q,"email":%q,"Payload":%q}]`, at.Unix(), id, address, token)
	case provider.SparkPost:
		return fmt.Sprintf(`[{"msys":{"message_event":{"type":"spam_complaint","event_id":%q,"rcpt_to":%q,"timestamp":"%d","rcpt_meta":{"assent_token":%q}}}}]`,
			id, address, at.Unix(), token)
	case provider.Mandrill:
		return fmt.Sprintf(`[{"event":"spam","_id":%q,"ts":%d,"msg":{"_id":%q,"email":%q,"metadata":{"assent_token":%q}}}]`, id, at.Unix(), id, address, token)
	case provider.Resend:
		return fmt.Sprintf(`{"type":"email.complained","created_at":%q,"data":{"email_id":%q,"to":[%q],"tags":{"assent_token":%q}}}`,
			at.UTC().Format(time.RFC3339), id, address, token)
	}
	return ""
}

func hmac256(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// request signs a body as the provider of a source does, at a time.
func (s *signer) request(made *sources.Created, body string, at time.Time) *http.Request {
	seconds := strconv.FormatInt(at.Unix(), 10)
	header := http.Header{}
	switch made.Source.Kind {
	case provider.SES:
		return s.snsRequest(made, map[string]any{"Type": "Notification", "Message": body}, at)
	case provider.SendGrid:
		sum := sha256.Sum256([]byte(seconds + body))
		signature, err := ecdsa.SignASN1(rand.Reader, s.sendgrid, sum[:])
		if err != nil {
			s.t.Fatal(err)
		}
		header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
		header.Set("X-Twilio-Email-Event-Webhook-Timestamp", seconds)
	case provider.Mailgun:
		token := hex.EncodeToString(hmac256("token", body))
		body = mailgunBody(seconds, token, body)
	case provider.Mandrill:
		mac := hmac.New(sha1.New, []byte(ownSecret))
		mac.Write([]byte(mandrillURL + "mandrill_events" + body))
		header.Set("X-Mandrill-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		body = url.Values{"mandrill_events": {body}}.Encode()
	case provider.Resend:
		header.Set("Svix-Id", "msg_1")
		header.Set("Svix-Timestamp", seconds)
		header.Set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(hmac256(ownSecret, "msg_1."+seconds+"."+body)))
	case provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost:
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(made.Source.User+":"+made.Secret)))
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://consent.example"+made.Source.Path, strings.NewReader(body))
	r.Header = header
	return r
}

func mailgunBody(seconds, token, event string) string {
	return fmt.Sprintf(`{"signature":{"timestamp":%q,"token":%q,"signature":%q},"event-data":%s}`, seconds, token,
		hex.EncodeToString(hmac256(ownSecret, seconds+token)), event)
}

// snsRequest signs a message of SNS.
func (s *signer) snsRequest(made *sources.Created, message map[string]any, at time.Time) *http.Request {
	message["MessageId"], message["TopicArn"] = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", snsTopic
	message["Timestamp"], message["SignatureVersion"] = at.UTC().Format("2006-01-02T15:04:05.000Z"), "2"
	message["SigningCertURL"] = "https://" + snsHost + "/SimpleNotificationService-0123456789abcdef.pem"
	text := ""
	for _, name := range []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		if value, ok := message[name].(string); ok {
			text += name + "\n" + value + "\n"
		}
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.sns, crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	message["Signature"] = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(message)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://consent.example"+made.Source.Path, bytes.NewReader(body))
	for name, member := range map[string]string{"X-Amz-Sns-Message-Type": "Type", "X-Amz-Sns-Message-Id": "MessageId", "X-Amz-Sns-Topic-Arn": "TopicArn"} {
		r.Header.Set(name, fmt.Sprint(message[member]))
	}
	return r
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
