package server

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/assent-io/assent/internal/rpc"
)

// The limits of a gRPC connection.
const (
	connectTimeout = 10 * time.Second
	maxStreams     = 1000
	// streamWindow is how much of a message may arrive before the call asks for it. It does not grow: what a caller without a key
	// sends is thrown away unread.
	streamWindow = 64 << 10
	connWindow   = 1 << 20

	// leastPing is how often a client may ping: clients behind NAT and load balancers do so every 10 s or more, also without a stream.
	leastPing = 2 * time.Second
	// pingEvery and pingTimeout find connections with a dead peer.
	pingEvery   = time.Minute
	pingTimeout = 20 * time.Second
	// maxIdle ends connections without a call.
	maxIdle = 5 * time.Minute
	// maxAge has clients connect anew, so that behind a load balancer they find servers that came later. Calls that are under way go on for
	// up to maxAgeGrace, which is longer than any unary call may take.
	maxAge      = 30 * time.Minute
	maxAgeGrace = 6 * time.Hour

	// streamWorkers is how many goroutines are kept to handle calls. A check that waits for what was acknowledged may read the database itself,
	// and a new goroutine would grow its stack for that in each call. Calls beyond them, such as long streams, get a goroutine of their own.
	streamWorkers = 32
)

// NewGRPC returns a gRPC server with the options of the API and the limits of this package, on which no service is registered yet.
func NewGRPC(api *rpc.API, more ...grpc.ServerOption) *grpc.Server {
	options := append(api.ServerOptions(),
		grpc.ConnectionTimeout(connectTimeout), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeader),
		grpc.WaitForHandlers(true), grpc.NumStreamWorkers(streamWorkers),
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: leastPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: maxIdle, MaxConnectionAge: maxAge, MaxConnectionAgeGrace: maxAgeGrace, Time: pingEvery, Timeout: pingTimeout,
		}),
	)
	return grpc.NewServer(append(options, more...)...)
}
