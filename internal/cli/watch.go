package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/watch"
)

// watch prints the change feed.
func (a *app) watch() *cobra.Command {
	var f watch.Flags
	cmd := watch.Command(&f)
	cmd.Args = noArguments
	complete(cmd, "kind", watch.Kinds()...)
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return f.Run(ctx, s, a.Print) })
	})
	return cmd
}
