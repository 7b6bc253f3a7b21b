package intake

import (
	"context"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Hints returns the commands below `assent intake hints`.
func (c *Commands) Hints() []*cobra.Command {
	return []*cobra.Command{c.list(), c.accept(), c.dismiss()}
}

func (c *Commands) list() *cobra.Command {
	in := &assentv1.ListHintsRequest{PageSize: 1000}
	cmd := &cobra.Command{
		Use: "list", Short: "List reports that prove nothing by themselves, those received last first", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			if in.State == "all" {
				in.State = ""
			}
			all, err := connect.All(ctx, s, assentv1.NewIntakeServiceClient(s).ListHints, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			return c.printHints(all.GetHints()...)
		}),
	}
	cmd.Flags().StringVar(&in.State, "state", "open", "which ones: open, accepted, dismissed or all")
	c.Complete(cmd, "state", "open", "accepted", "dismissed", "all")
	return cmd
}

func (c *Commands) printHints(all ...*assentv1.Hint) error {
	rows := [][]string{{"ID", "KIND", "CLASS", "STATUS", "ADDRESS", "CAUSE", "SOURCE", "CHANNEL", "RECEIVED", "STATE", "TEXT"}}
	for _, h := range all {
		rows = append(rows, []string{
			h.GetId(), h.GetKind(), terminal.OrDash(h.GetClass()), terminal.OrDash(h.GetStatus()), phrase.Printable(h.GetAddress()), h.GetCause(), h.GetSource(),
			terminal.OrDash(h.GetChannel()), value.Stamp(h.GetReceivedTime()), h.GetState(), terminal.OrDash(phrase.Printable(h.GetText())),
		})
	}
	return c.PrintTable(rows)
}

func (c *Commands) accept() *cobra.Command {
	in := &assentv1.AcceptHintRequest{}
	cmd := &cobra.Command{
		Use: "accept ID", Short: "Carry a hint out as if a token of Assent had been in the report", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in.Id = args[0]
			answer, err := connect.CallAgain(ctx, s, assentv1.NewIntakeServiceClient(s).AcceptHint, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			text := "accepted " + answer.GetHint().GetId() + "\n"
			for _, one := range answer.GetRecords() {
				text += "  " + told(one) + "\n"
			}
			return c.Print(text)
		}),
	}
	cmd.Flags().StringVar(&in.Channel, "channel", "", "channel of the message, where the hint does not name it; a bounce needs none")
	return cmd
}

func (c *Commands) dismiss() *cobra.Command {
	return &cobra.Command{
		Use: "dismiss ID", Short: "Say that nothing follows from a hint", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in := &assentv1.DismissHintRequest{Id: args[0]}
			answer, err := connect.CallAgain(ctx, s, assentv1.NewIntakeServiceClient(s).DismissHint, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print("dismissed " + answer.GetHint().GetId() + "\n")
		}),
	}
}
