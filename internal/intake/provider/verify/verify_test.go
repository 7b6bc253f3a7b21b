package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func newSource(t testing.TB, settings Settings) *Source {
	t.Helper()
	source, err := New(settings)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func post(body string, header ...string) *Request {
	request := &Request{Method: http.MethodPost, Header: http.Header{}, Body: []byte(body)}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return request
}

func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// sendgridKey returns a key and its form in the console.
func sendgridKey(t testing.TB) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key, []byte(base64.StdEncoding.EncodeToString(der))
}

func sendgridPost(t testing.TB, key *ecdsa.PrivateKey, timestamp, body string) *Request {
	t.Helper()
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum256(timestamp+body))
	if err != nil {
		t.Fatal(err)
	}
	return post(body, "X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature),
		"X-Twilio-Email-Event-Webhook-Timestamp", timestamp)
}

func TestSendGrid_SignedBody_IsDeliveredByteByByte(t *testing.T) {
	key, shown := sendgridKey(t)
	_, older := sendgridKey(t)
	source := newSource(t, Settings{Kind: provider.SendGrid, Secrets: [][]byte{older, shown}})
	for _, body := range []string{
		`[{"event":"open"}]`, "[{\"event\":\"open\"},\r\n{\"event\":\"click\"}\r\n]\r\n", "[ {\"email\":\"gr\u00fcn@there.example\"} ]\n", "[\xff]", "",
	} {
		for _, at := range []time.Time{now(), now().Add(-29 * time.Hour), now().Add(-48 * time.Hour), now().Add(5 * time.Minute)} {
			got, err := Verify(t.Context(), source, sendgridPost(t, key, seconds(at), body), now())
			if err != nil || string(got.Body) != body {
				t.Errorf("Verify of %q = %+v, %v", body, got, err)
			}
		}
	}
}

func TestSendGrid_Forged_IsRefused(t *testing.T) {
	key, shown := sendgridKey(t)
	stranger, _ := sendgridKey(t)
	source := newSource(t, Settings{Kind: provider.SendGrid, Secrets: [][]byte{shown}})
	const body = "[{\"event\":\"open\"}]\r\n"
	signed := func(change func(*Request)) *Request {
		request := sendgridPost(t, key, seconds(now()), body)
		change(request)
		return request
	}
	for name, c := range map[string]struct {
		request *Request
		reason  provider.Reason
	}{
		"line end trimmed":  {signed(func(r *Request) { r.Body = bytes.TrimSpace(r.Body) }), provider.BadSignature},
		"line end added":    {signed(func(r *Request) { r.Body = append(r.Body, "\r\n"...) }), provider.BadSignature},
		"written anew":      {signed(func(r *Request) { r.Body = []byte("[{\"event\": \"open\"}]\r\n") }), provider.BadSignature},
		"time altered":      {signed(func(r *Request) { r.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", seconds(now().Add(-1))) }), provider.BadSignature},
		"key of a stranger": {sendgridPost(t, stranger, seconds(now()), body), provider.BadSignature},
		"late":              {sendgridPost(t, key, seconds(now().Add(-49*time.Hour)), body), provider.TooOld},
		"early":             {sendgridPost(t, key, seconds(now().Add(6*time.Minute)), body), provider.TooOld},
		"no time":           {sendgridPost(t, key, "soon", body), provider.TooOld},
		"no signature":      {post(body, "X-Twilio-Email-Event-Webhook-Timestamp", seconds(now())), provider.NoSignature},
		"no base64":         {signed(func(r *Request) { r.Header.Set("X-Twilio-Email-Event-Webhook-Signature", "?") }), provider.NoSignature},
		"signature of zero": {signed(func(r *Request) { r.Header.Set("X-Twilio-Email-Event-Webhook-Signature", "MAYCAQACAQA=") }), provider.BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, c.request, now())
			wantRefusal(t, got, err, http.StatusUnauthorized, c.reason)
		})
	}
}

// mailgunSecret is a signing key as Mailgun makes them.
const mailgunSecret = "0123456789abcdef0123456789abcdef"

func hmac256(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func mailgunBody(secret, timestamp, token string) string {
	return fmt.Sprintf(`{"signature":{"timestamp":%q,"token":%q,"signature":%q},"event-data":{"event":"complained","recipient":"anna@there.example"}}`,
		timestamp, token, hex.EncodeToString(hmac256(secret, timestamp+token)))
}

func TestMailgun_Signed_IsDeliveredWithItsToken(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte("another-key-of-a-sub-account"), []byte(mailgunSecret)}})
	at := now().Add(-8 * time.Hour)
	body := mailgunBody(mailgunSecret, seconds(at), "token")
	number := strings.Replace(body, strconv.Quote(seconds(at)), seconds(at), 1)
	parent := strings.Replace(body, `"signature":{`, `"signature":{"timestamp":"1","token":"x","signature":"00"},"parent-signature":{`, 1)
	for name, body := range map[string]string{"text": body, "timestamp as number": number, "of the account above": parent} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, post(body, "Content-Type", "application/json"), now())
			want := &Delivery{Body: []byte(body), Once: "token", Until: at.Add(12*time.Hour + time.Minute)}
			if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); err != nil || diff != "" {
				t.Errorf("Verify: %v\n%s", err, diff)
			}
		})
	}
}

func TestMailgun_SameTokenForAnotherBody_HasTheSameOnce(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(mailgunSecret)}})
	body := mailgunBody(mailgunSecret, seconds(now()), "token")
	first, err := Verify(t.Context(), source, post(body), now())
	if err != nil {
		t.Fatal(err)
	}
	forged, err := Verify(t.Context(), source, post(strings.Replace(body, "anna", "bert", 1)), now())
	if err != nil || forged.Once != first.Once || !forged.Until.Equal(first.Until) {
		t.Errorf("Once = %q and %q, %v; want the same, by which the caller drops the second", first.Once, forged.Once, err)
	}
}

func TestMailgun_OlderForm_IsTakenWithTheLastOfEachField(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(mailgunSecret)}})
	timestamp := seconds(now())
	signature := hex.EncodeToString(hmac256(mailgunSecret, timestamp+"token"))
	form := url.Values{
		"event": {"opened", "bounced"}, "recipient": {"anna@there.example"}, "code": {"550"}, "error": {"5.1.1 no such user"},
		"timestamp": {timestamp}, "token": {"token"}, "signature": {signature},
	}
	var parts bytes.Buffer
	writer := multipart.NewWriter(&parts)
	for name, values := range form {
		for _, value := range values {
			if err := writer.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	file, err := writer.CreateFormFile("attachment-1", "message.mime")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("From: a")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]*Request{
		"form":  post(form.Encode(), "Content-Type", "application/x-www-form-urlencoded"),
		"parts": post(parts.String(), "Content-Type", writer.FormDataContentType()),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, request, now())
			if err != nil || got.Once != "token" {
				t.Fatalf("Verify = %+v, %v", got, err)
			}
			items, err := provider.NewReader().Read(provider.Mailgun, got.Body)
			if err != nil || len(items) != 1 || items[0].Report.Class != intake.Hard || items[0].Report.Address != "anna@there.example" {
				t.Errorf("Read = %+v, %v; want a hard bounce of anna", items, err)
			}
		})
	}
}

func TestMailgun_Forged_IsRefusedFor406(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mailgun, Secrets: [][]byte{[]byte(mailgunSecret)}})
	good := mailgunBody(mailgunSecret, seconds(now()), "token")
	for name, c := range map[string]struct {
		request *Request
		reason  provider.Reason
	}{
		"token altered":        {post(strings.Replace(good, `"token":"token"`, `"token":"tokeN"`, 1)), provider.BadSignature},
		"time altered":         {post(strings.Replace(good, seconds(now()), seconds(now().Add(time.Second)), 1)), provider.BadSignature},
		"key of a stranger":    {post(mailgunBody("fedcba9876543210fedcba9876543210", seconds(now()), "token")), provider.BadSignature},
		"late":                 {post(mailgunBody(mailgunSecret, seconds(now().Add(-13*time.Hour)), "token")), provider.TooOld},
		"early":                {post(mailgunBody(mailgunSecret, seconds(now().Add(time.Hour)), "token")), provider.TooOld},
		"digits moved":         {post(mailgunBody(mailgunSecret, seconds(now())[:9], seconds(now())[9:]+"token")), provider.TooOld},
		"no token":             {post(mailgunBody(mailgunSecret, seconds(now()), "")), provider.BadSignature},
		"no hex":               {post(strings.Replace(good, `"signature":"`, `"signature":"x`, 1)), provider.BadSignature},
		"no signature":         {post(`{"event-data":{"event":"complained"}}`), provider.NoSignature},
		"no JSON":              {post("event=complained"), provider.Unreadable},
		"a list":               {post("[" + good + "]"), provider.Unreadable},
		"form, no signature":   {post("event=complained", "Content-Type", "application/x-www-form-urlencoded"), provider.NoSignature},
		"form that is broken":  {post("a=%zz", "Content-Type", "application/x-www-form-urlencoded"), provider.Unreadable},
		"parts without an end": {post("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "Content-Type", "multipart/form-data; boundary=b"), provider.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, c.request, now())
			wantRefusal(t, got, err, http.StatusNotAcceptable, c.reason)
		})
	}
}

const (
	mandrillSecret = "mandrill-webhook-key-22"
	mandrillURL    = "https://assent.example/hooks/mandrill"
)

// mandrillPost signs by the description of Mandrill: the address, then for each field its name and its value.
func mandrillPost(secret, address, events string) *Request {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(address + "mandrill_events" + events))
	return post(url.Values{"mandrill_events": {events}}.Encode(), "X-Mandrill-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestMandrill_Signed_IsDelivered(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mandrill, URL: mandrillURL, Secrets: [][]byte{[]byte("the-new-key-of-the-webhook"), []byte(mandrillSecret)}})
	const events = `[{"event":"spam","ts":1,"msg":{"email":"gr` + "ü" + `n+a&b@there.example"}}]`
	got, err := Verify(t.Context(), source, mandrillPost(mandrillSecret, mandrillURL, events), now())
	if err != nil || string(got.Body) != events {
		t.Errorf("Verify = %+v, %v", got, err)
	}
}

func TestMandrill_SeveralFields_AreSignedInTheOrderOfTheirNames(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mandrill, URL: mandrillURL, Secrets: [][]byte{[]byte(mandrillSecret)}})
	mac := hmac.New(sha1.New, []byte(mandrillSecret))
	mac.Write([]byte(mandrillURL + "a1" + "mandrill_events[]" + "z2"))
	request := post("z=2&mandrill_events=%5B%5D&a=1", "X-Mandrill-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	if got, err := Verify(t.Context(), source, request, now()); err != nil || string(got.Body) != "[]" {
		t.Errorf("Verify = %+v, %v", got, err)
	}
}

func TestMandrill_Probe_IsAnsweredAndSaysNothing(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mandrill, URL: mandrillURL, Secrets: [][]byte{[]byte(mandrillSecret)}})
	for name, request := range map[string]*Request{
		"HEAD":                 {Method: http.MethodHead, Header: http.Header{}},
		"POST of nothing":      mandrillPost(probeKey, mandrillURL, "[]"),
		"HEAD with some body":  {Method: http.MethodHead, Header: http.Header{}, Body: []byte("mandrill_events=%5B%7B%7D%5D")},
		"POST by the real key": mandrillPost(mandrillSecret, mandrillURL, "[]"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, request, now())
			if err != nil || len(got.Body) > len("[]") {
				t.Errorf("Verify = %+v, %v; want nothing to read", got, err)
			}
		})
	}
}

func TestMandrill_Forged_IsRefused(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Mandrill, URL: mandrillURL, Secrets: [][]byte{[]byte(mandrillSecret)}})
	const events = `[{"event":"spam"}]`
	altered := mandrillPost(mandrillSecret, mandrillURL, events)
	altered.Body = []byte(url.Values{"mandrill_events": {`[{"event":"unsub"}]`}}.Encode())
	twice := mandrillPost(mandrillSecret, mandrillURL, events)
	twice.Body = append(twice.Body, "&mandrill_events=x"...)
	for name, c := range map[string]struct {
		request *Request
		reason  provider.Reason
	}{
		"body altered":         {altered, provider.BadSignature},
		"field twice":          {twice, provider.Unreadable},
		"key of a stranger":    {mandrillPost("another-key-another-key", mandrillURL, events), provider.BadSignature},
		"trailing slash":       {mandrillPost(mandrillSecret, mandrillURL+"/", events), provider.BadSignature},
		"scheme of a proxy":    {mandrillPost(mandrillSecret, "http"+strings.TrimPrefix(mandrillURL, "https"), events), provider.BadSignature},
		"events by probe key":  {mandrillPost(probeKey, mandrillURL, events), provider.BadSignature},
		"probe key with space": {mandrillPost(probeKey, mandrillURL, "[ ]"), provider.BadSignature},
		"no signature":         {post("mandrill_events=%5B%5D"), provider.NoSignature},
		"no form":              {post("%zz", "X-Mandrill-Signature", "AAAA"), provider.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, c.request, now())
			wantRefusal(t, got, err, http.StatusUnauthorized, c.reason)
		})
	}
}

// The example of Standard Webhooks 1.0.0.
const (
	standardSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	standardTimestamp = "1614265330"
	standardBody      = `{"test": 2432232314}`
	standardSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func standardPost(prefix, id, timestamp, signature, body string) *Request {
	return post(body, prefix+"id", id, prefix+"timestamp", timestamp, prefix+"signature", signature)
}

func TestStandard_ExampleOfTheSpecification_IsDelivered(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Resend, Secrets: [][]byte{[]byte(standardSecret)}})
	at := time.Unix(1614265330, 0)
	for _, prefix := range []string{"webhook-", "svix-"} {
		for _, list := range []string{
			standardSignature, "v1,AAAA " + standardSignature, "v1a,AAAA v2,x " + standardSignature + " v1,", "bad " + standardSignature,
		} {
			for _, away := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
				got, err := Verify(t.Context(), source, standardPost(prefix, standardID, standardTimestamp, list, standardBody), at.Add(away))
				want := &Delivery{Body: []byte(standardBody)}
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("Verify of %q: %v\n%s", list, err, diff)
				}
			}
		}
	}
}

func TestStandard_SignedByTheLibrary_IsDelivered(t *testing.T) {
	key := []byte("a new secret of the webhook, raw")
	shown := "whsec_" + base64.StdEncoding.EncodeToString(key)
	library, err := standardwebhooks.NewWebhook(shown)
	if err != nil {
		t.Fatal(err)
	}
	source := newSource(t, Settings{Kind: provider.Resend, Secrets: [][]byte{[]byte(standardSecret), []byte(shown)}})
	signature, err := library.Sign("msg_1", now(), []byte("{}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), source, standardPost("svix-", "msg_1", seconds(now()), signature, "{}\r\n"), now()); err != nil {
		t.Error(err)
	}
}

func TestStandard_Forged_IsRefused(t *testing.T) {
	source := newSource(t, Settings{Kind: provider.Resend, Secrets: [][]byte{[]byte(standardSecret)}})
	at := time.Unix(1614265330, 0)
	undecoded := "v1," + base64.StdEncoding.EncodeToString(hmac256(standardSecret, standardID+"."+standardTimestamp+"."+standardBody))
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(standardSecret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	// The same signed bytes may be an id, a time and a body in two ways.
	dotted := "v1," + base64.StdEncoding.EncodeToString(hmac256(string(key), "msg.1."+standardTimestamp+"."+standardBody))
	mixed := standardPost("webhook-", standardID, standardTimestamp, standardSignature, standardBody)
	mixed.Header.Set("svix-signature", standardSignature)
	for name, c := range map[string]struct {
		request *Request
		away    time.Duration
		reason  provider.Reason
	}{
		"body altered":            {standardPost("svix-", standardID, standardTimestamp, standardSignature, `{"test":2432232314}`), 0, provider.BadSignature},
		"id altered":              {standardPost("svix-", standardID+"x", standardTimestamp, standardSignature, standardBody), 0, provider.BadSignature},
		"time altered":            {standardPost("svix-", standardID, "1614265331", standardSignature, standardBody), 0, provider.BadSignature},
		"secret not decoded":      {standardPost("svix-", standardID, standardTimestamp, undecoded, standardBody), 0, provider.BadSignature},
		"without version":         {standardPost("svix-", standardID, standardTimestamp, strings.TrimPrefix(standardSignature, "v1,"), standardBody), 0, provider.BadSignature},
		"of another version":      {standardPost("svix-", standardID, standardTimestamp, "v2"+strings.TrimPrefix(standardSignature, "v1"), standardBody), 0, provider.BadSignature},
		"late":                    {standardPost("svix-", standardID, standardTimestamp, standardSignature, standardBody), 301 * time.Second, provider.TooOld},
		"early":                   {standardPost("svix-", standardID, standardTimestamp, standardSignature, standardBody), -301 * time.Second, provider.TooOld},
		"no id":                   {standardPost("svix-", "", standardTimestamp, standardSignature, standardBody), 0, provider.NoSignature},
		"nothing":                 {post(standardBody), 0, provider.NoSignature},
		"id with a full stop":     {standardPost("svix-", "msg.1", standardTimestamp, dotted, standardBody), 0, provider.BadSignature},
		"time within the id":      {standardPost("svix-", "msg", "1."+standardTimestamp, dotted, standardBody), 0, provider.TooOld},
		"headers of two families": {mixed, 0, provider.NoSignature},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Verify(t.Context(), source, c.request, at.Add(c.away))
			wantRefusal(t, got, err, http.StatusUnauthorized, c.reason)
		})
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// unsigned lists the providers that sign nothing.
func unsigned() []provider.Kind {
	return []provider.Kind{provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost}
}

func TestPassword_Right_IsDelivered(t *testing.T) {
	for _, kind := range unsigned() {
		source := newSource(t, Settings{Kind: kind, User: "assent", Secrets: [][]byte{[]byte("the newest password"), []byte("pass:word of before")}})
		for _, header := range []string{
			basic("assent", "the newest password"), basic("assent", "pass:word of before"), "Bearer the newest password", "bearer pass:word of before",
		} {
			got, err := Verify(t.Context(), source, post("[]", "Authorization", header), now())
			want := &Delivery{Body: []byte("[]")}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: Verify of %q: %v\n%s", kind, header, err, diff)
			}
		}
	}
}

func TestPassword_Wrong_IsRefusedWithAChallenge(t *testing.T) {
	for _, kind := range unsigned() {
		source := newSource(t, Settings{Kind: kind, User: "assent", Secrets: [][]byte{[]byte("the newest password")}})
		for header, reason := range map[string]provider.Reason{
			"": provider.NoSignature, "Digest x": provider.NoSignature, "Basic ???": provider.NoSignature, "Bearer": provider.NoSignature,
			basic("assent", ""): provider.BadSignature, basic("", "the newest password"): provider.BadSignature,
			basic("assent", "the newest passwor"): provider.BadSignature, basic("assent", "the newest passwords"): provider.BadSignature,
			basic("Assent", "the newest password"): provider.BadSignature, "Bearer assent": provider.BadSignature, "Bearer ": provider.BadSignature,
		} {
			got, err := Verify(t.Context(), source, post("[]", "Authorization", header), now())
			wantRefusal(t, got, err, http.StatusUnauthorized, reason)
			var refusal *provider.Refusal
			if !asRefusal(err, &refusal) || refusal.Challenge != `Basic realm="assent"` {
				t.Errorf("%s: %q: no challenge: %v", kind, header, err)
			}
		}
	}
}
