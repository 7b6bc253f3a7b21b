package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	// DefaultTimeout is how long an attempt lasts at most, from the look-up in DNS to the end of the answer. Standard Webhooks advises 15 to
	// 30 seconds.
	DefaultTimeout = 15 * time.Second

	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = time.Minute

	// What is read of an answer at most.
	maxHeaderBytes = 64 << 10
	maxBodyBytes   = 64 << 10

	// How many connections are kept for the next message, to all hosts and to one.
	maxIdle, maxIdlePerHost = 100, 2
)

// Options are the settings of a client; the zero value is safe.
type Options struct {
	// AllowPrivate permits private, loopback and provider-internal addresses, over http, too. Link-local, multicast and reserved ones stay
	// refused.
	AllowPrivate bool
	// Timeout is how long an attempt lasts at most; 0 is [DefaultTimeout].
	Timeout time.Duration
	// RootCAs are the authorities whose certificates count; nil are those of the system.
	RootCAs *x509.CertPool
	// Clock tells the time that a message is signed with; nil is [time.Now].
	Clock func() time.Time
}

// Client sends messages. It follows no redirect, uses no proxy, keeps no cookie, and looks at each address that it connects to, after DNS: a
// name that leads elsewhere the second time gains nothing. It is safe for concurrent use; Close ends it.
type Client struct {
	timeout     time.Duration
	clock       func() time.Time
	https, http *http.Transport
}

// New returns a client.
func New(o Options) *Client {
	return newClient(o, func(ip netip.Addr) string { return refusal(ip, o.AllowPrivate) }, net.DefaultResolver)
}

// newClient returns a client that takes the word of refuse on addresses, and that of resolver on names.
func newClient(o Options, refuse func(netip.Addr) string, resolver *net.Resolver) *Client {
	c := &Client{timeout: o.Timeout, clock: o.Clock}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if c.clock == nil {
		c.clock = time.Now
	}
	c.https = newTransport(resolver, refuse, o.RootCAs)
	c.http = newTransport(resolver, func(ip netip.Addr) string {
		if !isPrivate(ip) {
			return "an address that is not private, and http is for private ones only"
		}
		return refuse(ip)
	}, nil)
	return c
}

// newTransport returns a transport that connects to no address for which refuse gives a reason.
func newTransport(resolver *net.Resolver, refuse func(netip.Addr) string, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: connectTimeout, Resolver: resolver,
		// It is called with each address between its socket and its connection.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return &refusedError{why: "not an IP address"}
			}
			if why := refuse(to.Addr()); why != "" {
				return &refusedError{why: why}
			}
			return nil
		},
	}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: handshakeTimeout, ForceAttemptHTTP2: true,
		MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes, DisableCompression: true,
	}
}

// HTTPClient returns a client for what this program fetches by itself: by HTTPS, from public addresses only, looked at after DNS, without
// redirects and without a proxy. Its answers are the caller's to limit.
func HTTPClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     newTransport(net.DefaultResolver, func(ip netip.Addr) string { return refusal(ip, false) }, nil),
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close closes the connections that are kept. Attempts that run go on.
func (c *Client) Close() {
	c.https.CloseIdleConnections()
	c.http.CloseIdleConnections()
}

// Deliver makes one attempt to send a message, and says what came of it. It ends at once when the context does. The error is a defect of
// the delivery, such as data that is no JSON; then nothing was sent, and another attempt would end the same way.
//
// The status of an answer decides, as soon as it is there: an answer 200 whose body is cut or too slow is [Delivered].
func (c *Client) Deliver(ctx context.Context, d Delivery) (Answer, error) {
	if d.URL.IsZero() {
		return Answer{}, errors.New("webhook: the delivery has no URL")
	}
	started := c.clock()
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := d.request(within, started)
	if err != nil {
		return Answer{}, err
	}
	transport := c.https
	if d.URL.isPlain() {
		transport = c.http
	}
	answer := c.attempt(ctx, transport, request)
	answer.Took = c.clock().Sub(started)
	return answer, nil
}

// attempt sends the request; the context is that of the caller, without the time limit of the request.
func (c *Client) attempt(ctx context.Context, transport *http.Transport, request *http.Request) Answer {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return failed(err, ctx.Err() != nil)
	}
	defer response.Body.Close() //nolint:errcheck // The answer is known.
	// A body that is read to its end lets the connection be used again; an error leaves what came so far.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes))
	return answered(response, body, c.clock())
}
