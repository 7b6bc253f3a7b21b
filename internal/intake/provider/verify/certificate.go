package verify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/assent-io/assent/internal/intake/provider"
)

// Certificates gets the certificate at a URL. This package asks only for URLs of SNS in the region of an expected topic.
type Certificates interface {
	// Certificate returns the certificate. A [*provider.Refusal] means that there is none at the URL; any other error, that it could not be
	// found out.
	Certificate(ctx context.Context, url string) (*x509.Certificate, error)
}

// Fetcher gets certificates by HTTPS, and keeps those that it got: the URL of a certificate names it for ever. It may be used by several
// goroutines.
type Fetcher struct {
	client http.Client
	mutex  sync.Mutex
	kept   map[string]*x509.Certificate
}

const (
	// maxKept is the most certificates that are kept: one or two of each region are in use.
	maxKept = 64
	// maxCertificate is the most bytes of a certificate.
	maxCertificate = 64 << 10
)

// NewFetcher returns a fetcher over a client, whose timeout and network rules hold; redirects are not followed.
func NewFetcher(client *http.Client) *Fetcher {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Fetcher{client: own, kept: map[string]*x509.Certificate{}}
}

// Certificate implements [Certificates].
func (f *Fetcher) Certificate(ctx context.Context, url string) (*x509.Certificate, error) {
	f.mutex.Lock()
	certificate, ok := f.kept[url]
	f.mutex.Unlock()
	if ok {
		return certificate, nil
	}
	certificate, err := f.fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.kept) >= maxKept {
		clear(f.kept)
	}
	f.kept[url] = certificate
	return certificate, nil
}

func (f *Fetcher) fetch(ctx context.Context, url string) (*x509.Certificate, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("certificate of SNS: %w", err)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("certificate of SNS: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // It was only read.
	switch {
	case response.StatusCode >= http.StatusInternalServerError, response.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("certificate of SNS: the answer has status %d", response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return nil, refuse(provider.BadURL, fmt.Sprintf("there is no certificate at SigningCertURL: the answer has status %d", response.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxCertificate))
	if err != nil {
		return nil, fmt.Errorf("certificate of SNS: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, refuse(provider.BadURL, "what is at SigningCertURL is no certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, refuse(provider.BadURL, "the certificate at SigningCertURL cannot be read")
	}
	return certificate, nil
}
