package verify

import (
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

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
	if _, err := Verify(t.Context(), m.source(), requestOf(t, message), now()); err != nil {
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
		if _, err := m.fetcher.Certificate(t.Context(), "https://"+host+path); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.fetcher.kept) > maxKept {
		t.Errorf("%d certificates are kept, at most %d are wanted", len(m.fetcher.kept), maxKept)
	}
}
