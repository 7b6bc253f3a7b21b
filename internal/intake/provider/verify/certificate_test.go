package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

func TestFetcher_Redirect_IsNotFollowed(t *testing.T) {
	m := newMint(t)
	m.status["/SimpleNotificationService-moved.pem"] = http.StatusFound
	message := notification()
	message["SigningCertURL"] = "https://" + host + "/SimpleNotificationService-moved.pem"
	signSNS(t, m.key, message)
	got, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	wantRefusal(t, got, err, http.StatusUnauthorized, provider.BadURL)
	if got := m.fetched.Load(); got != 1 {
		t.Errorf("%d requests were made, want one", got)
	}
}

func TestFetcher_ServerDown_IsNoRefusal(t *testing.T) {
	m := newMint(t)
	m.status["/SimpleNotificationService-0123456789abcdef.pem"] = http.StatusServiceUnavailable
	message := notification()
	signSNS(t, m.key, message)
	_, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	var refusal *provider.Refusal
	if err == nil || errors.As(err, &refusal) {
		t.Errorf("Verify: %v; want an error that lets SNS try again", err)
	}
	delete(m.status, "/SimpleNotificationService-0123456789abcdef.pem")
	if _, err := Verify(t.Context(), m.source(), requestOf(t, message), now().Add(failedFor-1)); err == nil || m.fetched.Load() != 1 {
		t.Errorf("Verify at once after that: %v; %d requests were made, want one", err, m.fetched.Load())
	}
	if _, err := Verify(t.Context(), m.source(), requestOf(t, message), now().Add(failedFor)); err != nil {
		t.Errorf("Verify after that: %v", err)
	}
}

func TestFetcher_ServerOfAnotherAuthority_IsNotTrusted(t *testing.T) {
	m, stranger := newMint(t), newMint(t)
	m.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	message := notification()
	signSNS(t, stranger.key, message)
	_, err := Verify(t.Context(), m.source(), requestOf(t, message), now())
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("Verify: %v; want an unknown authority", err)
	}
}

func TestFetcher_ManyCertificates_KeepsFew(t *testing.T) {
	m := newMint(t)
	page := m.pages["/SimpleNotificationService-0123456789abcdef.pem"]
	for i := range maxKept + 1 {
		path := "/SimpleNotificationService-" + strings.Repeat("a", i+1) + ".pem"
		m.pages[path] = page
		if _, err := m.fetcher.Certificate(t.Context(), "https://"+host+path, now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.fetcher.kept) > maxKept {
		t.Errorf("%d certificates are kept, at most %d are wanted", len(m.fetcher.kept), maxKept)
	}
}

func TestFetcher_NoCertificate_IsRememberedForAMinute(t *testing.T) {
	m := newMint(t)
	const address = "https://" + host + "/SimpleNotificationService-none.pem"
	var refusal *provider.Refusal
	for _, after := range []time.Duration{0, time.Second, 59 * time.Second} {
		if _, err := m.fetcher.Certificate(t.Context(), address, now().Add(after)); !errors.As(err, &refusal) {
			t.Errorf("after %v: %v; want a refusal", after, err)
		}
	}
	if got := m.fetched.Load(); got != 1 {
		t.Errorf("%d requests were made within a minute, want one", got)
	}
	m.put("/SimpleNotificationService-none.pem", m.key, time.Hour)
	if _, err := m.fetcher.Certificate(t.Context(), address, now().Add(time.Minute)); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	for i := range 2 * maxKept {
		address := "https://" + host + "/SimpleNotificationService-" + strings.Repeat("b", i+1) + ".pem"
		if _, err := m.fetcher.Certificate(t.Context(), address, now()); !errors.As(err, &refusal) {
			t.Errorf("%v; want a refusal", err)
		}
	}
	if len(m.fetcher.refused) > maxKept {
		t.Errorf("%d refusals are kept, at most %d are wanted", len(m.fetcher.refused), maxKept)
	}
}

// slow answers each request after a second that nothing is there, and counts how many it has at once for a host.
type slow struct {
	mutex     sync.Mutex
	now, most map[string]int
	all       int
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.add(r.URL.Host, 1)
	defer s.add(r.URL.Host, -1)
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(time.Second):
	}
	return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Request: r}, nil
}

func (s *slow) add(host string, n int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.now[host] += n
	s.all += max(n, 0)
	s.most[host] = max(s.most[host], s.now[host])
}

func TestFetcher_ManyAtOnce_AsksAHostForOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &slow{now: map[string]int{}, most: map[string]int{}}
		fetcher := NewFetcher(&http.Client{Transport: server})
		began := time.Now()
		var group sync.WaitGroup
		for i := range 30 {
			address := fmt.Sprintf("https://host%d.example/%d.pem", i%2, i%10)
			group.Go(func() {
				var refusal *provider.Refusal
				if _, err := fetcher.Certificate(t.Context(), address, began); !errors.As(err, &refusal) {
					t.Errorf("%s: %v; want a refusal", address, err)
				}
			})
		}
		group.Wait()
		if server.all != 10 || server.most["host0.example"] != 1 || server.most["host1.example"] != 1 || time.Since(began) != 5*time.Second {
			t.Errorf("%d requests, at once %v, in %v; want 10 in 5 seconds, one at once", server.all, server.most, time.Since(began))
		}
	})
}

// A caller has room for so many requests only: those that wait for SNS must leave some to other providers.
func TestFetcher_HostThatDoesNotAnswer_HoldsFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &slow{now: map[string]int{}, most: map[string]int{}}
		fetcher := NewFetcher(&http.Client{Transport: server})
		var group sync.WaitGroup
		var soon atomic.Int64
		for i := range 3 * maxWaiting {
			address := fmt.Sprintf("https://host.example/%d.pem", i)
			group.Go(func() {
				began := time.Now()
				_, err := fetcher.Certificate(t.Context(), address, began)
				var refusal *provider.Refusal
				if time.Since(began) == 0 && err != nil && !errors.As(err, &refusal) {
					soon.Add(1)
				}
			})
		}
		group.Wait()
		if got := soon.Load(); got != 2*maxWaiting || server.all != maxWaiting {
			t.Errorf("%d requests were told at once to come again, and %d asked the host; want %d and %d", got, server.all, 2*maxWaiting, maxWaiting)
		}
		if _, err := fetcher.Certificate(t.Context(), "https://host.example/more.pem", time.Now()); err == nil || server.all != maxWaiting+1 {
			t.Errorf("%v after %d requests: the places are not free again", err, server.all)
		}
	})
}

func TestFetcher_CallerThatGoes_DoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &slow{now: map[string]int{}, most: map[string]int{}}
		fetcher := NewFetcher(&http.Client{Transport: server})
		began := time.Now()
		go fetcher.Certificate(t.Context(), "https://host.example/1.pem", began) //nolint:errcheck // It only keeps the host busy.
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := fetcher.Certificate(ctx, "https://host.example/2.pem", began)
		var refusal *provider.Refusal
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &refusal) || server.all != 1 {
			t.Errorf("%v after %d requests; want the end of the context after one", err, server.all)
		}
	})
}
