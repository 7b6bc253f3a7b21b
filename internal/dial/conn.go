package dial

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/assent-io/assent/internal/telemetry"
)

// maxAnswer is larger than any page or batch the server sends.
const maxAnswer = 64 << 20

// ErrAddress says that the address of the server is none.
var ErrAddress = errors.New("--server must be host:port, such as " + DefaultServer)

// Conn is a connection to a server. Close ends it.
type Conn struct {
	*grpc.ClientConn

	server  string
	timeout time.Duration
	hasKey  bool
	plain   bool // it is not encrypted
}

// A call that lasts pings the server, so that a connection that something on the way has dropped ends as an error.
const (
	pingEvery   = 30 * time.Second
	pingTimeout = 20 * time.Second
)

// Dial returns a connection to the server. It does not wait until there is one. Error: [ErrAddress].
func (f *Flags) Dial() (*Conn, error) {
	host, _, err := net.SplitHostPort(f.Server)
	if err != nil {
		return nil, ErrAddress
	}
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	transport, err := f.transport(host)
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
	conn, err := grpc.NewClient("dns:///"+f.Server, options...)
	if err != nil {
		return nil, ErrAddress
	}
	return &Conn{
		ClientConn: conn, server: f.Server, timeout: f.Timeout, hasKey: key != "",
		plain: transport.Info().SecurityProtocol == "insecure",
	}, nil
}

// Outgoing returns a context whose calls ask for explanations in the language of the flags.
func (f *Flags) Outgoing(ctx context.Context) context.Context {
	if f.Language == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "accept-language", f.Language)
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
