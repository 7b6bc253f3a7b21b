package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const oneClickBody = "List-Unsubscribe=One-Click"

// linked is a demo whose links lead to it, and a person who gets the newsletter of its example company.
type linked struct {
	*running

	t     testing.TB
	token string
}

func newLinked(t testing.TB) *linked {
	t.Helper()
	cfg := settings(t)
	cfg.Open, cfg.PublicURL, cfg.TextsDir = true, "https://consent.example", "testdata/texts"
	cfg.UnsubscribeAddresses = []string{"leave@acme.example"}
	l := &linked{running: run(t, cfg), t: t}
	l.grant(`"newsletter", "product-marketing"`)
	l.token = l.link()
	l.clock.Advance(2 * time.Second)
	return l
}

func (l *linked) grant(channels string) {
	l.t.Helper()
	now := l.clock.Now().UTC().Format(time.RFC3339Nano)
	if got := l.call(http.MethodPost, "/v1/consent:grant", `{"address": "hanna@example.at", "channels": [`+channels+`],
		"legalBasis": "LEGAL_BASIS_CONSENT", "declaration": {"id": "all-news", "version": "3"},
		"evidence": {"source": "web_form", "confirmedTime": "`+now+`"}}`); got.code != http.StatusOK {
		l.t.Fatalf("grant: %d %s", got.code, got.body)
	}
}

// checked is the answer to a check with links.
type checked struct {
	Decision struct{ Verdict, Reason, Position string }
	Links    *struct{ ListUnsubscribe, ListUnsubscribePost, PageURL, Token, ReturnPath string }
}

func (l *linked) check(channel string) checked {
	l.t.Helper()
	got := l.call(http.MethodPost, "/v1/consent:check", `{"address": "Hanna@example.at", "channel": "`+channel+`", "links": true}`)
	var c checked
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.code != http.StatusOK {
		l.t.Fatalf("check: %d %s (%v)", got.code, got.body, err)
	}
	return c
}

// link returns the token of a message on the channel newsletter.
func (l *linked) link() string {
	l.t.Helper()
	c := l.check("newsletter")
	if c.Links == nil || c.Links.ListUnsubscribe != listUnsubscribe(c.Links.Token) || c.Links.ListUnsubscribePost != oneClickBody {
		l.t.Fatalf("the links are %+v of %+v", c.Links, c.Decision)
	}
	return c.Links.Token
}

// listUnsubscribe is the value of the header with a token.
func listUnsubscribe(token string) string {
	return "<https://consent.example/u/" + token + ">, <mailto:leave@acme.example?subject=unsubscribe%20" + token + ">"
}

func (l *linked) wants(channel, reason string) string {
	l.t.Helper()
	c := l.check(channel)
	if c.Decision.Reason != reason || (c.Links != nil) != strings.HasPrefix(reason, "ALLOW_") {
		l.t.Errorf("%s: got %s with the links %v, want %s", channel, c.Decision.Reason, c.Links, reason)
	}
	return c.Decision.Position
}

func (l *linked) post(body string, headers ...string) *answer {
	l.t.Helper()
	return l.call(http.MethodPost, "/u/"+l.token, body, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

func TestLinks_OneClickOverHTTP_NeedsNothingButTheToken(t *testing.T) {
	l := newLinked(t)
	before := l.wants("newsletter", "ALLOW_CONSENT")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range []string{"/u/" + l.token, "/u/" + l.token + "?" + oneClickBody, "/u/" + l.token + "%3E.%0D%0A", "/c/" + l.token} {
			got := l.call(method, path, "", "Sec-Fetch-Site", "cross-site", "User-Agent", "a link scanner")
			if want := map[bool]int{true: 200, false: 404}[strings.HasPrefix(path, "/u/")]; got.code != want {
				t.Errorf("%s %s: %d, want %d", method, path, got.code, want)
			}
		}
	}
	if after := l.wants("newsletter", "ALLOW_CONSENT"); after != before {
		t.Errorf("a scanner brought the ledger from %s to %s", before, after)
	}
	// Proton posts from its servers, others from the page of web mail, which is another site.
	nonsense := l.call(http.MethodPost, "/u/1AAAA", oneClickBody, "Content-Type", "application/x-www-form-urlencoded")
	first := l.post(oneClickBody, "Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site", "Cookie", "a=b")
	second := l.post(oneClickBody)
	for name, got := range map[string]*answer{"new": first, "known": second, "nonsense": nonsense} {
		if got.code != http.StatusOK || got.body != first.body || got.header.Get("Set-Cookie") != "" || got.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("%s: %d %v %q", name, got.code, got.header, got.body)
		}
	}
	l.wants("newsletter", "WITHDRAWN")
	l.wants("product-marketing", "ALLOW_CONSENT")
}

// TestLinks_WorkUnderAnyHostName posts under names that the server was not given: a link in a mail has the name of its time. Everything else goes on
// being refused under them, the name of --public-url as well.
func TestLinks_WorkUnderAnyHostName(t *testing.T) {
	l := newLinked(t)
	ask := func(method, host, path, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.at.HTTP+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode
	}
	for _, host := range []string{"consent.example", "old.example"} {
		if code := ask(http.MethodGet, host, "/u/"+l.token, ""); code != http.StatusOK {
			t.Errorf("the page under %s: %d", host, code)
		}
		if code := ask(http.MethodPost, host, "/u/"+l.token, oneClickBody); code != http.StatusOK {
			t.Errorf("one click under %s: %d", host, code)
		}
		for _, path := range []string{"/", "/metrics", "/openapi.json", "/v1/catalog", "/u/" + l.token + "/../../metrics"} {
			if code := ask(http.MethodGet, host, path, ""); code != http.StatusMisdirectedRequest {
				t.Errorf("%s under %s: %d", path, host, code)
			}
		}
	}
	l.wants("newsletter", "WITHDRAWN")
}

func TestLinks_WhatCannotHaveThem_IsRefusedBeforeItIsDecided(t *testing.T) {
	l := newLinked(t)
	now := l.clock.Now().UTC().Format(time.RFC3339Nano)
	for more, reason := range map[string]string{
		`"channel": "newsletter", "links": true, "asOf": "` + now + `"`:            "INVALID_REQUEST",
		`"channel": "newsletter", "links": true, "consistency": {"bounded": "1s"}`: "INVALID_REQUEST",
		`"channel": "legal-notices", "links": true`:                                "NOT_REFUSABLE",
		`"channel": "newsletter", "operational": true`:                             "INVALID_REQUEST",
		`"channel": "newsletter", "operational": true, "asOf": "` + now + `"`:      "ALLOW_CONSENT",
	} {
		got := l.call(http.MethodPost, "/v1/consent:check", `{"address": "hanna@example.at", `+more+`}`)
		batch := l.call(http.MethodPost, "/v1/consent:batchCheck", `{"addresses": ["hanna@example.at"], `+more+`}`)
		for _, one := range []*answer{got, batch} {
			if !strings.Contains(one.body, `"`+reason+`"`) {
				t.Errorf("%s: got %d %s, want %s", more, one.code, one.body, reason)
			}
		}
	}
}

func TestLinks_OneTokenPostedOftenAtOnce_IsRecordedOnce(t *testing.T) {
	l := newLinked(t)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 100 {
				if got := l.post(oneClickBody); got.code != http.StatusOK {
					t.Errorf("got %d %s", got.code, got.body)
					return
				}
			}
		})
	}
	all.Wait()
	got := l.call(http.MethodPost, "/v1/history:search", `{"address": "hanna@example.at"}`)
	if n := strings.Count(got.body, `"withdraw"`); got.code != http.StatusOK || n != 1 {
		t.Errorf("%d withdrawals were recorded: %d %.400s", n, got.code, got.body)
	}
}

func TestLinks_ALinkFromBeforeThePersonCameBack_IsClearedUpOnThePage(t *testing.T) {
	l := newLinked(t)
	if got := l.post("action=leave&channel=newsletter"); got.code != http.StatusOK || !strings.Contains(got.body, "unsubscribed from Weekly newsletter") {
		t.Fatalf("left: %d %s", got.code, got.body)
	}
	l.wants("newsletter", "WITHDRAWN")
	l.clock.Advance(time.Hour)
	l.grant(`"newsletter"`)
	l.wants("newsletter", "ALLOW_CONSENT")
	if got := l.post(oneClickBody); got.code != http.StatusOK {
		t.Errorf("the click: %d", got.code)
	}
	l.wants("newsletter", "UNSUBSCRIBE_UNCLEAR")
	page := l.call(http.MethodGet, "/u/"+l.token, "")
	if !strings.Contains(page.body, "The link is from an older e‑mail") || !strings.Contains(page.body, "Keep Weekly newsletter") {
		t.Errorf("the page: %s", page.body)
	}
	if got := l.post("action=keep&channel=newsletter", "Accept-Language", "de"); !strings.Contains(got.body, "Sie erhalten „Wöchentlicher Newsletter“ weiterhin.") {
		t.Errorf("kept: %s", got.body)
	}
	l.wants("newsletter", "ALLOW_CONSENT")
}

func TestLinks_WithoutPublicURL_AreNotMade(t *testing.T) {
	r := run(t, settings(t))
	ask := `{"address": "hanna@example.at", "channel": "newsletter", "links": true}`
	got := r.call(http.MethodPost, "/v1/consent:check", ask, "Authorization", "Bearer "+r.admin)
	if got.code != http.StatusBadRequest || got.reason() != "NO_PUBLIC_URL" {
		t.Errorf("%d %s", got.code, got.body)
	}
	if page := r.call(http.MethodGet, "/u/nonsense", ""); page.code != http.StatusNotFound || !strings.Contains(page.body, "This link leads to nothing") {
		t.Errorf("the page: %d %s", page.code, page.body)
	}
}

// TestLinks_OfAnOpenServer_LeadToWhereItListens lets it choose its port.
func TestLinks_OfAnOpenServer_LeadToWhereItListens(t *testing.T) {
	cfg := settings(t)
	cfg.Open = true
	l := &linked{running: run(t, cfg), t: t}
	l.grant(`"newsletter"`)
	got := l.check("newsletter")
	if got.Links == nil || got.Links.PageURL != "http://"+l.at.HTTP+"/u/"+got.Links.Token {
		t.Errorf("it listens on %s, and the links are %+v", l.at.HTTP, got.Links)
	}
}

func TestLinks_AreCounted(t *testing.T) {
	l := newLinked(t)
	l.post(oneClickBody)
	l.post("action=end_all")
	l.call(http.MethodPost, "/u/x", oneClickBody, "Content-Type", "application/x-www-form-urlencoded")
	got := l.call(http.MethodGet, "/metrics", "")
	for _, want := range []string{
		`assent_link_uses_total{action="one_click",outcome="new"} 1`, `assent_link_uses_total{action="one_click",outcome="nonsense"} 1`,
		`assent_link_uses_total{action="end_all",outcome="new"} 1`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(got.body, l.token) {
		t.Error("the metrics show the token")
	}
}

// TestLinks_CommandsOfThePageInDocs_DoWhatItSays runs the requests of docs/links.md.
func TestLinks_CommandsOfThePageInDocs_DoWhatItSays(t *testing.T) {
	l := newLinked(t)
	document, err := os.ReadFile("../../docs/links.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("(?s)```sh\n(curl.*?)```").FindAllStringSubmatch(string(document), -1)
	want := []string{`"listUnsubscribePost"`, "Your request was received."}
	if len(commands) != len(want) {
		t.Fatalf("the page has %d commands", len(commands))
	}
	for i, c := range commands {
		command := strings.NewReplacer("localhost:8080", l.at.HTTP, "TOKEN", l.token).Replace(c[1])
		out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want[i]) {
			t.Errorf("%s: %s (%v)", c[1], out, err)
		}
	}
	l.wants("newsletter", "WITHDRAWN")
}

// TestLinks_MailOfTheHeader_LeavesTheChannel takes the header of a batch, writes its mail as a mail client does, and hands it in.
func TestLinks_MailOfTheHeader_LeavesTheChannel(t *testing.T) {
	l := newLinked(t)
	var batch struct {
		Links []struct{ ListUnsubscribe, Token string }
	}
	got := l.call(http.MethodPost, "/v1/consent:batchCheck", `{"addresses": ["hanna@example.at"], "channel": "newsletter", "links": true}`)
	if err := json.Unmarshal([]byte(got.body), &batch); err != nil || len(batch.Links) != 1 || batch.Links[0].ListUnsubscribe != listUnsubscribe(batch.Links[0].Token) {
		t.Fatalf("batch: %d %s (%v)", got.code, got.body, err)
	}
	_, link, _ := strings.Cut(batch.Links[0].ListUnsubscribe, ", <")
	mailto, err := url.Parse(strings.TrimSuffix(link, ">"))
	if err != nil {
		t.Fatal(err)
	}
	l.clock.Advance(time.Minute)
	mail := "From: Hanna <hanna@home.example>\r\nTo: " + mailto.Opaque + "\r\nSubject: " + mailto.Query().Get("subject") +
		"\r\nDate: " + l.clock.Now().Format(time.RFC1123Z) + "\r\nMessage-ID: <1@home.example>\r\n\r\n"
	got = l.call(http.MethodPost, "/v1/mails:submit", `{"mail": "`+base64.StdEncoding.EncodeToString([]byte(mail))+`",
		"envelopeFrom": "hanna@home.example", "envelopeTo": ["`+mailto.Opaque+`"]}`)
	if got.code != http.StatusOK || !strings.Contains(got.body, `"outcome":"recorded"`) {
		t.Errorf("the mail: %d %s", got.code, got.body)
	}
	l.wants("newsletter", "WITHDRAWN")
	l.wants("product-marketing", "ALLOW_CONSENT")
}
