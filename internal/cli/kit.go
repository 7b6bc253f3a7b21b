package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/webhooks"
)

// webhooks holds the commands about webhooks.
func (a *app) webhooks() *cobra.Command {
	commands := &webhooks.Commands{
		Terminal: a.Terminal, Complete: complete, Require: require, Yes: addYes,
		Asking: func(do func(context.Context, []string, *connect.Server) error) func(*cobra.Command, []string) error {
			return a.does(func(ctx context.Context, args []string) error {
				return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return do(ctx, args, s) })
			})
		},
	}
	return family("webhooks", "Manage webhooks: URLs to which the change feed is sent", commands.All()...)
}
