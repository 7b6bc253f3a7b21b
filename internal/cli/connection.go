package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/config"
)

// addConnection gives a command, and those below it, the flags of a client.
func addConnection(cmd *cobra.Command, c *connect.Options) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.Server, "server", connect.DefaultServer, "gRPC address of the server, host:port (ASSENT_SERVER)")
	flags.StringVar(&c.APIKeyFile, "api-key-file", "",
		"file with the API key (ASSENT_API_KEY_FILE; ASSENT_API_KEY holds the key itself)")
	flags.BoolVar(&c.TLS, "tls", false, "use TLS on loopback as well; to other hosts it is used anyway")
	flags.StringVar(&c.TLSCA, "tls-ca", "", "PEM file with the certificates to trust instead of the system's; uses TLS (ASSENT_TLS_CA)")
	flags.BoolVar(&c.Insecure, "insecure", false, "no TLS to other hosts either: addresses and key go in clear")
	flags.DurationVar(&c.Timeout, "timeout", connect.DefaultTimeout, "how long to wait for an answer")
	flags.StringVar(&c.Language, "language", "", "language of explanations, such as de")
	cmd.MarkFlagsMutuallyExclusive("tls", "insecure")
	cmd.MarkFlagsMutuallyExclusive("tls-ca", "insecure")
}

// readEnv takes from the environment what no flag says.
func readEnv(c *connect.Options, flags *pflag.FlagSet, env func(string) (string, bool)) {
	for _, v := range []struct {
		flag, name string
		value      *string
	}{
		{"server", "ASSENT_SERVER", &c.Server},
		{"api-key-file", "ASSENT_API_KEY_FILE", &c.APIKeyFile},
		{"tls-ca", "ASSENT_TLS_CA", &c.TLSCA},
	} {
		// A variable that a file was read into ends with a newline, which no error would show.
		if set, ok := env(v.name); ok && strings.TrimSpace(set) != "" && !flags.Changed(v.flag) {
			*v.value = strings.TrimSpace(set)
		}
	}
	if key, ok := env("ASSENT_API_KEY"); ok && strings.TrimSpace(key) != "" && !flags.Changed("api-key-file") {
		c.APIKey = config.NewSecret(strings.TrimSpace(key))
	}
}

// withServer calls do with a connection that is closed afterwards.
func (a *app) withServer(ctx context.Context, do func(context.Context, *connect.Server) error) error {
	s, err := connect.Dial(&a.connection, a.Terminal)
	if err != nil {
		return err
	}
	defer func() {
		// All calls are over; there is nothing left to lose.
		_ = s.Close()
	}()
	ctx = s.InLanguage(ctx)
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
