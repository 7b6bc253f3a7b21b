package verify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// Certificates gets the certificate at a URL. This package asks only for URLs of SNS in the region of an expected topic.
type Certificates interface {
	// Certificate returns the certificate; now is the time of the request. A [*provider.Refusal] means that there is none at the URL; any other error, that it could not be
	// found out.
	Certificate(ctx context.Context, url string, now time.Time) (*x509.Certificate, error)
}

// Fetcher gets certificates by HTTPS, and keeps those that it got: the URL of a certificate names it for ever. A URL with none is not asked for
// again for a minute, and a host is asked for one at a time, so that many requests to this server do not become many requests to SNS. Few requests wait
// for a host, and one that cannot be reached is left alone for some seconds: the caller has other sources to serve. It may be used by several
// goroutines.
type Fetcher struct {
	client  http.Client
	mutex   sync.Mutex
	kept    map[string]*x509.Certificate
	refused map[string]refusal
	turns   map[string]*turn // by host
}

// A turn is that of one host.
type turn struct {
	free    chan struct{} // full while a certificate is fetched
	waiting int           // requests that wait for one, or fetch it
}

// A refusal is what was found out about a URL, and until when that counts.
type refusal struct {
	err   error
	until time.Time
}

const (
	// maxKept is the most certificates, and the most refusals, that are kept: one or two certificates of each region are in use.
	maxKept = 64
	// refusedFor is how long a URL without a certificate is not asked for again.
	refusedFor = time.Minute
	// failedFor is how long after a request a URL is left alone that failed otherwise: less than the 20 seconds after which SNS tries again.
	failedFor = 15 * time.Second
	// maxWaiting is how many requests wait for one host at most.
	maxWaiting = 16
	// maxCertificate is the most bytes of a certificate.
	maxCertificate = 64 << 10
)

// NewFetcher returns a fetcher over a client, whose timeout and network rules hold; redirects are not followed.
func NewFetcher(client *http.Client) *Fetcher {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Fetcher{client: own, kept: map[string]*x509.Certificate{}, refused: map[string]refusal{}, turns: map[string]*turn{}}
}

// Certificate implements [Certificates].
func (f *Fetcher) Certificate(ctx context.Context, address string, now time.Time) (*x509.Certificate, error) {
	if certificate, err := f.known(address, now); certificate != nil || err != nil {
		return certificate, err
	}
	turn, err := f.join(address)
	if err != nil {
		return nil, err
	}
	defer f.leave(turn)
	select {
	case turn.free <- struct{}{}:
		defer func() { <-turn.free }()
	case <-ctx.Done():
		return nil, fmt.Errorf("certificate of SNS: %w", context.Cause(ctx))
	}
	// The request before may have asked for the same one.
	if certificate, err := f.known(address, now); certificate != nil || err != nil {
		return certificate, err
	}
	certificate, err := f.fetch(ctx, address)
	if ctx.Err() == nil { // Else it says nothing about the host.
		f.keep(address, now, certificate, err)
	}
	return certificate, err
}

// known returns what is kept about a URL; nil and nil: nothing.
func (f *Fetcher) known(address string, now time.Time) (*x509.Certificate, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if certificate, ok := f.kept[address]; ok {
		return certificate, nil
	}
	if before, ok := f.refused[address]; ok && now.Before(before.until) {
		return nil, before.err
	}
	return nil, nil
}

// join adds a request to those that wait for the host of a URL.
func (f *Fetcher) join(address string) (*turn, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("certificate of SNS: %w", err)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	of, ok := f.turns[parsed.Host]
	if !ok {
		of = &turn{free: make(chan struct{}, 1)}
		f.turns[parsed.Host] = of
	}
	if of.waiting >= maxWaiting {
		return nil, fmt.Errorf("certificate of SNS: %d requests wait for one of %s already", of.waiting, parsed.Host)
	}
	of.waiting++
	return of, nil
}

func (f *Fetcher) leave(t *turn) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	t.waiting--
}

// keep remembers what was found at a URL: a certificate, that there is none, or that it could not be found out just now.
func (f *Fetcher) keep(address string, now time.Time, certificate *x509.Certificate, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err == nil {
		if len(f.kept) >= maxKept {
			clear(f.kept)
		}
		f.kept[address] = certificate
		return
	}
	until := now.Add(failedFor)
	if none := (*provider.Refusal)(nil); errors.As(err, &none) {
		until = now.Add(refusedFor)
	}
	if len(f.refused) >= maxKept {
		clear(f.refused)
	}
	f.refused[address] = refusal{err: err, until: until}
}

func (f *Fetcher) fetch(ctx context.Context, address string) (*x509.Certificate, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
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
