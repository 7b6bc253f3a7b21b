package recipient

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/service/recipient"
)

const multipartBody = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"

// TestOneClick_RequestsOfProviders_AreTaken replays what RFC 8058 shows in its section 8.3 and what Google and Yahoo document.
func TestOneClick_RequestsOfProviders_AreTaken(t *testing.T) {
	for name, c := range map[string]struct{ contentType, body string }{
		"RFC 8058, multipart":        {`multipart/form-data; boundary=b`, multipartBody},
		"RFC 8058, urlencoded":       {form, "List-Unsubscribe=One-Click"},
		"Gmail":                      {form, "List-Unsubscribe=One-Click"},
		"Yahoo":                      {form + "; charset=UTF-8", "List-Unsubscribe=One-Click\r\n"},
		"no type":                    {"", "List-Unsubscribe=One-Click"},
		"text":                       {"text/plain", "List-Unsubscribe=One-Click"},
		"other case":                 {form, "list-unsubscribe=one-click"},
		"with more fields":           {form, "a=b&List-Unsubscribe=One-Click&x="},
		"multipart with more fields": {`multipart/form-data; boundary="b"`, "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n" + multipartBody},
	} {
		s := newSite(t)
		w := s.ask(http.MethodPost, "/u/t", c.body, "Content-Type", c.contentType, "User-Agent", "provider", "Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site")
		if w.Code != http.StatusOK || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" || !slices.Equal(s.links.called(), []string{"one_click"}) {
			t.Errorf("%s: got %d %v, called %v", name, w.Code, w.Header(), s.links.called())
		}
		if s.links.by != (recipient.By{IP: "203.0.113.9", UserAgent: "provider"}) {
			t.Errorf("%s: it was by %+v", name, s.links.by)
		}
	}
}

func TestOneClick_TheAnswerIsTheSame_WhateverItCameTo(t *testing.T) {
	var want string
	for _, outcome := range []recipient.Outcome{recipient.Done, recipient.Known, recipient.Unclear, recipient.Nonsense} {
		s := newSite(t)
		s.links.click = outcome
		w := s.ask(http.MethodPost, "/u/t", "List-Unsubscribe=One-Click", "Content-Type", form)
		got := w.Result().Status + "\n" + bodyOf(w)
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range w.Header() {
				if !yield(name) {
					return
				}
			}
		}) {
			got += "\n" + name + ": " + w.Header().Get(name)
		}
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: (-first +got)\n%s", outcome, diff)
		}
		if !slices.Equal(s.used, []string{"one_click " + outcome.String()}) {
			t.Errorf("counted %v", s.used)
		}
	}
}

func TestOneClick_FaultOfOurs_IsToBeTriedAgain(t *testing.T) {
	s := newSite(t)
	s.links.fault = errors.New("the database is away")
	w := s.ask(http.MethodPost, "/u/t", "List-Unsubscribe=One-Click", "Content-Type", form)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(bodyOf(w), "database") {
		t.Errorf("got %d %v: %s", w.Code, w.Header(), bodyOf(w))
	}
}

func TestOneClick_HasNoLimit(t *testing.T) {
	s := newSite(t)
	for i := range 1000 {
		if w := s.ask(http.MethodPost, "/u/t", "List-Unsubscribe=One-Click", "Content-Type", form); w.Code != http.StatusOK {
			t.Fatalf("click %d: got %d", i, w.Code)
		}
	}
}

func TestOneClick_ThatArriveTogether_AreCarriedOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.links.hold = make(chan struct{})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if w := s.ask(http.MethodPost, "/u/t", "List-Unsubscribe=One-Click", "Content-Type", form); w.Code != http.StatusOK {
					t.Errorf("got %d", w.Code)
				}
			})
		}
		synctest.Wait()
		close(s.links.hold)
		all.Wait()
		if called := s.links.called(); len(called) != 1 {
			t.Errorf("carried out %d times", len(called))
		}
	})
}

func TestPost_ThatIsNoOneClick_RecordsNone(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body string
		code              int
	}{
		"another value":      {form, "List-Unsubscribe=Two-Clicks", 200},
		"as a query":         {form, "", 200},
		"in a file":          {`multipart/form-data; boundary=b`, strings.Replace(multipartBody, `"List-Unsubscribe"`, `"List-Unsubscribe"; filename="x"`, 1), 200},
		"without a boundary": {`multipart/form-data`, multipartBody, 200},
		"cut":                {`multipart/form-data; boundary=b`, multipartBody[:40], 200},
		"larger than 64 KiB": {form, "List-Unsubscribe=One-Click&x=" + strings.Repeat("x", 64<<10), 413},
	} {
		s := newSite(t)
		w := s.ask(http.MethodPost, "/u/t?List-Unsubscribe=One-Click", c.body, "Content-Type", c.contentType)
		if slices.Contains(s.links.called(), "one_click") || w.Code != c.code {
			t.Errorf("%s: got %d, called %v", name, w.Code, s.links.called())
		}
	}
}

func TestGetAndHead_ChangeNothing(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range []string{"/u/t", "/u/t?action=end_all&List-Unsubscribe=One-Click", "/c/t", "/c/t?action=confirm"} {
			s := newSite(t)
			w := s.ask(method, path, "")
			for _, call := range s.links.called() {
				if call != "view" && call != "asking" {
					t.Errorf("%s %s called %s", method, path, call)
				}
			}
			if w.Code != http.StatusOK || method == http.MethodGet && bodyOf(w) == "" {
				t.Errorf("%s %s: got %d", method, path, w.Code)
			}
		}
	}
	s := newSite(t)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		if w := s.ask(method, "/u/t", "List-Unsubscribe=One-Click"); w.Code != http.StatusMethodNotAllowed || len(s.links.called()) > 0 {
			t.Errorf("%s: got %d, called %v", method, w.Code, s.links.called())
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add(form, []byte("List-Unsubscribe=One-Click"))
	f.Add("multipart/form-data; boundary=b", []byte(multipartBody))
	f.Add("multipart/form-data", []byte("--\r\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		fields := parseForm(contentType, body)
		if isOneClick(fields) && !strings.Contains(strings.ToLower(string(body)), "one") && !strings.Contains(string(body), "%") {
			t.Errorf("%q was read as %v", body, fields)
		}
		_ = url.Values(fields).Encode()
	})
}
