package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/assent-io/assent/internal/dial"
)

// server is a connection to the server.
type server struct {
	*dial.Conn
	app *app
	// told is done when people know that the server is away.
	told sync.Once
}

// withServer calls do with a connection that is closed afterwards.
func (a *app) withServer(ctx context.Context, do func(context.Context, *server) error) error {
	conn, err := a.connection.Dial()
	if errors.Is(err, dial.ErrAddress) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	s := &server{Conn: conn, app: a}
	defer func() {
		// All calls are over; there is nothing left to lose.
		_ = s.Close()
	}()
	ctx = a.connection.Outgoing(ctx)
	return a.withHint(ctx, s, do(ctx, s))
}

// lasting leaves it to the server how long the calls of a command may take, unless --timeout is given: it knows which last.
func (a *app) lasting(cmd *cobra.Command) {
	if !cmd.Flags().Changed("timeout") {
		a.connection.Timeout = 0
	}
}

// call makes a call with the deadline of --timeout; without any where that is 0.
func call[In, Out any](
	ctx context.Context, s *server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In,
) (Out, error) {
	return dial.Call(ctx, s.Conn, rpc, in)
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
	away := func() {
		s.told.Do(func() { s.app.notef("The server at %s is not available; trying again.", s.app.connection.Server) })
	}
	return dial.CallAgain(ctx, s.Conn, dial.Patience{Away: away, Pause: s.app.pause}, rpc, in)
}
