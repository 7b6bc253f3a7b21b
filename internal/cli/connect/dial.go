// Package connect reaches a server by what the flags of a command say, with package client. What a failed call says to people is here, too.
package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/telemetry"
)

// Options are what the flags say about the way to the server.
type Options struct {
	// Settings are the server, the API key and the certificates to trust. The flags go before the environment.
	client.Settings
	TLS      bool
	Insecure bool
	Timeout  time.Duration
	Language string
	// Pauses gives the pause before each retry of a call; nil: that of package client.
	Pauses func(retry int) time.Duration
}

// Server is a connection to the server.
type Server struct {
	*client.Client
	options *Options
	hasKey  bool
	away    func()
}

// Dial makes a connection, which is set up when the first call needs it. The function is told
// once that the server is away.
func Dial(c *Options, notef func(format string, args ...any)) (*Server, error) {
	key, err := c.APIKey()
	if err != nil {
		return nil, err
	}
	away := sync.OnceFunc(func() { notef("The server at %s is not available; trying again.", c.Server) })
	options := []client.Option{
		client.WithKey(key), client.WithTimeout(c.Timeout), client.WithLanguage(c.Language),
		client.WithUserAgent("assent/" + telemetry.BuildVersion()),
		client.WithOnRetry(func(*client.Error, time.Duration) { away() }),
	}
	switch {
	case c.Insecure:
		options = append(options, client.WithPlaintext())
	case c.CAFile != "":
		roots, err := client.ReadCAFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		options = append(options, client.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	case c.TLS:
		options = append(options, client.WithTLS(nil))
	}
	if c.Pauses != nil {
		options = append(options, client.WithPauses(c.Pauses))
	}
	made, err := client.New(c.Server, options...)
	if errors.Is(err, client.ErrAddress) {
		return nil, terminal.Usagef("--server must be host:port, such as %s", client.DefaultServer)
	}
	if err != nil {
		return nil, err
	}
	return &Server{Client: made, options: c, hasKey: key.Reveal() != "", away: away}, nil
}

// Away tells people, once, that the server is away.
func (s *Server) Away() { s.away() }

// Timeout is how long to wait for an answer; 0: as long as it takes.
func (s *Server) Timeout() time.Duration { return s.options.Timeout }

// Language is that of explanations; empty: the server's own.
func (s *Server) Language() string { return s.options.Language }

// Failed is the error of a call to the server.
func (s *Server) Failed(err error) error { return &Error{Err: err, hasKey: s.hasKey} }

// Call makes a call once: where the server is away, the person at the keyboard is told at once. --timeout says how long to wait for the answer.
func Call[In, Out any](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	out, err := rpc(ctx, in, client.Once())
	if err != nil {
		return out, s.Failed(err)
	}
	return out, nil
}

// CallAgain is Call for bulk work: while the server is unavailable it tries again, waiting longer each time.
func CallAgain[In, Out any](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	out, err := rpc(ctx, in)
	if err != nil {
		return out, s.Failed(err)
	}
	return out, nil
}
