// Package connect reaches a server: where it is, with which key and in what way, and makes calls of it, again where it is away. What a
// failed call says to people is here, too.
package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/telemetry"
)

const (
	// DefaultServer is where a server listens that was told nothing else.
	DefaultServer = "127.0.0.1:50051"
	// maxAnswer is larger than any page or batch the server sends.
	maxAnswer = 64 << 20
	maxRetry  = 10
	// DefaultTimeout is how long is waited for the answer to a call that ends soon.
	DefaultTimeout = 30 * time.Second
)

// Options are what the flags say about the way to the server.
type Options struct {
	Server     string
	APIKeyFile string
	TLS        bool
	TLSCA      string
	Insecure   bool
	Timeout    time.Duration
	Language   string
	// APIKey is the key itself, where the environment holds it.
	APIKey config.Secret
	// Pauses are those between the tries of a call; nil: they grow from a moment to a few seconds.
	Pauses func() backoff.BackOff
}

// Server is a connection to the server.
type Server struct {
	*grpc.ClientConn
	options *Options
	notef   func(format string, args ...any)
	hasKey  bool
	// plain is set where the connection is not encrypted.
	plain bool
	// told is done when people know that the server is away.
	told sync.Once
}

// A call that lasts pings the server, so that a connection that something on the way has dropped ends as an error.
const (
	pingEvery   = 30 * time.Second
	pingTimeout = 20 * time.Second
)

// Dial makes a connection, which is set up when the first call needs it. The function is told
// once that the server is away.
func Dial(c *Options, notef func(format string, args ...any)) (*Server, error) {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, terminal.Usagef("--server must be host:port, such as %s", DefaultServer)
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	transport, err := c.transport(host)
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithUserAgent("assent/" + telemetry.BuildVersion()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTimeout}),
	}
	if key != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(key)))
	}
	conn, err := grpc.NewClient("dns:///"+c.Server, options...)
	if err != nil {
		return nil, terminal.Usagef("--server must be host:port, such as %s", DefaultServer)
	}
	return &Server{
		ClientConn: conn, options: c, notef: notef, hasKey: key != "", plain: transport.Info().SecurityProtocol == "insecure",
	}, nil
}

// transport chooses between plain text and TLS: plain text only to this
// machine, or where --insecure says so.
func (c *Options) transport(host string) (credentials.TransportCredentials, error) {
	if c.Insecure || (isLoopback(host) && !c.TLS && c.TLSCA == "") {
		return insecure.NewCredentials(), nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSCA != "" {
		pem, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-ca: %s does not contain a PEM certificate", c.TLSCA)
		}
	}
	return credentials.NewTLS(settings), nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// key returns the API key of --api-key-file, ASSENT_API_KEY or
// ASSENT_API_KEY_FILE, the first that is given; empty without any.
func (c *Options) key() (string, error) {
	if key := c.APIKey.Reveal(); key != "" {
		return checkKey(key, "ASSENT_API_KEY")
	}
	if c.APIKeyFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(c.APIKeyFile)
	switch {
	case err != nil && looksLikeKey(c.APIKeyFile): // The error would print it.
		return "", errors.New("API key: --api-key-file or ASSENT_API_KEY_FILE holds a key, not the path of a file: set ASSENT_API_KEY to the key")
	case err != nil:
		return "", fmt.Errorf("API key: %w", err)
	}
	return checkKey(strings.TrimSpace(string(data)), c.APIKeyFile)
}

// looksLikeKey reports whether a text has the form of an API key, assent_ID_SECRET with 64 digits, and so should not be printed.
func looksLikeKey(text string) bool {
	return strings.HasPrefix(text, "assent_") && len(text) > len("assent_")+64 && !strings.ContainsAny(text, "/\\")
}

// checkKey refuses what cannot be sent in a header, without repeating it.
func checkKey(key, from string) (string, error) {
	wrong := func(r rune) bool { return r <= ' ' || r > '~' }
	if key == "" || len(key) > 4096 || strings.ContainsFunc(key, wrong) {
		return "", fmt.Errorf("API key: %s does not contain one", from)
	}
	return key, nil
}

// bearer sends the API key with every call.
type bearer string

// GetRequestMetadata returns the header with the key.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity returns false: transport decides it, and permits
// plain text to this machine.
func (b bearer) RequireTransportSecurity() bool { return false }

// InLanguage adds to a context the language of explanations, if one was asked for.
func (s *Server) InLanguage(ctx context.Context) context.Context {
	if s.options.Language == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "accept-language", s.options.Language)
}

// Timeout is how long to wait for an answer; 0: as long as it takes.
func (s *Server) Timeout() time.Duration { return s.options.Timeout }

// Language is that of explanations; empty: the server's own.
func (s *Server) Language() string { return s.options.Language }

// Failed is the error of a call to the server.
func (s *Server) Failed(err error) error {
	return &Error{Err: err, server: s.options.Server, hasKey: s.hasKey, plain: s.plain}
}

// Call makes a call with the deadline of --timeout; without any where that is 0.
func Call[In, Out any](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	if s.options.Timeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.options.Timeout)
		defer cancel()
	}
	out, err := rpc(ctx, in)
	if err != nil {
		return out, s.Failed(err)
	}
	return out, nil
}

// CallAgain is call for bulk work: while the server is unavailable it tries
// again, waiting longer each time. Only what is safe to repeat may be called
// so: reads, and writes with a request id.
func CallAgain[In, Out any](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	once := func() (Out, error) {
		out, err := Call(ctx, s, rpc, in)
		if err != nil && status.Code(errors.Unwrap(err)) != codes.Unavailable {
			return out, backoff.Permanent(err)
		}
		return out, err
	}
	out, err := backoff.Retry(ctx, once, backoff.WithBackOff(s.options.newPauses()), backoff.WithMaxTries(maxRetry+1),
		backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(error, time.Duration) {
			s.Away()
		}))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Unwrap() // The last try returns it wrapped.
	}
	return out, err
}

// Pauses returns the pauses between the tries of a call.
func (s *Server) Pauses() backoff.BackOff { return s.options.newPauses() }

// Away tells people, once, that the server is away.
func (s *Server) Away() {
	s.told.Do(func() { s.notef("The server at %s is not available; trying again.", s.options.Server) })
}

// Wait waits before the next try; its error is that of the context.
func (s *Server) Wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// newPauses returns the pauses between the tries of a call: up to twice as long each time, at most five seconds, and at random, so
// that many clients do not come back at once.
func (c *Options) newPauses() backoff.BackOff {
	if c.Pauses != nil {
		return c.Pauses()
	}
	return &backoff.ExponentialBackOff{
		InitialInterval: 75 * time.Millisecond, Multiplier: 2, RandomizationFactor: 1. / 3, MaxInterval: 3750 * time.Millisecond,
	}
}
