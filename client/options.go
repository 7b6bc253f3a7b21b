package client

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
)

// The defaults of a Client.
const (
	// DefaultServer is where a server listens that was told nothing else.
	DefaultServer = "127.0.0.1:50051"
	// DefaultTimeout is how long a try of a call waits for its answer.
	DefaultTimeout = 30 * time.Second
	// DefaultRetries is how often a call is tried again: for about 25 seconds.
	DefaultRetries = 10

	defaultUserAgent = "assent-client-go"
	// maxAnswer is larger than any page or batch that a server sends.
	maxAnswer = 64 << 20
)

// settings are what the options of a Client say.
type settings struct {
	key       KeySource
	tls       *tls.Config
	secure    bool // TLS to any host
	plain     bool // no TLS to any host
	timeout   time.Duration
	retries   int
	pauses    func() func() time.Duration
	onRetry   func(err *Error, pause time.Duration)
	userAgent string
	language  string
	dial      []grpc.DialOption
}

// Option changes how a Client reaches its server.
type Option func(*settings)

// WithKey sends an API key with every call.
func WithKey(key Key) Option {
	return WithKeySource(func(context.Context) (Key, error) { return key, nil })
}

// WithKeySource asks for the API key before every call.
func WithKeySource(source KeySource) Option { return func(s *settings) { s.key = source } }

// WithTLS uses TLS to any host, also to this machine. A nil config stands for the certificates that the system trusts; a config is cloned,
// and its MinVersion is raised to TLS 1.2. Without this option TLS is used to all hosts but this machine.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.secure, s.plain, s.tls = true, false, config }
}

// WithPlaintext uses no TLS to any host: addresses and the API key go in clear. To this machine that is so anyway.
func WithPlaintext() Option {
	return func(s *settings) { s.secure, s.plain, s.tls = false, true, nil }
}

// WithTimeout sets how long each try of a call waits for its answer, and [Client.CheckAll] for each of its answers. 0: as long as it takes. A
// deadline of the context that comes first counts.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithRetries sets how often a call that is safe to repeat is tried again; 0: never.
func WithRetries(n int) Option { return func(s *settings) { s.retries = n } }

// WithPauses sets the pause before each retry of a call; the first has the number 1. By default pauses are random, between half and all of a
// length that begins at 0.1 s and doubles up to 5 s. A server that says how long to wait is waited for at least that long.
func WithPauses(pause func(retry int) time.Duration) Option {
	return func(s *settings) {
		s.pauses = func() func() time.Duration {
			retry := 0
			return func() time.Duration {
				retry++
				return pause(retry)
			}
		}
	}
}

// WithOnRetry is told of each call that will be tried again, with the error of the last try and the pause. Calls that run side by side tell it
// side by side.
func WithOnRetry(told func(err *Error, pause time.Duration)) Option {
	return func(s *settings) { s.onRetry = told }
}

// WithUserAgent names the program to the server, such as "shop/2.1".
func WithUserAgent(name string) Option { return func(s *settings) { s.userAgent = name } }

// WithLanguage asks for explanations and remedies in a language, such as "de". A server knows English and German.
func WithLanguage(tag string) Option { return func(s *settings) { s.language = tag } }

// WithDialOptions adds options of gRPC, such as interceptors for traces; they see each try of a call. They are applied last.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}

// once and timeout are options of one call. gRPC ignores them.
type (
	once struct{ grpc.EmptyCallOption }
	wait struct {
		grpc.EmptyCallOption
		limit time.Duration
	}
)

// Once makes a call one try: nothing is repeated, and a write gets no request id that the caller did not give.
func Once() grpc.CallOption { return once{} }

// Timeout sets for one call what [WithTimeout] sets for all. It is meant for calls that last, such as an erasure or a run of retention.
func Timeout(d time.Duration) grpc.CallOption { return wait{limit: d} }

// plan is how one call is made.
type plan struct {
	timeout time.Duration
	retries int
}

func (s *settings) planOf(options []grpc.CallOption) plan {
	p := plan{timeout: s.timeout, retries: s.retries}
	for _, option := range options {
		switch o := option.(type) {
		case once:
			p.retries = 0
		case wait:
			p.timeout = o.limit
		}
	}
	return p
}
