package bench

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

const (
	// perConnection is how many workers share a connection.
	perConnection = 16
	maxAnswer     = 64 << 20
)

// target is a server that is asked, over connections of its own.
type target struct{ conns []*grpc.ClientConn }

// bearer sends the API key with every call; none where it is empty.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (b bearer) RequireTransportSecurity() bool { return false }

// dial connects as often as so many workers need it.
func dial(address, key string, workers int) (*target, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
	}
	if key != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(key)))
	}
	t := &target{}
	for range (workers + perConnection - 1) / perConnection {
		conn, err := grpc.NewClient("passthrough:///"+address, options...)
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.conns = append(t.conns, conn)
	}
	return t, nil
}

func (t *target) close() error {
	var errs []error
	for _, conn := range t.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

func (t *target) conn(worker int) *grpc.ClientConn { return t.conns[worker%len(t.conns)] }

// methodPath begins the full names of the methods that are asked.
const methodPath = "/assent.v1.ConsentService/"

// call calls a method.
func (t *target) call(ctx context.Context, worker int, method string, in, out any) error {
	if err := t.conn(worker).Invoke(ctx, methodPath+method, in, out); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func (t *target) check(ctx context.Context, worker int, in *assentv1.CheckConsentRequest) (*assentv1.CheckConsentResponse, error) {
	out := &assentv1.CheckConsentResponse{}
	return out, t.call(ctx, worker, "CheckConsent", in, out)
}

func (t *target) record(ctx context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error) {
	out := &assentv1.BatchRecordEventsResponse{}
	return out, t.call(ctx, 0, "BatchRecordEvents", in, out)
}
