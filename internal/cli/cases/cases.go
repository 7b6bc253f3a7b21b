// Package cases has the commands about cases, desks and notices: what persons complain of and ask, at the desk that answers it.
package cases

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Commands makes the commands.
type Commands struct{ *kit.Kit }

// All returns the commands below `assent cases`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{
		c.open(), c.list(), c.show(), c.assign(), c.resubmit(), c.extend(), c.comment(), c.handOver(), c.closing(), c.reopen(), c.draft(), c.figures(),
	}
}

func kinds() []string {
	return []string{"complaint", "inquiry", "access", "erasure", "objection", "other"}
}

func states() []string { return []string{"open", "waiting", "answered", "closed"} }

const openHelp = `Open a case for what did not come by mail: a call, a letter, a visit at the counter. It goes to the desk of the department
that is named; else to that of the channel; else to the department that wrote to the address last; else to the officers.

The command writes the number of the case, by which the desk and the person call it.`

func (c *Commands) open() *cobra.Command {
	in := &assentv1.OpenCaseRequest{}
	var received, due value.Time
	var requestID string
	cmd := &cobra.Command{
		Use: "open [ADDRESS] --kind KIND", Short: "Open a case for what did not come by mail", Long: openHelp, Args: cobra.MaximumNArgs(1),
		Example: "  assent cases open anna@example.com --kind complaint --channel newsletter --text \"She called: she left long ago.\"\n" +
			"  assent cases open --kind inquiry --department customer-service --text \"When do you open on Sundays?\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.ReceivedTime, in.DueTime, in.RequestId = received.At, due.At, kit.RequestID(requestID)
		if len(args) == 1 {
			var err error
			if in.Address, err = c.Argument(args[0]); err != nil {
				return err
			}
		}
		answer, err := connect.Call(ctx, s, assentv1.NewCaseServiceClient(s).OpenCase, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		one := answer.GetCase()
		c.Notef("Opened at the desk of %s, due %s (%s).", desk(one.GetDepartment()), value.Stamp(one.GetDueTime()), one.GetDueRule())
		return c.Print(one.GetId() + "\n")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Kind, "kind", "", "what it is about: "+strings.Join(kinds(), ", "))
	flags.StringVar(&in.Text, "text", "", "what the person said")
	flags.StringVar(&in.Subject, "subject", "", "title")
	flags.StringVar(&in.Channel, "channel", "", "channel that it is about")
	flags.StringVar(&in.SenderIdentity, "sender-identity", "", "sender identity that it is about")
	flags.StringVar(&in.Department, "department", "", "department whose desk answers")
	flags.StringVar(&in.Assignee, "assignee", "", "member of the desk who works on it")
	flags.BoolVar(&in.Personal, "personal", false, "it was addressed to one person of the company")
	flags.Var(&received, "received", "when it came (default: now)")
	flags.Var(&due, "due", "when it is due, where a letter says so (default: by the rules)")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "kind")
	c.Complete(cmd, "kind", kinds()...)
	return cmd
}

func (c *Commands) list() *cobra.Command {
	in := &assentv1.ListCasesRequest{PageSize: 1000}
	cmd := &cobra.Command{
		Use: "list", Short: "List cases, those due first before all others", Args: c.NoArguments,
		Example: "  assent cases list --department marketing --overdue\n  assent cases list --assignee mara --state open",
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			all, err := connect.All(ctx, s, assentv1.NewCaseServiceClient(s).ListCases, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			rows := [][]string{{"CASE", "KIND", "STATE", "DUE", "DESK", "ASSIGNEE", "DEPUTY", "ADDRESS", "SUBJECT"}}
			for _, one := range all.GetCases() {
				rows = append(rows, []string{
					one.GetId(), one.GetKind(), one.GetState(), value.Stamp(one.GetDueTime()), desk(one.GetDepartment()), terminal.OrDash(one.GetAssignee()),
					terminal.OrDash(one.GetDeputy()), terminal.OrDash(phrase.Printable(one.GetAddress())), terminal.OrDash(phrase.OneLine(one.GetSubject())),
				})
			}
			return c.PrintTable(rows)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&in.Department, "department", "", "only those of this department's desk")
	flags.StringVar(&in.Assignee, "assignee", "", "only those of this member")
	flags.StringVar(&in.State, "state", "", "only those of a state: "+strings.Join(states(), ", "))
	flags.BoolVar(&in.Overdue, "overdue", false, "only those that are not closed and were due")
	c.Complete(cmd, "state", states()...)
	return cmd
}

// desk returns the desk of a department in words.
func desk(department string) string {
	if department == "" {
		return "the officers"
	}
	return phrase.Printable(department)
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show CASE", Short: "Show a case: what was said, what happened, and what a check answers now about the address", Args: cobra.ExactArgs(1),
		Example: "  assent cases show 2026-000123",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewCaseServiceClient(s).GetCase, &assentv1.GetCaseRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print(shown(answer))
		}),
	}
}

// shown returns a case as a person reads it.
func shown(a *assentv1.GetCaseResponse) string {
	var out strings.Builder
	one := a.GetCase()
	fmt.Fprintf(&out, "Case %s: %s, %s", one.GetId(), one.GetKind(), one.GetState())
	if one.GetOutcome() != "" {
		fmt.Fprintf(&out, " as %s", one.GetOutcome())
	}
	out.WriteString("\n")
	for _, field := range fieldsOf(one) {
		if field[1] != "" {
			fmt.Fprintf(&out, "  %-10s %s\n", field[0], phrase.Printable(field[1]))
		}
	}
	if one.GetText() != "" {
		out.WriteString("\n")
		for line := range strings.Lines(one.GetText()) {
			out.WriteString("  | " + phrase.Printable(strings.TrimRight(line, "\r\n")) + "\n")
		}
	}
	writeStanding(&out, a)
	out.WriteString("\nWhat happened\n")
	for _, e := range a.GetEntries() {
		fmt.Fprintf(&out, "  %s  %s by %s", value.Stamp(e.GetTime()), strings.ReplaceAll(e.GetKind(), "_", " "), phrase.Printable(e.GetAuthor()))
		if e.GetText() != "" {
			out.WriteString(": " + phrase.OneLine(e.GetText()))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func fieldsOf(one *assentv1.Case) [][2]string {
	who := one.GetAssignee()
	if one.GetDeputy() != "" {
		who += ", away; " + one.GetDeputy() + " stands in"
	}
	due := value.Stamp(one.GetDueTime()) + " (" + one.GetDueRule() + ")"
	law := ""
	if one.GetLawDueTime() != nil {
		law = value.Stamp(one.GetLawDueTime()) + " (" + one.GetLawDueRule() + ")"
	}
	came := value.Stamp(one.GetReceivedTime()) + ", by " + one.GetOrigin()
	if one.GetPersonal() {
		came += ", to one person"
	}
	return [][2]string{
		{"from", one.GetAddress()},
		{"subject", phrase.OneLine(one.GetSubject())},
		{"came", came},
		{"to", one.GetMailbox()},
		{"desk", desk(one.GetDepartment())},
		{"assignee", who},
		{"due", due},
		{"by law", law},
		{"back", value.Stamp(one.GetResubmitTime())},
		{"answered", value.Stamp(one.GetFirstAnsweredTime())},
		{"closed", value.Stamp(one.GetClosedTime())},
		{"channel", one.GetChannel()},
		{"sender", one.GetSenderIdentity()},
	}
}

// writeStanding writes who may have sent, and what a check answers now.
func writeStanding(out *strings.Builder, a *assentv1.GetCaseResponse) {
	if list := a.GetCase().GetCandidates(); len(list) > 0 {
		out.WriteString("\nWho may have sent\n")
		for _, one := range list {
			fmt.Fprintf(out, "  %s, %s, by %s %s\n", phrase.Printable(one.GetDepartment()), terminal.OrDash(one.GetChannel()), one.GetEvidence(),
				value.Stamp(one.GetTime()))
		}
	}
	if len(a.GetChannels()) > 0 {
		out.WriteString("\nWhat a check answers now\n")
	}
	for _, ch := range a.GetChannels() {
		d := ch.GetDecision()
		fmt.Fprintf(out, "  %s: %s %s", ch.GetChannel(), value.VerdictName(d.GetVerdict()), d.GetReason())
		for _, g := range ch.GetGrants() {
			if g.GetPosition() == d.GetGrantPosition() {
				fmt.Fprintf(out, ", by %s of %s, event %d", value.BasisName(g.GetLegalBasis()), value.Stamp(g.GetOccurredTime()), g.GetPosition())
			}
		}
		out.WriteString("\n")
	}
	if a.GetOffersObjection() {
		fmt.Fprintf(out, "\nThe person objects? assent cases close %s --outcome OUTCOME --objection marketing\n", a.GetCase().GetId())
	}
}

// addChange adds the flags of every change.
func addChange(flags *pflag.FlagSet, etag, requestID *string) {
	flags.StringVar(etag, "etag", "", "etag of the case as it was read; another one by now is refused")
	kit.AddRequestID(flags, requestID)
}
