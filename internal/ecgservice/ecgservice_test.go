package ecgservice

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func digests(texts ...string) (all []Digest) {
	for _, text := range texts {
		all = append(all, sha512.Sum512([]byte(text)))
	}
	return all
}

// service starts a service; the client waits for nothing, and notes how long it would have.
func service(t *testing.T, serve http.HandlerFunc) (*Client, *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	c, waited := New(server.URL, "secret"), new([]time.Duration)
	c.Wait = func(_ context.Context, d time.Duration) error {
		*waited = append(*waited, d)
		return nil
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c, waited
}

func TestAsk_TheServiceAnswers_WithThoseThatAreListed(t *testing.T) {
	want := digests("max.mustermann@home.at", "home.lan")
	c, _ := service(t, func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Emails            []string
			Hashed, Contained bool
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &in) != nil || !in.Hashed || !in.Contained || len(in.Emails) != 3 ||
			r.Header.Get("X-Api-Key") != "secret" || r.Method != http.MethodPost {
			t.Errorf("asked by %s with %s: %v", r.Method, body, err)
		}
		_, _ = fmt.Fprintf(w, `{"emails": [%q, %q]}`, in.Emails[0], strings.ToUpper(in.Emails[2]))
	})
	listed, err := c.Ask(t.Context(), append(digests("max.mustermann@home.at", "home.at"), want[1]))
	if err != nil || len(listed) != 2 || !listed[want[0]] || !listed[want[1]] {
		t.Errorf("listed are %v, %v", listed, err)
	}
}

func TestAsk_WhatIsNoAnswer_IsAnError(t *testing.T) {
	other := fmt.Sprintf("%x", sha512.Sum512([]byte("other")))
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"a message":          {reply(200, `{"message": "wrong-authentication-key"}`), "wrong-authentication-key"},
		"null":               {reply(200, `{"emails": null}`), "not even none"},
		"what was not asked": {reply(200, `{"emails": ["`+other+`"]}`), "not asked about"},
		"a page":             {reply(200, `<html>`), "not the JSON"},
		"numbers":            {reply(200, `{"emails": [1]}`), "not the JSON"},
		"too much":           {reply(200, strings.Repeat(" ", maxReply+1)), "larger"},
		"forbidden":          {reply(403, `{"message": "no"}`), "status 403"},
		"always broken":      {reply(500, ``), "status 500"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Error("a redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "not followed"},
		"a broken answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"emails": [`))
		}, "broke off"},
	} {
		c, _ := service(t, test.serve)
		listed, err := c.Ask(t.Context(), digests("a@b.example"))
		if err == nil || listed != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v, want an error with %q", name, listed, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "a@b.example") {
			t.Errorf("%s: the error has the address", name)
		}
	}
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestAsk_ABusyService_IsAskedAgainWhenItSays(t *testing.T) {
	asked := 0
	c, waited := service(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if asked == 2 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(`{"emails": []}`))
	})
	listed, err := c.Ask(t.Context(), digests("a@b.example"))
	if err != nil || len(listed) != 0 || len(*waited) != 2 || (*waited)[0] != 7*time.Second || (*waited)[1] != 2*backoff {
		t.Errorf("%v, %v after %v", listed, err, *waited)
	}
	c, waited = service(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if _, err := c.Ask(t.Context(), digests("a@b.example")); err == nil || len(*waited) != 0 {
		t.Errorf("asked to come back tomorrow: %v after %v", err, *waited)
	}
}

func TestAsk_ASlowService_IsGivenUp(t *testing.T) {
	release := make(chan struct{})
	c, waited := service(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c.HTTP.Timeout = 20 * time.Millisecond
	if _, err := c.Ask(t.Context(), digests("a@b.example")); err == nil || len(*waited) != tries-1 {
		t.Errorf("a slow service: %v after %v", err, *waited)
	}
}

func FuzzReadAnswer(f *testing.F) {
	d := sha512.Sum512([]byte("a@b.example"))
	text := fmt.Sprintf("%x", d)
	f.Add(`{"emails": ["` + text + `"]}`)
	f.Add(`{"emails": null, "message": "x"}`)
	f.Fuzz(func(t *testing.T, reply string) {
		listed, err := readAnswer([]byte(reply), map[string]Digest{text: d})
		if (err == nil) != (listed != nil) || len(listed) > 1 || len(listed) == 1 && !listed[d] {
			t.Fatalf("%v, %v", listed, err)
		}
	})
}

func TestAsk_AURLByWhichTheKeyWouldGoInClear_IsRefused(t *testing.T) {
	for address, clear := range map[string]bool{
		"http://ecg.example/list": true, "ftp://ecg.example/list": true, "http://127.0.0.1.ecg.example": true,
		"http://127.0.0.1:1": false, "http://localhost:1": false, "http://[::1]:1": false, "https://ecg.example": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := encrypted(u); (err != nil) != clear {
			t.Errorf("%s: %v", address, err)
		}
	}
	c := New("http://ecg.example/list", "secret")
	if _, err := c.Ask(t.Context(), digests("max.mustermann@home.at")); err == nil || !strings.Contains(err.Error(), "https://") {
		t.Errorf("got %v", err)
	}
}
