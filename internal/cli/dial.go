package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	defaultServer = "127.0.0.1:50051"
	// maxAnswer is larger than any page or batch the server sends.
	maxAnswer = 64 << 20
	maxRetry  = 10
	// defaultTimeout is how long is waited for the answer to a call that ends soon.
	defaultTimeout = 30 * time.Second
)

// connection is what the flags say about the way to the server.
type connection struct {
	server     string
	apiKeyFile string
	tls        bool
	tlsCA      string
	insecure   bool
	timeout    time.Duration
	language   string
	// apiKey is the key itself, where the environment holds it.
	apiKey config.Secret
}

// addFlags gives a command, and those below it, the flags of a client.
func (c *connection) addFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.server, "server", defaultServer, "gRPC address of the server, host:port (ASSENT_SERVER)")
	flags.StringVar(&c.apiKeyFile, "api-key-file", "",
		"file with the API key (ASSENT_API_KEY_FILE; ASSENT_API_KEY holds the key itself)")
	flags.BoolVar(&c.tls, "tls", false, "use TLS on loopback as well; to other hosts it is used anyway")
	flags.StringVar(&c.tlsCA, "tls-ca", "", "PEM file with the certificates to trust instead of the system's; uses TLS (ASSENT_TLS_CA)")
	flags.BoolVar(&c.insecure, "insecure", false, "no TLS to other hosts either: addresses and key go in clear")
	flags.DurationVar(&c.timeout, "timeout", defaultTimeout, "how long to wait for an answer")
	flags.StringVar(&c.language, "language", "", "language of explanations, such as de")
	cmd.MarkFlagsMutuallyExclusive("tls", "insecure")
	cmd.MarkFlagsMutuallyExclusive("tls-ca", "insecure")
}

// readEnv takes from the environment what no flag says.
func (c *connection) readEnv(flags *pflag.FlagSet, env func(string) (string, bool)) {
	for _, v := range []struct {
		flag, name string
		value      *string
	}{
		{"server", "ASSENT_SERVER", &c.server},
		{"api-key-file", "ASSENT_API_KEY_FILE", &c.apiKeyFile},
		{"tls-ca", "ASSENT_TLS_CA", &c.tlsCA},
	} {
		// A variable that a file was read into ends with a newline, which no error would show.
		if set, ok := env(v.name); ok && strings.TrimSpace(set) != "" && !flags.Changed(v.flag) {
			*v.value = strings.TrimSpace(set)
		}
	}
	if key, ok := env("ASSENT_API_KEY"); ok && strings.TrimSpace(key) != "" && !flags.Changed("api-key-file") {
		c.apiKey = config.NewSecret(strings.TrimSpace(key))
	}
}

// server is a connection to the server.
type server struct {
	*grpc.ClientConn
	app     *app
	address string
	hasKey  bool
	// plain is set where the connection is not encrypted.
	plain bool
	// told is done when people know that the server is away.
	told sync.Once
}

// withServer calls do with a connection that is closed afterwards.
func (a *app) withServer(ctx context.Context, do func(context.Context, *server) error) error {
	s, err := a.dial()
	if err != nil {
		return err
	}
	defer func() {
		// All calls are over; there is nothing left to lose.
		_ = s.Close()
	}()
	if a.connection.language != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "accept-language", a.connection.language)
	}
	return a.withHint(ctx, s, do(ctx, s))
}

// A call that lasts pings the server, so that a connection that something on the way has dropped ends as an error.
const (
	pingEvery   = 30 * time.Second
	pingTimeout = 20 * time.Second
)

func (a *app) dial() (*server, error) {
	c := a.connection
	host, _, err := net.SplitHostPort(c.server)
	if err != nil {
		return nil, terminal.Usagef("--server must be host:port, such as %s", defaultServer)
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
	conn, err := grpc.NewClient("dns:///"+c.server, options...)
	if err != nil {
		return nil, terminal.Usagef("--server must be host:port, such as %s", defaultServer)
	}
	return &server{
		ClientConn: conn, app: a, address: c.server, hasKey: key != "", plain: transport.Info().SecurityProtocol == "insecure",
	}, nil
}

// transport chooses between plain text and TLS: plain text only to this
// machine, or where --insecure says so.
func (c *connection) transport(host string) (credentials.TransportCredentials, error) {
	if c.insecure || (isLoopback(host) && !c.tls && c.tlsCA == "") {
		return insecure.NewCredentials(), nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.tlsCA != "" {
		pem, err := os.ReadFile(c.tlsCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-ca: %s holds no PEM certificate", c.tlsCA)
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
func (c *connection) key() (string, error) {
	if key := c.apiKey.Reveal(); key != "" {
		return checkKey(key, "ASSENT_API_KEY")
	}
	if c.apiKeyFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(c.apiKeyFile)
	if err != nil {
		return "", fmt.Errorf("API key: %w", err)
	}
	return checkKey(strings.TrimSpace(string(data)), c.apiKeyFile)
}

// checkKey refuses what cannot be sent in a header, without repeating it.
func checkKey(key, from string) (string, error) {
	wrong := func(r rune) bool { return r <= ' ' || r > '~' }
	if key == "" || len(key) > 4096 || strings.ContainsFunc(key, wrong) {
		return "", fmt.Errorf("API key: %s does not hold one", from)
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

// lasting leaves it to the server how long the calls of a command may take, unless --timeout is given: it knows which last.
func (a *app) lasting(cmd *cobra.Command) {
	if !cmd.Flags().Changed("timeout") {
		a.connection.timeout = 0
	}
}

// call makes a call with the deadline of --timeout; without any where that is 0.
func call[In, Out any](
	ctx context.Context, s *server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	if s.app.connection.timeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.app.connection.timeout)
		defer cancel()
	}
	out, err := rpc(ctx, in)
	if err != nil {
		return out, &callError{err: err, server: s.address, hasKey: s.hasKey, plain: s.plain}
	}
	return out, nil
}

// oneCall makes the function of a command that makes one call and writes the
// answer. Request makes the message of the arguments before the server is asked.
func oneCall[Client, In, Out any](
	a *app, client func(grpc.ClientConnInterface) Client,
	rpc func(Client, context.Context, In, ...grpc.CallOption) (Out, error),
	write func(*app, Out) error, request func(args []string) (In, error),
) func(*cobra.Command, []string) error {
	return a.does(func(ctx context.Context, args []string) error {
		in, err := request(args)
		if err != nil {
			return err
		}
		return a.withServer(ctx, func(ctx context.Context, s *server) error {
			bound := func(ctx context.Context, in In, options ...grpc.CallOption) (Out, error) {
				return rpc(client(s), ctx, in, options...)
			}
			out, err := call(ctx, s, bound, in)
			if err != nil {
				return err
			}
			return write(a, out)
		})
	})
}

// callAgain is call for bulk work: while the server is unavailable it tries
// again, waiting longer each time. Only what is safe to repeat may be called
// so: reads, and writes with a request id.
func callAgain[In, Out any](
	ctx context.Context, s *server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	for n := 0; ; n++ {
		out, err := call(ctx, s, rpc, in)
		if err == nil || status.Code(errors.Unwrap(err)) != codes.Unavailable || n == maxRetry {
			return out, err
		}
		s.told.Do(func() { s.app.Notef("The server at %s is not available; trying again.", s.address) })
		timer := time.NewTimer(s.app.pause(n))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return out, err
		}
	}
}

// pause waits up to twice as long each time, at most five seconds, and at
// random, so that many clients do not come back at once.
func pause(n int) time.Duration {
	longest := min(100*time.Millisecond<<n, 5*time.Second)
	return longest/2 + rand.N(longest/2)
}
