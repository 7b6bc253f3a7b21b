package webhooks

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/phrase"
)

func (c *Commands) update() *cobra.Command {
	in := &assentv1.UpdateWebhookRequest{}
	var enable, disable bool
	var requestID string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change the URL, the mode or the channels of a webhook, or disable or enable it",
		Long: "Change a webhook: what is not given stays. A webhook that is enabled again goes on where it was; one that was disabled for\n" +
			"more than 30 days may ask its receiver for a snapshot. After other channels the receiver is asked for one as well.",
		Example: "  assent webhooks update crm --url https://crm.example.com/hooks/new\n  assent webhooks update crm --enable",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		switch {
		case enable && disable:
			return terminal.Usagef("--enable and --disable cannot be used together")
		case enable || disable:
			in.Disabled = &disable
		case in.GetUrl() == "" && in.GetMode() == "" && len(in.GetChannels()) == 0:
			return terminal.Usagef("nothing is to be changed: give --url, --mode, --channel, --enable or --disable")
		}
		answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).UpdateWebhook, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		return c.Print("updated " + phrase.Printable(answer.GetWebhook().GetId()) + "\n")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Url, "url", "", "new URL")
	flags.StringVar(&in.Mode, "mode", "", "new mode: structured or binary")
	kit.AddChannels(flags, &in.Channels, "channel that it is told of from now on; may be given several times")
	flags.BoolVar(&enable, "enable", false, "send again, also after an answer 410")
	flags.BoolVar(&disable, "disable", false, "send nothing until it is enabled")
	kit.AddRequestID(flags, &requestID)
	c.Complete(cmd, "mode", "structured", "binary")
	return cmd
}

func (c *Commands) rotate() *cobra.Command {
	in := &assentv1.RotateWebhookSecretRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Give a webhook a new secret and write it, or end the old one",
		Long: "Give a webhook a new secret and write it; it cannot be shown again. Messages are signed with both until the old one is\n" +
			"ended by\n\n  assent webhooks rotate crm --confirm\n\nor by itself after a day.",
		Example: "  assent webhooks rotate crm >crm.secret\n  assent webhooks rotate crm --confirm",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).RotateWebhookSecret, in)
		if err != nil {
			return err
		}
		id := phrase.Printable(answer.GetWebhook().GetId())
		switch {
		case c.JSON():
			return c.PrintMessage(answer)
		case answer.GetSecret() == "":
			return c.Print("ended the old secret of " + id + "\n")
		default:
			c.Notef("This is the new secret of %s; it cannot be shown again. The old one is ended with --confirm, or after a day.", id)
			return c.Print(answer.GetSecret() + "\n")
		}
	})
	cmd.Flags().BoolVar(&in.Confirm, "confirm", false, "end the old secret now, because the receiver knows the new one; makes no new one")
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) remove() *cobra.Command {
	var yes bool
	var requestID string
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete a webhook with what waits for it and what was given up", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			if err := c.Ask(fmt.Sprintf("Delete the webhook %s for ever?", phrase.Printable(args[0])), yes); err != nil {
				return err
			}
			in := &assentv1.DeleteWebhookRequest{Id: args[0], RequestId: kit.RequestID(requestID)}
			answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).DeleteWebhook, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print("deleted " + phrase.Printable(args[0]) + "\n")
		}),
	}
	c.Yes(cmd, &yes)
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}
