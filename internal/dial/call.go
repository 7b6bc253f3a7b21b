package dial

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxRetry is how many times a call is made again.
const maxRetry = 10

// Call makes a call with the deadline of --timeout; without any where that is 0. Its error is a [CallError].
func Call[In, Out any](
	ctx context.Context, c *Conn, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	if c.timeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	out, err := rpc(ctx, in)
	if err != nil {
		return out, c.Failed(err)
	}
	return out, nil
}

// Patience is what a caller does while the server is unavailable.
type Patience struct {
	// Away is called before each wait.
	Away func()
	// Pause is how long to wait before the n-th retry, from 0; nil: [Pause].
	Pause func(n int) time.Duration
}

// CallAgain is Call for bulk work: while the server is unavailable it tries again, waiting longer each time. Only what is safe to
// repeat may be called so: reads, and writes with a request id.
func CallAgain[In, Out any](
	ctx context.Context, c *Conn, p Patience, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	if p.Pause == nil {
		p.Pause = Pause
	}
	for n := 0; ; n++ {
		out, err := Call(ctx, c, rpc, in)
		if err == nil || status.Code(err) != codes.Unavailable || n == maxRetry {
			return out, err
		}
		p.Away()
		timer := time.NewTimer(p.Pause(n))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return out, err
		}
	}
}

// Pause returns how long to wait before the n-th retry, from 0: up to twice as long each time, at most five seconds, and at random,
// so that many clients do not come back at once.
func Pause(n int) time.Duration {
	longest := min(100*time.Millisecond<<n, 5*time.Second)
	return longest/2 + rand.N(longest/2)
}
