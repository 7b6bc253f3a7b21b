package connect

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
)

// errStalled ends a call of which nothing comes any more.
var errStalled = errors.New("the server sent no data within --timeout")

// Receive makes a call that is answered by a stream, and hands on each message. It ends with an error where none comes within --timeout, unless
// that is 0, and with those of each as they are.
func Receive[In, Out any](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (grpc.ServerStreamingClient[Out], error), in In,
	each func(*Out) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	arrived := func() {}
	if patience := s.Timeout(); patience != 0 {
		stalled := time.AfterFunc(patience, func() { cancel(errStalled) })
		defer stalled.Stop()
		arrived = func() { stalled.Reset(patience) }
	}
	failed := func(err error) error {
		if errors.Is(context.Cause(ctx), errStalled) {
			return errStalled
		}
		return s.Failed(err)
	}
	stream, err := rpc(ctx, in)
	if err != nil {
		return failed(err)
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed(err)
		}
		arrived()
		if err := each(part); err != nil {
			return err
		}
	}
}
