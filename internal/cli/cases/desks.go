package cases

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Desks returns the commands below `assent desks`, but for absences.
func (c *Commands) Desks() []*cobra.Command { return []*cobra.Command{c.desks()} }

// Absences returns the commands below `assent desks absences`.
func (c *Commands) Absences() []*cobra.Command {
	return []*cobra.Command{c.addAbsence(), c.listAbsences(), c.removeAbsence()}
}

func (c *Commands) figures() *cobra.Command {
	in := &assentv1.GetCaseFiguresRequest{}
	var since, before value.Time
	cmd := &cobra.Command{
		Use: "figures", Short: "Show by desk and by sender identity how many cases came, and how fast they were answered", Args: c.NoArguments,
		Example: "  assent cases figures --since 2026-11-01T00:00:00Z --before 2026-12-01T00:00:00Z",
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in.SinceTime, in.BeforeTime = since.At, before.At
			answer, err := connect.CallAgain(ctx, s, assentv1.NewCaseServiceClient(s).GetCaseFigures, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			c.Notef("Cases received from %s until %s.", value.Stamp(answer.GetSinceTime()), value.Stamp(answer.GetBeforeTime()))
			rows := [][]string{{"DESK OR SENDER", "CASES", "ANSWERED", "SAME DAY", "IN TIME", "OVERDUE", "MEDIAN", "90 %", "COMPLAINTS", "PER 1,000"}}
			for _, f := range answer.GetDesks() {
				rows = append(rows, figures("desk of "+desk(f.GetDepartment()), f))
			}
			for _, f := range answer.GetSenders() {
				rows = append(rows, figures("sender "+phrase.Printable(f.GetSenderIdentity()), f))
			}
			return c.PrintTable(rows)
		}),
	}
	cmd.Flags().Var(&since, "since", "cases received from this time on (default: 30 days before the end)")
	cmd.Flags().Var(&before, "before", "cases received before this time (default: now)")
	cmd.Flags().StringVar(&in.Department, "department", "", "only those of this department's desk")
	return cmd
}

func figures(of string, f *assentv1.CaseFigures) []string {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	rate := "-"
	if f.GetContacts() > 0 {
		rate = strconv.FormatFloat(f.GetComplaintsPerThousand(), 'f', 2, 64) + levels()[f.GetLevel()]
	}
	return []string{
		of, number(f.GetCases()), number(f.GetAnswered()), number(f.GetAnsweredSameDay()), number(f.GetAnsweredInTime()), number(f.GetOverdue()),
		span(f.GetMedianAnswerTime()), span(f.GetP90AnswerTime()), number(f.GetComplaints()), rate,
	}
}

// levels says what the levels of complaints mean.
func levels() map[string]string {
	return map[string]string{"above_0_1_percent": " (0.1 % or more)", "above_0_3_percent": " (0.3 % or more)"}
}

func span(d *durationpb.Duration) string {
	if d == nil {
		return "-"
	}
	const minute = 60_000_000_000
	return d.AsDuration().Round(minute).String()
}

func (c *Commands) desks() *cobra.Command {
	in := &assentv1.ListDesksRequest{}
	cmd := &cobra.Command{
		Use: "list", Short: "List the desks: who answers, when, and who is away", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewCaseServiceClient(s).ListDesks, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			rows := [][]string{{"DESK", "MAILBOXES", "HOURS", "OPEN", "OVERDUE", "MEMBERS"}}
			for _, d := range answer.GetDesks() {
				rows = append(rows, []string{
					d.GetDepartment(), phrase.Printable(strings.Join(d.GetMailboxes(), ",")), d.GetHours(), strconv.FormatInt(d.GetOpenCases(), 10),
					strconv.FormatInt(d.GetOverdueCases(), 10), terminal.OrDash(members(d.GetMembers())),
				})
			}
			return c.PrintTable(rows)
		}),
	}
	cmd.Flags().StringVar(&in.Department, "department", "", "only that of this department")
	return cmd
}

func members(all []*assentv1.DeskMember) string {
	parts := make([]string, len(all))
	for i, m := range all {
		parts[i] = m.GetId()
		if m.GetAwayUntilTime() != nil {
			parts[i] += " (away until " + value.Stamp(m.GetAwayUntilTime())
			if m.GetDeputy() != "" {
				parts[i] += ", " + m.GetDeputy() + " stands in"
			}
			parts[i] += ")"
		}
	}
	return strings.Join(parts, ", ")
}

func (c *Commands) addAbsence() *cobra.Command {
	in := &assentv1.CreateAbsenceRequest{}
	var from, until value.Time
	var requestID string
	cmd := &cobra.Command{
		Use: "add --department DEPARTMENT --member MEMBER --until TIME", Short: "Say that a member of a desk is away, and who stands in",
		Args:    c.NoArguments,
		Example: "  assent desks absences add --department marketing --member mara --from 2026-12-21T00:00:00+01:00 --until 2027-01-07T00:00:00+01:00 --deputy max",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
		in.FromTime, in.UntilTime, in.RequestId = from.At, until.At, kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewCaseServiceClient(s).CreateAbsence, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		return c.Print(answer.GetAbsence().GetId() + "\n")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Department, "department", "", "department of the desk")
	flags.StringVar(&in.Member, "member", "", "member who is away")
	flags.Var(&from, "from", "from when (default: now)")
	flags.Var(&until, "until", "the first moment back")
	flags.StringVar(&in.Deputy, "deputy", "", "member who stands in (default: the whole desk)")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "department", "member", "until")
	return cmd
}

func (c *Commands) listAbsences() *cobra.Command {
	in := &assentv1.ListAbsencesRequest{PageSize: 1000}
	cmd := &cobra.Command{
		Use: "list", Short: "List who is away, and who stands in", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			all, err := connect.All(ctx, s, assentv1.NewCaseServiceClient(s).ListAbsences, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			rows := [][]string{{"ID", "DESK", "MEMBER", "FROM", "UNTIL", "DEPUTY"}}
			for _, a := range all.GetAbsences() {
				rows = append(rows, []string{
					a.GetId(), a.GetDepartment(), a.GetMember(), value.Stamp(a.GetFromTime()), value.Stamp(a.GetUntilTime()), terminal.OrDash(a.GetDeputy()),
				})
			}
			return c.PrintTable(rows)
		}),
	}
	cmd.Flags().StringVar(&in.Department, "department", "", "only those of this department's desk")
	return cmd
}

func (c *Commands) removeAbsence() *cobra.Command {
	var requestID string
	cmd := &cobra.Command{
		Use: "remove ID", Short: "Delete an absence", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in := &assentv1.DeleteAbsenceRequest{Id: args[0], RequestId: kit.RequestID(requestID)}
			answer, err := connect.Call(ctx, s, assentv1.NewCaseServiceClient(s).DeleteAbsence, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print("removed " + args[0] + "\n")
		}),
	}
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

// Notices returns the command `assent notices`.
func (c *Commands) Notices() *cobra.Command {
	in := &assentv1.ListNoticesRequest{PageSize: 1000}
	cmd := &cobra.Command{
		Use: "notices", Short: "List what desks, their members and officers are told, the last first", Args: c.NoArguments,
		Example: "  assent notices --recipient mara",
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			all, err := connect.All(ctx, s, assentv1.NewNoticeServiceClient(s).ListNotices, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			rows := [][]string{{"TIME", "TO", "WHAT", "ABOUT", "MAILED"}}
			for _, n := range all.GetNotices() {
				to := strings.TrimSpace(n.GetAudience() + " " + n.GetRecipient())
				rows = append(rows, []string{
					value.Stamp(n.GetCreatedTime()), to, strings.ReplaceAll(n.GetKind(), "_", " "), n.GetResource(), terminal.OrDash(value.Stamp(n.GetToldTime())),
				})
			}
			return c.PrintTable(rows)
		}),
	}
	cmd.Flags().StringVar(&in.Department, "department", "", "only those of this department")
	cmd.Flags().StringVar(&in.Recipient, "recipient", "", "only those to this member or department")
	return cmd
}
