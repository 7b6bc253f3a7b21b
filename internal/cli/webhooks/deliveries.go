package webhooks

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

func (c *Commands) test() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send a message that says nothing, and show what comes back", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).TestWebhook, &assentv1.TestWebhookRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				err = c.PrintMessage(answer)
			} else {
				line := fmt.Sprintf("%s after %d ms: %s", answer.GetOutcome(), answer.GetTookMs(), answer.GetText())
				if answer.GetExcerpt() != "" {
					line += "; it wrote: " + answer.GetExcerpt()
				}
				err = c.Print(phrase.Printable(line) + "\n")
			}
			if err == nil && answer.GetOutcome() != "DELIVERED" {
				return terminal.ExitCode(terminal.ExitFailed)
			}
			return err
		}),
	}
}

func (c *Commands) deliveries() *cobra.Command {
	in := &assentv1.ListDeliveriesRequest{}
	var state string
	var limit int
	cmd := &cobra.Command{
		Use: "deliveries ID", Short: "List the messages to a webhook, the newest first", Args: cobra.ExactArgs(1),
		Long: "List the messages to a webhook, the newest first: those that wait, those that were given up (dead), and those that were\n" +
			"delivered in the last seven days. It shows what came of the last attempt, and never what was sent.",
		Example: "  assent webhooks deliveries crm --state dead",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Webhook = args[0]
		if state != "" {
			number, ok := assentv1.DeliveryState_value["DELIVERY_STATE_"+strings.ToUpper(state)]
			if !ok || number == 0 {
				return terminal.Usagef("--state must be waiting, delivered or dead")
			}
			in.State = assentv1.DeliveryState(number)
		}
		all := &assentv1.ListDeliveriesResponse{}
		in.PageSize = int32(min(limit, 1000)) //nolint:gosec // At most 1,000.
		for page, err := range connect.Pages(ctx, s, assentv1.NewWebhookServiceClient(s).ListDeliveries, in, &in.PageToken) {
			if err != nil {
				return err
			}
			all.Deliveries = append(all.Deliveries, page.GetDeliveries()...)
			rest := limit - len(all.GetDeliveries())
			if rest <= 0 {
				break
			}
			in.PageSize = int32(min(rest, 1000)) //nolint:gosec // At most 1,000.
		}
		if c.JSON() {
			return c.PrintMessage(all)
		}
		return c.printDeliveries(all.GetDeliveries())
	})
	flags := cmd.Flags()
	flags.StringVar(&state, "state", "", "only messages that are waiting, delivered or dead")
	flags.IntVar(&limit, "limit", 100, "show at most so many")
	c.Complete(cmd, "state", "waiting", "delivered", "dead")
	return cmd
}

func (c *Commands) printDeliveries(deliveries []*assentv1.Delivery) error {
	rows := [][]string{{"ID", "KIND", "STATE", "MADE", "ATTEMPTS", "LAST", "OUTCOME", "NEXT", "WHY"}}
	for _, d := range deliveries {
		why := d.GetText()
		if d.GetState() == assentv1.DeliveryState_DELIVERY_STATE_DELIVERED {
			why = ""
		}
		if d.GetExcerpt() != "" {
			why += "; it wrote: " + d.GetExcerpt()
		}
		rows = append(rows, []string{
			d.GetId(), d.GetKind(), strings.ToLower(strings.TrimPrefix(d.GetState().String(), "DELIVERY_STATE_")), value.Stamp(d.GetCreatedTime()),
			strconv.Itoa(int(d.GetAttempts())), terminal.OrDash(value.Stamp(d.GetAttemptedTime())), terminal.OrDash(d.GetOutcome()),
			terminal.OrDash(value.Stamp(d.GetDueTime())), terminal.OrDash(phrase.Printable(why)),
		})
	}
	return c.PrintTable(rows)
}

func (c *Commands) replay() *cobra.Command {
	in := &assentv1.ReplayDeliveriesRequest{}
	cmd := &cobra.Command{
		Use: "replay WEBHOOK [ID…]", Short: "Replace messages that were given up by new ones",
		Long: "Replace messages that were given up by new ones. A new message tells what holds now about the same address, after what\n" +
			"waits for the same person: old content never comes after newer.",
		Example: "  assent webhooks replay crm --all-dead",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		if in.Webhook, in.Ids = args[0], args[1:]; in.GetAllDead() == (len(in.GetIds()) > 0) {
			return terminal.Usagef("give the ids of messages, or --all-dead")
		}
		answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).ReplayDeliveries, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		if answer.GetSnapshot() {
			c.Notef("One of them was about an address that is not known any more: the receiver is asked for a snapshot.")
		}
		return c.Print("replayed " + phrase.Count(int(answer.GetReplayed()), "message") + "\n")
	})
	cmd.Flags().BoolVar(&in.AllDead, "all-dead", false, "all that were given up")
	return cmd
}
