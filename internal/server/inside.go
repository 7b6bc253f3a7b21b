package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/assent-io/assent/internal/rpc"
)

const (
	// insideBuffer is how much a connection inside the process holds before a write waits.
	insideBuffer = 1 << 20
	// maxAnswer is how large an answer to the gateway may be; a page of history has at most 1,000 events of a few KiB.
	maxAnswer = 64 << 20
)

// inside is a way to the gRPC server that does not leave the process.
type inside struct {
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

func newInside() (*inside, error) {
	listener := bufconn.Listen(insideBuffer)
	conn, err := grpc.NewClient("passthrough:///inside",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer), grpc.MaxCallSendMsgSize(rpc.MaxMessage)),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect the gateway: %w", err), listener.Close())
	}
	return &inside{listener: listener, conn: conn}, nil
}

func (i *inside) close() error { return errors.Join(i.conn.Close(), i.listener.Close()) }
