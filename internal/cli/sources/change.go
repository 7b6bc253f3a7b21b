package sources

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/phrase"
)

// done writes an answer as JSON, or else what was done.
func (c *Commands) done(answer proto.Message, what, id string) error {
	if c.JSON() {
		return c.PrintMessage(answer)
	}
	return c.Print(what + " " + phrase.Printable(id) + "\n")
}

func (c *Commands) update() *cobra.Command {
	in := &assentv1.UpdateSourceRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change the topics, the address or the user of a source", Long: "Change what a source expects: what is not given stays.",
		Example: "  assent sources update ses-eu --topic arn:aws:sns:eu-central-1:123456789012:feedback --topic arn:aws:sns:eu-central-1:123456789012:bounces",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		if in.GetUser() == "" && in.GetUrl() == "" && len(in.GetTopics()) == 0 {
			return terminal.Usagef("nothing is to be changed: give --topic, --url or --user")
		}
		answer, err := connect.Call(ctx, s, assentv1.NewSourceServiceClient(s).UpdateSource, in)
		if err != nil {
			return err
		}
		return c.done(answer, "updated", in.GetId())
	})
	flags := cmd.Flags()
	flags.StringVar(&in.User, "user", "", "new user of the address")
	flags.StringVar(&in.Url, "url", "", "new address as it is entered at Mandrill")
	flags.StringSliceVar(&in.Topics, "topic", nil, "ARN of an SNS topic that may send from now on, instead of all before; may be given several times")
	kit.AddRequestID(flags, &requestID)
	return cmd
}

func (c *Commands) rotate() *cobra.Command {
	in := &assentv1.RotateSourceSecretRequest{}
	var secretFile, requestID string
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Give a source a new secret, or end the one before",
		Long: "Give a source a new secret. The one before it is taken as well until it is ended by\n\n  assent sources rotate mailer --confirm\n\n" +
			"or by itself after seven days. For providers that show a password Assent makes the new one and writes it.",
		Example: "  assent sources rotate mailer --secret-file mailgun.secret\n  assent sources rotate mailer --confirm",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) (err error) {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		if in.GetConfirm() && secretFile != "" {
			return terminal.Usagef("--confirm and --secret-file cannot be used together")
		}
		if in.Secret, err = c.secret(secretFile); err != nil {
			return err
		}
		answer, err := connect.Call(ctx, s, assentv1.NewSourceServiceClient(s).RotateSourceSecret, in)
		switch {
		case err != nil:
			return err
		case c.JSON():
			return c.PrintMessage(answer)
		case answer.GetSecret() != "":
			return c.printAddress(answer.GetSource(), answer.GetSecret())
		case in.GetConfirm():
			return c.Print("ended the secret before of " + phrase.Printable(in.GetId()) + "\n")
		default:
			return c.Print("replaced the secret of " + phrase.Printable(in.GetId()) + "\n")
		}
	})
	addSecretFile(cmd, &secretFile)
	cmd.Flags().BoolVar(&in.Confirm, "confirm", false, "end the secret before this one now, because the provider has the new one")
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) hold() *cobra.Command {
	return &cobra.Command{
		Use: "hold ID", Short: "Have the complaints of a source wait for a person", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewSourceServiceClient(s).HoldSource, &assentv1.HoldSourceRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.done(answer, "held", args[0])
		}),
	}
}

func (c *Commands) release() *cobra.Command {
	return &cobra.Command{
		Use: "release ID", Short: "Have the complaints of a held source count again", Args: cobra.ExactArgs(1),
		Long: "Have the complaints of a source count again that is held, by hand or because it reported more than 1 % of what was allowed\n" +
			"in an hour. What became a hint meanwhile stays one, for a person to accept or dismiss.",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewSourceServiceClient(s).ReleaseSource, &assentv1.ReleaseSourceRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.done(answer, "released", args[0])
		}),
	}
}

func (c *Commands) remove() *cobra.Command {
	var yes bool
	var requestID string
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete a source: what comes to its address is refused from then on", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			if err := c.Ask(fmt.Sprintf("Delete the source %s for ever?", phrase.Printable(args[0])), yes); err != nil {
				return err
			}
			in := &assentv1.DeleteSourceRequest{Id: args[0], RequestId: kit.RequestID(requestID)}
			answer, err := connect.Call(ctx, s, assentv1.NewSourceServiceClient(s).DeleteSource, in)
			if err != nil {
				return err
			}
			return c.done(answer, "deleted", args[0])
		}),
	}
	c.Yes(cmd, &yes)
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}
