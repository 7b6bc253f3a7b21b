package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// mailgunEvent is a complaint as Mailgun signs it.
func mailgunEvent(r *running, secret, token string) string {
	at := strconv.FormatInt(r.clock.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + token))
	return fmt.Sprintf(`{"signature":{"timestamp":%q,"token":%q,"signature":%q},"event-data":{"event":"complained","id":"1","recipient":"anna@example.at"}}`,
		at, token, hex.EncodeToString(mac.Sum(nil)))
}

func TestHooks_ProviderNeedsNoKey_AndIsCountedWithoutItsPath(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	r := run(t, settings(t))
	made := r.as(http.MethodPost, "/v1/sources", `{"id":"mailer","kind":"mailgun","client":"admin","secret":"`+secret+`"}`)
	if made.code != http.StatusOK || strings.Contains(made.body, secret) {
		t.Fatalf("created: %d %s", made.code, made.body)
	}
	password := r.as(http.MethodPost, "/v1/sources", `{"id":"brevo","kind":"brevo","client":"admin"}`)
	source, _ := password.json["source"].(map[string]any)
	path, _ := source["path"].(string)
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/hooks/mailer", mailgunEvent(r, secret, "a"), http.StatusOK},
		{"/hooks/mailer/", mailgunEvent(r, secret, "b"), http.StatusOK},
		{"/hooks/mailer", mailgunEvent(r, "another", "c"), http.StatusNotAcceptable},
		{"/hooks/nothing", "{}", http.StatusNotFound},
		{path, "{}", http.StatusUnauthorized},
		{"/hooks/mailer", strings.Repeat("x", 1<<20+1), http.StatusRequestEntityTooLarge},
	} {
		got := r.call(http.MethodPost, c.path, c.body)
		if got.code != c.want || got.body != "" && c.want != http.StatusNotFound {
			t.Errorf("%s: %d %q, want %d", c.path, got.code, got.body, c.want)
		}
	}
	metrics := r.as(http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`assent_source_events_total{event="complained",kind="mailgun",outcome="hint"} 1`, `assent_source_events_total{event="complained",kind="mailgun",outcome="known"} 1`,
		`assent_source_refusals_total{kind="mailgun",reason="bad_signature"} 1`, `assent_source_refusals_total{kind="brevo",reason="no_signature"} 1`,
		`assent_source_refusals_total{kind="mailgun",reason="too_large"} 1`, `assent_source_held{source="brevo"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if secretPart, ok := strings.CutPrefix(path, "/hooks/brevo."); !ok || strings.Contains(r.log.String()+metrics, secretPart) {
		t.Errorf("the log or the metrics have the path %s", path)
	}
	if strings.Contains(r.log.String(), "anna@") {
		t.Error("the log has an address")
	}
	if got := r.as(http.MethodPost, "/v1/sources/mailer:hold", `{}`); got.code != http.StatusOK {
		t.Errorf("hold: %d %s", got.code, got.body)
	}
	if metrics := r.as(http.MethodGet, "/metrics", "").body; !strings.Contains(metrics, `assent_source_held{source="mailer"} 1`+"\n") {
		t.Error("the metrics do not tell that a source is held")
	}
	if got := r.as(http.MethodPost, "/v1/sources/mailer:release", `{}`); got.code != http.StatusOK {
		t.Errorf("release: %d %s", got.code, got.body)
	}
	for _, want := range []string{"decision=held source=mailer client=admin", "decision=released source=mailer client=admin"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}
