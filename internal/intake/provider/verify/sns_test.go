package verify

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/provider"
)

const (
	host    = "sns.eu-central-1.amazonaws.com"
	arn     = "arn:aws:sns:eu-central-1:123456789012:feedback"
	certURL = "https://" + host + "/SimpleNotificationService-0123456789abcdef.pem"
)

// now is when the requests of the tests arrive.
func now() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

// A mint is a certificate authority with a server that stands for SNS.
type mint struct {
	t       *testing.T
	key     *rsa.PrivateKey
	pages   map[string][]byte // by path
	status  map[string]int
	fetched atomic.Int32

	transport *http.Transport
	fetcher   *Fetcher
}

// newMint starts a server that proves by TLS that it is SNS, under an authority of its own, and has the certificate of a new key.
func newMint(t *testing.T) *mint {
	t.Helper()
	m := &mint{t: t, key: newKey(t), pages: map[string][]byte{}, status: map[string]int{}}
	authority, authorityKey := certificateOf(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(m.serve))
	leaf, leafKey := certificateOf(t, &x509.Certificate{DNSNames: []string{host, "sns.cn-north-1.amazonaws.com.cn"}}, authority, authorityKey)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey}}, MinVersion: tls.VersionTLS12}
	// A client that does not trust the server is part of a test.
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	m.transport = transportOf(t, server, roots)
	m.fetcher = NewFetcher(&http.Client{Transport: m.transport})
	m.put("/SimpleNotificationService-0123456789abcdef.pem", m.key, time.Hour)
	return m
}

// transportOf returns a transport for which every host is the server.
func transportOf(t *testing.T, server *httptest.Server, roots *x509.CertPool) *http.Transport {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (m *mint) serve(w http.ResponseWriter, r *http.Request) {
	m.fetched.Add(1)
	if status := m.status[r.URL.Path]; status != 0 {
		w.Header().Set("Location", certURL)
		w.WriteHeader(status)
		return
	}
	page, ok := m.pages[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Write(page) //nolint:errcheck // A client that is gone fails its own test.
}

// put makes a certificate of a key at a path, which is valid for so long after now.
func (m *mint) put(path string, key crypto.Signer, valid time.Duration) {
	m.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: now().Add(-24 * time.Hour), NotAfter: now().Add(valid),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		m.t.Fatal(err)
	}
	m.pages[path] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certificateOf makes a certificate for TLS, signed by a parent or by itself. It is valid at the time of this computer, which TLS asks.
func certificateOf(t *testing.T, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(2), pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func (m *mint) source() *Source {
	m.t.Helper()
	source, err := New(Settings{
		Kind: provider.SES, Certificates: m.fetcher,
		Topics: []string{arn, "arn:aws-cn:sns:cn-north-1:123456789012:feedback", "arn:aws:sns:us-east-1:123456789012:feedback"},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return source
}

// notification is a message of SNS before it is signed.
func notification() map[string]any {
	return map[string]any{
		"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": arn, "Timestamp": "2026-11-30T11:59:59.000Z",
		"Message":          `{"eventType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"anna@there.example"}],"feedbackId":"f"}}`,
		"SignatureVersion": "2", "SigningCertURL": certURL, "UnsubscribeURL": "https://" + host + "/?Action=Unsubscribe",
	}
}

func confirmation() map[string]any {
	message := notification()
	message["Type"], message["Token"], message["Message"] = "SubscriptionConfirmation", "token", "You have chosen to subscribe"
	message["SubscribeURL"] = "https://" + host + "/?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=token"
	delete(message, "UnsubscribeURL")
	return message
}

// signSNS puts the signature into a message, by the description of SNS and not by the code that is tested.
func signSNS(t testing.TB, key *rsa.PrivateKey, message map[string]any) {
	t.Helper()
	var text string
	for _, name := range []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		if value, ok := message[name].(string); ok {
			text += name + "\n" + value + "\n"
		}
	}
	kind, digest := crypto.SHA256, sum256(text)
	if message["SignatureVersion"] == "1" {
		old := sha1.Sum([]byte(text))
		kind, digest = crypto.SHA1, old[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, kind, digest)
	if err != nil {
		t.Fatal(err)
	}
	message["Signature"] = base64.StdEncoding.EncodeToString(signature)
}

func sum256(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// requestOf is the request by which SNS sends a message.
func requestOf(t testing.TB, message map[string]any) *Request {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, member := range map[string]string{"X-Amz-Sns-Message-Type": "Type", "X-Amz-Sns-Message-Id": "MessageId", "X-Amz-Sns-Topic-Arn": "TopicArn"} {
		if value, ok := message[member].(string); ok {
			header.Set(name, value)
		}
	}
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	return &Request{Method: http.MethodPost, Header: header, Body: body}
}

// text returns a member of a message.
func text(message map[string]any, name string) string {
	value, _ := message[name].(string)
	return value
}

// wantRefusal checks that an error is a refusal with a status and a reason.
func wantRefusal(t *testing.T, got *Delivery, err error, status int, reason provider.Reason) {
	t.Helper()
	var refusal *provider.Refusal
	if !errors.As(err, &refusal) || refusal.Status != status || refusal.Reason != reason || got != nil {
		t.Errorf("Verify = %+v, %v; want the status %d for %s", got, err, status, reason)
	}
}

func TestSNS_SignedByAKeyOfSNS_IsDelivered(t *testing.T) {
	m := newMint(t)
	source := m.source()
	for name, change := range map[string]func(map[string]any){
		"version 2":         func(map[string]any) {},
		"version 1":         func(x map[string]any) { x["SignatureVersion"] = "1" },
		"with a subject":    func(x map[string]any) { x["Subject"] = "Bounce" },
		"an empty subject":  func(x map[string]any) { x["Subject"] = "" },
		"subject null":      func(x map[string]any) { x["Subject"] = nil },
		"days old, redrive": func(x map[string]any) { x["Timestamp"] = "2026-11-16T00:00:00.000Z" },
		"signs of JSON":     func(x map[string]any) { x["Message"] = "a\n\"b\" \u2028 <ü>" },
		"attributes":        func(x map[string]any) { x["MessageAttributes"] = map[string]any{"a": map[string]any{"Type": "String"}} },
	} {
		t.Run(name, func(t *testing.T) {
			message := notification()
			change(message)
			signSNS(t, m.key, message)
			got, err := Verify(t.Context(), source, requestOf(t, message), now())
			want := &Delivery{Body: []byte(text(message, "Message"))}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Verify: %v\n%s", err, diff)
			}
		})
	}
	if got := m.fetched.Load(); got != 1 {
		t.Errorf("the certificate was fetched %d times, want once", got)
	}
}

func TestSNS_Forged_IsRefused(t *testing.T) {
	m := newMint(t)
	source := m.source()
	other := newKey(t)
	m.put("/SimpleNotificationService-expired.pem", m.key, -time.Hour)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m.put("/SimpleNotificationService-elliptical.pem", elliptical, time.Hour)
	m.pages["/SimpleNotificationService-page.pem"] = []byte("<html>not found</html>")
	at := func(path string) string { return "https://" + host + path }
	for name, c := range map[string]struct {
		before func(map[string]any) // before it is signed
		after  func(map[string]any) // after it is signed
		key    *rsa.PrivateKey
		reason provider.Reason
	}{
		"body altered":          {after: func(x map[string]any) { x["Message"] = `{"eventType":"Send"}` }, reason: provider.BadSignature},
		"subject added":         {after: func(x map[string]any) { x["Subject"] = "new" }, reason: provider.BadSignature},
		"time altered":          {after: func(x map[string]any) { x["Timestamp"] = "2026-11-30T12:00:00.000Z" }, reason: provider.BadSignature},
		"key of another owner":  {key: other, reason: provider.BadSignature},
		"another topic":         {before: func(x map[string]any) { x["TopicArn"] = arn + "2" }, reason: provider.OtherTopic},
		"another account":       {before: func(x map[string]any) { x["TopicArn"] = strings.Replace(arn, "123456789012", "210987654321", 1) }, reason: provider.OtherTopic},
		"no topic":              {before: func(x map[string]any) { delete(x, "TopicArn") }, reason: provider.OtherTopic},
		"a topic in a list":     {before: func(x map[string]any) { x["TopicArn"] = []string{arn} }, reason: provider.OtherTopic},
		"no signature":          {after: func(x map[string]any) { delete(x, "Signature") }, reason: provider.NoSignature},
		"signature no base64":   {after: func(x map[string]any) { x["Signature"] = "***" }, reason: provider.NoSignature},
		"version 3":             {after: func(x map[string]any) { x["SignatureVersion"] = "3" }, reason: provider.BadSignature},
		"no version":            {after: func(x map[string]any) { delete(x, "SignatureVersion") }, reason: provider.BadSignature},
		"version 1 called 2":    {before: func(x map[string]any) { x["SignatureVersion"] = "1" }, after: func(x map[string]any) { x["SignatureVersion"] = "2" }, reason: provider.BadSignature},
		"type unknown":          {before: func(x map[string]any) { x["Type"] = "Bounce" }, reason: provider.Unreadable},
		"no message":            {before: func(x map[string]any) { delete(x, "Message") }, reason: provider.Unreadable},
		"certificate expired":   {after: func(x map[string]any) { x["SigningCertURL"] = at("/SimpleNotificationService-expired.pem") }, reason: provider.BadSignature},
		"certificate of EC":     {after: func(x map[string]any) { x["SigningCertURL"] = at("/SimpleNotificationService-elliptical.pem") }, reason: provider.BadSignature},
		"no certificate":        {after: func(x map[string]any) { x["SigningCertURL"] = at("/SimpleNotificationService-page.pem") }, reason: provider.BadURL},
		"certificate not there": {after: func(x map[string]any) { x["SigningCertURL"] = at("/SimpleNotificationService-0.pem") }, reason: provider.BadURL},
	} {
		t.Run(name, func(t *testing.T) {
			message := notification()
			if c.before != nil {
				c.before(message)
			}
			key := m.key
			if c.key != nil {
				key = c.key
			}
			signSNS(t, key, message)
			if c.after != nil {
				c.after(message)
			}
			got, err := Verify(t.Context(), source, requestOf(t, message), now())
			wantRefusal(t, got, err, http.StatusUnauthorized, c.reason)
		})
	}
}

func TestSNS_CertificateFromElsewhere_IsNotFetched(t *testing.T) {
	m := newMint(t)
	source := m.source()
	for _, address := range []string{
		"", "https://evil.example/SimpleNotificationService.pem", "https://s3.amazonaws.com/bucket/SimpleNotificationService.pem",
		"https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem", "http://" + host + "/SimpleNotificationService.pem",
		"https://" + host + ".evil.example/SimpleNotificationService.pem", "https://" + host + ":8443/SimpleNotificationService.pem",
		"https://" + host + "@evil.example/SimpleNotificationService.pem", "https://user@" + host + "/SimpleNotificationService.pem",
		"https://evil.example#" + host + "/SimpleNotificationService.pem", "https://" + host + "/SimpleNotificationService.pem?x=https://evil.example",
		"https://" + host + "/../SimpleNotificationService.pem", "https://" + host + "/bucket/SimpleNotificationService.pem",
		"https://" + host + "/SimpleNotificationService-%2e%2e.pem", "https://" + host + "/SimpleNotificationService.pem.exe",
		"https://" + host + "/evil.pem", "https://SNS.eu-central-1.amazonaws.com.cn/SimpleNotificationService.pem", "//" + host + "/SimpleNotificationService.pem",
		"https://sns.eu-central-1.amazonaws.com.cn/SimpleNotificationService.pem", "https://xsns.eu-central-1.amazonaws.com/SimpleNotificationService.pem",
	} {
		message := notification()
		message["SigningCertURL"] = address
		signSNS(t, m.key, message)
		got, err := Verify(t.Context(), source, requestOf(t, message), now())
		if t.Run(address, func(t *testing.T) { wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadURL) }); t.Failed() {
			return
		}
	}
	if got := m.fetched.Load(); got != 0 {
		t.Errorf("%d certificates were fetched, want none", got)
	}
}

func TestSNS_CertificateOfAnotherRegionThanTheTopic_IsRefused(t *testing.T) {
	m := newMint(t)
	message := notification()
	message["TopicArn"] = "arn:aws:sns:us-east-1:123456789012:feedback"
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadURL)
}

func TestSNS_TopicInChina_HasItsOwnHost(t *testing.T) {
	m := newMint(t)
	message := notification()
	message["TopicArn"] = "arn:aws-cn:sns:cn-north-1:123456789012:feedback"
	message["SigningCertURL"] = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123456789abcdef.pem"
	signSNS(t, m.key, message)
	if got, err := Verify(t.Context(), m.source(), requestOf(t, message), now()); err != nil || got.Body == nil {
		t.Errorf("Verify = %+v, %v", got, err)
	}
}

func TestSNS_UnexpectedTopic_FetchesNothing(t *testing.T) {
	m := newMint(t)
	message := confirmation()
	message["TopicArn"] = "arn:aws:sns:eu-central-1:210987654321:feedback"
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	wantRefusal(t, got, err, http.StatusUnauthorized, provider.OtherTopic)
	if m.fetched.Load() != 0 {
		t.Error("a certificate was fetched for a topic that is not expected")
	}
}

func TestSNS_HeaderThatDiffersFromTheBody_IsRefused(t *testing.T) {
	m := newMint(t)
	for _, name := range []string{"x-amz-sns-message-type", "x-amz-sns-message-id", "x-amz-sns-topic-arn"} {
		for _, value := range []string{"", "SubscriptionConfirmation"} {
			message := notification()
			signSNS(t, m.key, message)
			request := requestOf(t, message)
			request.Header.Set(name, value)
			got, err := Verify(t.Context(), m.source(), request, now())
			wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadHeader)
		}
	}
}

func TestSNS_Confirmation_IsHandedToTheCaller(t *testing.T) {
	m := newMint(t)
	message := confirmation()
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	want := &Delivery{Confirm: text(message, "SubscribeURL")}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Verify: %v\n%s", err, diff)
	}
	if got := m.fetched.Load(); got != 1 {
		t.Errorf("%d requests were made, want only that for the certificate", got)
	}
}

func TestSNS_ConfirmationThatLeadsElsewhere_IsRefused(t *testing.T) {
	m := newMint(t)
	for _, address := range []string{
		"", "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=t", "http://" + host + "/?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=t",
		"https://" + host + "/?Action=DeleteTopic&TopicArn=" + arn + "&Token=t", "https://" + host + "/?Action=ConfirmSubscription&TopicArn=" + arn + "2&Token=t",
		"https://" + host + "/?Action=ConfirmSubscription&TopicArn=" + arn, "https://" + host + "/path?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=t",
	} {
		message := confirmation()
		message["SubscribeURL"] = address
		signSNS(t, m.key, message)
		got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
		wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadURL)
	}
	altered := confirmation()
	signSNS(t, m.key, altered)
	altered["SubscribeURL"] = "https://evil.example/"
	got, err := Verify(t.Context(), m.source(), requestOf(t, altered), now())
	wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadSignature)
}

func TestSNS_EndOfTheSubscription_IsTold(t *testing.T) {
	m := newMint(t)
	message := confirmation()
	message["Type"] = "UnsubscribeConfirmation"
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	if err != nil || !got.Ended || got.Confirm != "" || got.Body != nil {
		t.Errorf("Verify = %+v, %v; want the end and nothing to confirm", got, err)
	}
}

func TestSNS_RawDelivery_IsRefused(t *testing.T) {
	m := newMint(t)
	request := &Request{Method: http.MethodPost, Header: http.Header{}, Body: []byte(`{"eventType":"Complaint"}`)}
	request.Header.Set("x-amz-sns-rawdelivery", "true")
	got, err := Verify(t.Context(), m.source(), request, now())
	wantRefusal(t, got, err, http.StatusUnauthorized, provider.NoSignature)
}

func TestSNS_TextMessage_IsReadAsIgnored(t *testing.T) {
	m := newMint(t)
	message := notification()
	message["Message"] = "Successfully validated SNS topic for Amazon SES event publishing."
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	if err != nil {
		t.Fatal(err)
	}
	items, err := provider.NewReader().Read(provider.SES, got.Body)
	if err != nil || len(items) != 1 || items[0].Report.Kind != intake.Ignored {
		t.Errorf("Read = %+v, %v; want one that is ignored", items, err)
	}
}

func TestSNS_MemberInAnotherCase_IsNotTaken(t *testing.T) {
	m := newMint(t)
	message := notification()
	signSNS(t, m.key, message)
	more := maps.Clone(message)
	more["message"] = `{"eventType":"Complaint"}`
	got, err := Verify(t.Context(), m.source(), requestOf(t, more), now())
	if err != nil || string(got.Body) != message["Message"] {
		t.Errorf("Verify = %+v, %v; want the signed message", got, err)
	}
}
