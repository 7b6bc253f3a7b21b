package sends

import (
	"context"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

func (c *Commands) createCalendar() *cobra.Command {
	in := &assentv1.CreateSendCalendarRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "create ID", Short: "Create an address under which a calendar program reads all sends",
		Long: "Create an address under which a calendar program reads the sends of all departments. The path with its token is written this once; a program that\n" +
			"has it sees what is planned, but no recipient. Calendar programs ask again after an hour at the earliest, some after a day.",
		Example: "  assent sends calendars create meeting-room",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).CreateSendCalendar, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		c.Notef("Created %s. Enter this path, after the address of the server, in the calendar program; it cannot be shown again.",
			phrase.Printable(answer.GetCalendar().GetId()))
		return c.Print(answer.GetPath() + "\n")
	})
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) listCalendars() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List these addresses, without their tokens", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListSendCalendarsRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewSendServiceClient(s).ListSendCalendars, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			rows := [][]string{{"ID", "DEPARTMENT", "CREATED", "BY", "REVOKED"}}
			for _, one := range all.GetCalendars() {
				rows = append(rows, []string{
					one.GetId(), kit.OrAll(one.GetDepartment()), value.Stamp(one.GetCreatedTime()), one.GetCreatedBy(), value.Stamp(one.GetRevokedTime()),
				})
			}
			return c.PrintTable(rows)
		}),
	}
}

func (c *Commands) revokeCalendar() *cobra.Command {
	in := &assentv1.RevokeSendCalendarRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Revoke such an address: it is not found any more", Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).RevokeSendCalendar, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		return c.Print("revoked " + phrase.Printable(answer.GetCalendar().GetId()) + "\n")
	})
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}
