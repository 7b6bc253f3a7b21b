package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/lists"
)

// suppressionsExport exports the block list of a channel.
func (a *app) suppressionsExport() *cobra.Command {
	var f lists.Flags
	cmd := lists.Command(&f)
	cmd.Args = noArguments
	require(cmd, "channel", "as", "out")
	complete(cmd, "as", lists.Forms()...)
	complete(cmd, "algorithm", lists.Algorithms()...)
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return f.Run(ctx, a.Terminal, s) })
	})
	return cmd
}
