package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// ErrAddress says that the address of a server has not the form host:port.
var ErrAddress = errors.New("the address of the server must be host:port, such as " + DefaultServer)

const (
	// A call that lasts pings the server, so that a connection that something on the way has dropped ends as an error.
	pingEvery   = 30 * time.Second
	pingTimeout = 20 * time.Second
	// connectTimeout is how long one attempt to connect may take.
	connectTimeout = 20 * time.Second
)

// Client calls one server. It is safe for use by several goroutines, which share its connection; one Client for a program is enough. It is a
// [grpc.ClientConnInterface], so that the clients of all generated services can be made of it, with the same deadlines, retries and errors.
type Client struct {
	settings
	conn    *grpc.ClientConn
	address string
	// unencrypted is set where the connection is without TLS.
	unencrypted bool
	consent     assentv1.ConsentServiceClient
	suppression assentv1.SuppressionServiceClient
}

var _ grpc.ClientConnInterface = (*Client)(nil)

// New makes a Client of the server at host:port. It connects with the first call, so it does not tell whether the server is there. The Client
// is to be closed.
func New(address string, options ...Option) (*Client, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress
	}
	c := &Client{address: address, settings: settings{
		timeout: DefaultTimeout, retries: DefaultRetries, pauses: growingPauses, userAgent: defaultUserAgent,
	}}
	for _, option := range options {
		option(&c.settings)
	}
	transport := c.transport(host)
	c.unencrypted = transport.Info().SecurityProtocol == insecure.NewCredentials().Info().SecurityProtocol
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithUserAgent(c.userAgent),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTimeout}),
		// A server that comes back is found soon: gRPC alone would wait for up to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: connectTimeout, Backoff: grpcbackoff.Config{
			BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.3, MaxDelay: 5 * time.Second,
		}}),
	}
	if c.conn, err = grpc.NewClient("dns:///"+address, append(dial, c.dial...)...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	c.consent, c.suppression = assentv1.NewConsentServiceClient(c), assentv1.NewSuppressionServiceClient(c)
	return c, nil
}

// transport chooses between plain text and TLS: plain text only to this machine, or where an option says so.
func (s *settings) transport(host string) credentials.TransportCredentials {
	if s.plain || (!s.secure && isLoopback(host)) {
		return insecure.NewCredentials()
	}
	config := s.tls.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return credentials.NewTLS(config)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Close ends the connection, and with it the calls that are under way.
func (c *Client) Close() error { return c.conn.Close() }

// Consent returns the generated client of checks, of what people say, and of look-ups.
func (c *Client) Consent() assentv1.ConsentServiceClient { return c.consent }

// Invoke makes a call of one message and one answer; the generated clients call it. Its errors are of type [*Error]. A call that is safe to
// repeat is tried again as the comment of the package says.
func (c *Client) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	p := c.planOf(options)
	if p.retries > 0 {
		var safe bool
		if in, safe = repeatable(method, in); !safe {
			p.retries = 0
		}
	}
	return c.again(ctx, p.retries, func() *Error { return c.invoke(ctx, p, method, in, out, options) })
}

// invoke makes one try of a call.
func (c *Client) invoke(ctx context.Context, p plan, method string, in, out any, options []grpc.CallOption) *Error {
	if p.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	ctx, err := c.outgoing(ctx)
	if err != nil {
		return err
	}
	var header metadata.MD
	return c.errorOf(c.conn.Invoke(ctx, method, in, out, append(slices.Clip(options), grpc.Header(&header))...), header)
}

// NewStream begins a call of several messages or answers; the generated clients call it. Errors of the stream are of type [*Error]. Nothing of
// it is repeated, and it has no deadline but that of the context.
func (c *Client) NewStream(
	ctx context.Context, description *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	ctx, failed := c.outgoing(ctx)
	if failed != nil {
		return nil, failed
	}
	s, err := c.conn.NewStream(ctx, description, method, options...)
	if err != nil {
		return nil, c.errorOf(err, nil)
	}
	return &stream{ClientStream: s, client: c}, nil
}

// outgoing adds the headers of a call to its context.
func (c *Client) outgoing(ctx context.Context) (context.Context, *Error) {
	if c.language != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "accept-language", c.language)
	}
	if c.key == nil {
		return ctx, nil
	}
	key, err := c.key(ctx)
	if err != nil {
		return ctx, keyless(err)
	}
	if key.Reveal() != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key.Reveal())
	}
	return ctx, nil
}

// stream is a stream with errors of this package.
type stream struct {
	grpc.ClientStream
	client *Client
}

// RecvMsg receives a message. io.EOF says that all have come.
func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	// The stream has ended, so this does not wait. Where there is no header there is no request id either.
	header, _ := s.Header()
	return s.client.errorOf(err, header)
}

// SendMsg sends a message. io.EOF says that the stream has ended; RecvMsg then says why.
func (s *stream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return s.client.errorOf(err, nil)
}

// Pauses returns the pauses between the tries of a call, one after the other, for a program that repeats a stream: [WithPauses] sets them, and
// [Client.Wait] waits.
func (c *Client) Pauses() func() time.Duration { return c.pauses() }

// growingPauses returns the pauses between the tries of a call: up to twice as long each time, at most five seconds, and at random, so
// that many clients do not come back at once.
func growingPauses() func() time.Duration {
	return (&backoff.ExponentialBackOff{
		InitialInterval: 75 * time.Millisecond, Multiplier: 2, RandomizationFactor: 1. / 3, MaxInterval: 3750 * time.Millisecond,
	}).NextBackOff
}
