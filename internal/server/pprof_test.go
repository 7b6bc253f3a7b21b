package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

// profile asks for a page of an address without a key.
func profile(t *testing.T, client *http.Client, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestPprof_IsServedOnItsOwnAddressOnly(t *testing.T) {
	cfg := settings(t)
	cfg.PprofAddress = "127.0.0.1:0"
	r := run(t, cfg)
	for _, page := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/goroutine?debug=1", "/debug/pprof/symbol"} {
		if code, body := profile(t, r.http, "http://"+r.at.Pprof+page); code != http.StatusOK || body == "" {
			t.Errorf("%s: %d %q", page, code, body)
		}
		if code, _ := profile(t, r.http, "http://"+r.at.HTTP+page); code == http.StatusOK {
			t.Errorf("%s is served beside REST", page)
		}
	}
	for _, page := range []string{"/metrics", "/healthz", "/debug/pprof/cmdline"} {
		if code, _ := profile(t, r.http, "http://"+r.at.Pprof+page); code != http.StatusNotFound {
			t.Errorf("%s beside profiles: %d", page, code)
		}
	}
}

func TestPprof_OffUnlessAskedFor(t *testing.T) {
	r := run(t, settings(t))
	if r.at.Pprof != "" {
		t.Errorf("profiles are served at %s", r.at.Pprof)
	}
}

func TestPprof_OtherThanLoopback_IsRefused(t *testing.T) {
	cfg := settings(t)
	cfg.PprofAddress = "0.0.0.0:0"
	cfg.InsecureListen = true
	if got := refuses(t, cfg); !strings.HasPrefix(got, "pprof_address must be on loopback") {
		t.Errorf("got %q", got)
	}
}

func TestStop_WhileAProfileIsTaken_TakesLessThanTwoSeconds(t *testing.T) {
	cfg := settings(t)
	cfg.PprofAddress = "127.0.0.1:0"
	r := run(t, cfg)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.at.Pprof+"/debug/pprof/trace?seconds=600", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		answer, err := r.http.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close() // Whether it ended early was read already.
		}
		ended <- err
	}()
	testkit.Eventually(t, patience, "the profile is being taken", func() bool {
		_, goroutines := profile(t, r.http, "http://"+r.at.Pprof+"/debug/pprof/goroutine?debug=1")
		return strings.Contains(goroutines, "pprof.Trace")
	})
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("it took %v", took)
	}
	if err := <-ended; err == nil {
		t.Error("a profile of ten minutes came to its end")
	}
}
