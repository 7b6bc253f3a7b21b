package cli

import (
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/assent-io/assent/internal/cli/connect"
)

// withServer calls do with a connection that is closed afterwards.
func (a *app) withServer(ctx context.Context, do func(context.Context, *connect.Server) error) error {
	s, err := connect.Dial(&a.connection, a.Notef)
	if err != nil {
		return err
	}
	defer func() {
		// All calls are over; there is nothing left to lose.
		_ = s.Close()
	}()
	return a.withHint(ctx, s, do(ctx, s))
}

// lasting leaves it to the server how long the calls of a command may take, unless --timeout is given: it knows which last.
func (a *app) lasting(cmd *cobra.Command) {
	if !cmd.Flags().Changed("timeout") {
		a.connection.Timeout = 0
	}
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
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
			bound := func(ctx context.Context, in In, options ...grpc.CallOption) (Out, error) {
				return rpc(client(s), ctx, in, options...)
			}
			out, err := connect.Call(ctx, s, bound, in)
			if err != nil {
				return err
			}
			return write(a, out)
		})
	})
}
