package sends

import (
	"context"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
)

func (c *Commands) comment() *cobra.Command {
	in := &assentv1.CommentSendRequest{}
	var objection, withdraw bool
	var requestID string
	cmd := &cobra.Command{
		Use: "comment ID TEXT", Short: "Comment on a send, or object to it",
		Long: "Say something about a send of any department. With --objection silence does not clear it any more, until the same department takes its\n" +
			"objection back with --withdraw, or an officer clears the send.",
		Example: "  assent sends comment spring-offers \"Our offers go out on the same day.\" --objection\n" +
			"  assent sends comment spring-offers \"We have moved ours.\" --withdraw",
		Args: cobra.ExactArgs(2),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.Text, in.RequestId = args[0], args[1], kit.RequestID(requestID)
		what := "commented on"
		switch {
		case objection && withdraw:
			return terminal.Usagef("give --objection or --withdraw, not both")
		case objection:
			in.Kind, what = "objection", "objected to"
		case withdraw:
			in.Kind, what = "withdrawal", "withdrew the objection to"
		}
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).CommentSend, in)
		if err != nil {
			return err
		}
		return c.done(answer, what)
	})
	flags := cmd.Flags()
	flags.BoolVar(&objection, "objection", false, "object to the send")
	flags.BoolVar(&withdraw, "withdraw", false, "withdraw the objection of the department")
	kit.AddRequestID(flags, &requestID)
	return cmd
}

func (c *Commands) clear() *cobra.Command {
	in := &assentv1.ClearSendRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "clear ID --reason TEXT", Short: "Clear a send now, or over an objection (officer)",
		Long: "Clear a send before the time for comments is over, or over an objection. The reason is shown to all departments. A department does not clear\n" +
			"its own sends, and a client none that it planned.",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).ClearSend, in)
		if err != nil {
			return err
		}
		return c.done(answer, "cleared")
	})
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why it is cleared")
	kit.AddRequestID(cmd.Flags(), &requestID)
	c.Require(cmd, "reason")
	return cmd
}

func (c *Commands) cancel() *cobra.Command {
	in := &assentv1.CancelSendRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "Cancel a send that has not gone out, or stop one that goes out",
		Example: "  assent sends cancel spring-offers --reason \"The product is not ready.\"",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).CancelSend, in)
		if err != nil {
			return err
		}
		return c.done(answer, "cancelled")
	})
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why it is cancelled")
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) start() *cobra.Command {
	in := &assentv1.StartSendRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "start ID", Short: "Note that a send begins to go out", Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).StartSend, in)
		if err != nil {
			return err
		}
		return c.done(answer, "started")
	})
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) finish() *cobra.Command {
	in := &assentv1.FinishSendRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "finish ID", Short: "Note that all of a send has gone out", Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).FinishSend, in)
		if err != nil {
			return err
		}
		return c.done(answer, "finished")
	})
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

// Calendars returns the commands below `assent sends calendars`.
func (c *Commands) Calendars() []*cobra.Command {
	return []*cobra.Command{c.createCalendar(), c.listCalendars(), c.revokeCalendar()}
}
