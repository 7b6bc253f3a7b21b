package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/assent-io/assent/api/openapi"
	model "github.com/assent-io/assent/internal/openapi"
)

// open starts a server as a demo does.
func open(t *testing.T) *running {
	t.Helper()
	cfg := settings(t)
	cfg.Open = true
	return run(t, cfg)
}

// ask sends the form of a demo, for the channel newsletter.
func (r *running) ask(address string, headers ...string) *answer {
	r.t.Helper()
	form := url.Values{"address": {address}, "channel": {"newsletter"}}
	return r.call(http.MethodPost, "/", form.Encode(), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

func TestPages_NeedNoKey_AndLoadNothing(t *testing.T) {
	r := run(t, settings(t))
	for _, path := range []string{"/", "/reference"} {
		got := r.call(http.MethodGet, path, "")
		policy := got.header.Get("Content-Security-Policy")
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(got.body)
		if got.code != http.StatusOK || got.header.Get("Content-Type") != "text/html; charset=utf-8" || style == nil {
			t.Fatalf("%s: %d %v", path, got.code, got.header)
		}
		sum := sha256.Sum256([]byte(style[1]))
		if !strings.Contains(policy, "default-src 'none'") ||
			!strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if found := regexp.MustCompile(`<script|<img|<link|\son\w+=|(?:href|src|action)="(?:https?:)?//|style="`).FindString(got.body); found != "" {
			t.Errorf("%s has %s", path, found)
		}
	}
}

func TestPages_FormIsThereInADemoOnly(t *testing.T) {
	r := run(t, settings(t))
	if got := r.call(http.MethodGet, "/", ""); strings.Contains(got.body, "<form") || !strings.Contains(got.body, "clients create") {
		t.Errorf("a server with clients: %s", got.body)
	}
	if got := r.ask("anna@example.com"); got.code != http.StatusMethodNotAllowed || got.reason() != "METHOD_NOT_ALLOWED" {
		t.Errorf("the form of a server with clients: %d %s", got.code, got.body)
	}
	got := open(t).call(http.MethodGet, "/", "")
	for _, want := range []string{"<form", `value="newsletter"`, "Weekly newsletter"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("a demo lacks %s: %s", want, got.body)
		}
	}
}

func TestPages_FormOfADemo_SaysWhetherWeMayWrite(t *testing.T) {
	r := open(t)
	denied := r.ask("anna@example.com")
	if denied.code != http.StatusOK || !strings.Contains(denied.body, "No, we must not.") || !strings.Contains(denied.body, "NO_LEGAL_BASIS") ||
		!strings.Contains(denied.body, "What would change it:") || !strings.Contains(denied.body, `value="anna@example.com"`) {
		t.Errorf("%d %s", denied.code, denied.body)
	}
	granted := r.call(http.MethodPost, "/v1/consent:grant", `{"address": "anna@example.com", "channels": ["newsletter"],
		"legalBasis": "LEGAL_BASIS_CONSENT", "declaration": {"id": "newsletter-signup", "version": "2026-01"},
		"evidence": {"source": "web_form", "confirmedTime": "2026-11-01T11:00:00Z"}}`)
	if granted.code != http.StatusOK {
		t.Fatalf("grant: %d %s", granted.code, granted.body)
	}
	allowed := r.ask("  Anna@example.com ", "Sec-Fetch-Site", "same-origin", "Origin", "http://"+r.at.HTTP)
	if allowed.code != http.StatusOK || !strings.Contains(allowed.body, "Yes, we may.") || strings.Contains(allowed.body, "What would change it:") {
		t.Errorf("%d %s", allowed.code, allowed.body)
	}
}

func TestPages_FormOfADemo_WrongInput_IsSaidAndEscaped(t *testing.T) {
	r := open(t)
	got := r.ask(`"><script>alert(1)</script>`)
	if got.code != http.StatusBadRequest || !strings.Contains(got.body, "There is no answer") || strings.Contains(got.body, "<script") {
		t.Errorf("%d %s", got.code, got.body)
	}
	if got := r.ask(strings.Repeat("a", 10_000)); got.code != http.StatusBadRequest || !strings.Contains(got.body, "could not be read") {
		t.Errorf("a large form: %d %s", got.code, got.body)
	}
	if got := r.ask("anna@example.com", "Sec-Fetch-Site", "cross-site"); got.code != http.StatusForbidden {
		t.Errorf("the form on a page of another site: %d %s", got.code, got.body)
	}
}

func TestPages_Reference_HasEveryCallAndSchema(t *testing.T) {
	document, err := model.Read(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	got := run(t, settings(t)).call(http.MethodGet, "/reference", "")
	ids := map[string]int{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(got.body, -1) {
		ids[id[1]]++
	}
	for _, path := range document.Paths {
		for _, operation := range path.Value {
			if ids[operation.Value.OperationID] != 1 {
				t.Errorf("%s stands there %d times", operation.Value.OperationID, ids[operation.Value.OperationID])
			}
		}
	}
	for _, schema := range document.Components.Schemas {
		if ids["schema-"+schema.Name] != 1 {
			t.Errorf("the schema %s stands there %d times", schema.Name, ids["schema-"+schema.Name])
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(got.body, -1) {
		if ids[link[1]] == 0 {
			t.Errorf("the link #%s leads nowhere", link[1])
		}
	}
}
