package cases

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// changed is what a change answers.
type changed interface {
	proto.Message
	GetCase() *assentv1.Case
}

// do calls for a change, and writes what became of the case.
func do[In any, Out changed](
	ctx context.Context, c *Commands, s *connect.Server, call func(context.Context, In, ...grpc.CallOption) (Out, error), in In, said func(*assentv1.Case) string,
) error {
	answer, err := connect.Call(ctx, s, call, in)
	if err != nil {
		return err
	}
	if c.JSON() {
		return c.PrintMessage(answer)
	}
	return c.Print(answer.GetCase().GetId() + " " + said(answer.GetCase()) + "\n")
}

func (c *Commands) assign() *cobra.Command {
	in := &assentv1.AssignCaseRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "assign CASE [MEMBER]", Short: "Assign a case to a member of its desk; without a member, to the whole desk",
		Args: cobra.RangeArgs(1, 2), Example: "  assent cases assign 2026-000123 mara",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		if len(args) == 2 {
			in.Assignee = args[1]
		}
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).AssignCase, in, func(one *assentv1.Case) string {
			switch {
			case one.GetAssignee() == "":
				return "is the whole desk's"
			case one.GetDeputy() != "":
				return "is assigned to " + one.GetAssignee() + ", who is away: " + one.GetDeputy() + " stands in"
			}
			return "is assigned to " + one.GetAssignee()
		})
	})
	addChange(cmd.Flags(), &in.Etag, &requestID)
	return cmd
}

func (c *Commands) resubmit() *cobra.Command {
	in := &assentv1.ResubmitCaseRequest{}
	var at value.Time
	var requestID string
	cmd := &cobra.Command{
		Use: "resubmit CASE [--at TIME]", Short: "Put a case aside until a time; its deadlines stay", Args: cobra.ExactArgs(1),
		Example: "  assent cases resubmit 2026-000123 --at 2026-12-09T09:00:00+01:00 --note \"the agency answers by then\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.ResubmitTime, in.RequestId = args[0], at.At, kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).ResubmitCase, in, func(one *assentv1.Case) string {
			return "comes back " + value.Stamp(one.GetResubmitTime())
		})
	})
	cmd.Flags().Var(&at, "at", "when it comes back (default: what the desk's resubmit says in the catalog)")
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	return cmd
}

func (c *Commands) extend() *cobra.Command {
	in := &assentv1.ExtendCaseRequest{}
	var informed value.Time
	var requestID string
	cmd := &cobra.Command{
		Use: "extend CASE --reason TEXT --informed-time TIME", Short: "Extend the deadline of the law for a request of a person by two months",
		Long: "Extend the deadline of the law for a request of a person by two further months (GDPR Art. 12(3)): once, within the first month, and after\n" +
			"the person was told, with the reason.",
		Args:    cobra.ExactArgs(1),
		Example: "  assent cases extend 2026-000123 --reason \"data in three systems\" --informed-time 2026-12-01T09:00:00+01:00",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.InformedTime, in.RequestId = args[0], informed.At, kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).ExtendCase, in, func(one *assentv1.Case) string {
			return "is due by law " + value.Stamp(one.GetLawDueTime())
		})
	})
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why, as the person was told")
	cmd.Flags().Var(&informed, "informed-time", "when the person was told")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	c.Require(cmd, "reason", "informed-time")
	return cmd
}

func (c *Commands) comment() *cobra.Command {
	in := &assentv1.CommentCaseRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "comment CASE TEXT", Short: "Add a note to a case, or with --answer the answer that was given", Args: cobra.ExactArgs(2),
		Example: "  assent cases comment 2026-000123 \"She called again.\"\n" +
			"  assent cases comment 2026-000123 --answer \"Told her on the phone that the agency used an old list.\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) (err error) {
		if in.Text, err = c.Argument(args[1]); err != nil {
			return err
		}
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).CommentCase, in, func(one *assentv1.Case) string { return "is " + one.GetState() })
	})
	cmd.Flags().BoolVar(&in.Answer, "answer", false, "the text is the answer that was given: the case is answered")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	return cmd
}

func (c *Commands) handOver() *cobra.Command {
	in := &assentv1.HandOverCaseRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "hand-over CASE DEPARTMENT", Short: "Hand a case over to the desk of another department", Args: cobra.ExactArgs(2),
		Long: "Hand a case over to the desk of another department. Its deadlines stay. What was addressed to one person of the company is handed\n" +
			"over only if its sender was asked or informed, or need not know for a reason that is stated.",
		Example: "  assent cases hand-over 2026-000123 newsletter-desk --sender-informed informed --reason \"their issue\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.Department, in.RequestId = args[0], args[1], kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).HandOverCase, in, func(one *assentv1.Case) string {
			return "is at the desk of " + desk(one.GetDepartment())
		})
	})
	cmd.Flags().StringVar(&in.SenderInformed, "sender-informed", "", "whether the sender knows: asked, informed or not_needed")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	c.Complete(cmd, "sender-informed", "asked", "informed", "not_needed")
	return cmd
}

const closeHelp = `Close a case with what came of it.

A complaint is closed as justified, rule_wrong (the message was allowed, and should not have been), sender_wrong (the sender did not ask, or
sent in spite of the answer), address_wrong or unfounded. All else is closed as done, refused (a request about one's data), withdrawn,
duplicate or not_for_us.

With --objection the objection of the person is recorded in the same act, as of when the case came: for marketing as a whole, or for a
department or a channel, such as channel:newsletter.`

func (c *Commands) closing() *cobra.Command {
	in := &assentv1.CloseCaseRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "close CASE --outcome OUTCOME", Short: "Close a case with what came of it, and record what the person objects to", Long: closeHelp,
		Args: cobra.ExactArgs(1), Example: "  assent cases close 2026-000123 --outcome sender_wrong --objection marketing --note \"the agency had an old list\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).CloseCase, in, func(one *assentv1.Case) string {
			text := "is closed as " + one.GetOutcome()
			if in.GetObjectionScope() != "" {
				text += "; the objection is recorded: " + in.GetObjectionScope()
			}
			return text
		})
	})
	outcomes := []string{
		"justified", "rule_wrong", "sender_wrong", "address_wrong", "unfounded", "done", "refused", "withdrawn", "duplicate", "not_for_us",
	}
	cmd.Flags().StringVar(&in.Outcome, "outcome", "", "what came of it: "+strings.Join(outcomes, ", "))
	cmd.Flags().StringVar(&in.Note, "note", "", "what the desk wants to note")
	cmd.Flags().StringVar(&in.ObjectionScope, "objection", "", "record that the person objects: scope, such as marketing")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	c.Require(cmd, "outcome")
	c.Complete(cmd, "outcome", outcomes...)
	return cmd
}

func (c *Commands) reopen() *cobra.Command {
	in := &assentv1.ReopenCaseRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "reopen CASE", Short: "Open a closed case again", Args: cobra.ExactArgs(1),
		Example: "  assent cases reopen 2026-000123 --note \"closed by mistake\"",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		return do(ctx, c, s, assentv1.NewCaseServiceClient(s).ReopenCase, in, func(one *assentv1.Case) string { return "is " + one.GetState() })
	})
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	addChange(cmd.Flags(), &in.Etag, &requestID)
	return cmd
}

func (c *Commands) draft() *cobra.Command {
	cmd := &cobra.Command{
		Use: "draft CASE", Short: "Draft the answer to a case: why the person got the message. Nothing is sent", Args: cobra.ExactArgs(1),
		Long: "Draft the answer to a case, in English, or in German with --language de: why the person got the message. It changes nothing and\n" +
			"sends nothing: the desk works on the text, and sends it from its own mailbox. With a copy to Assent's mailbox the case is answered.",
		Example: "  assent cases draft 2026-000123 --language de",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in := &assentv1.DraftAnswerRequest{Id: args[0], Language: "en"}
			if strings.HasPrefix(strings.ToLower(s.Language()), "de") {
				in.Language = "de"
			}
			answer, err := connect.CallAgain(ctx, s, assentv1.NewCaseServiceClient(s).DraftAnswer, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			text := fmt.Sprintf("From: %s\nSubject: %s\n\n", terminal.OrDash(phrase.Printable(answer.GetFrom())), phrase.OneLine(answer.GetSubject()))
			for line := range strings.Lines(answer.GetText()) {
				text += phrase.Printable(strings.TrimRight(line, "\n")) + "\n"
			}
			return c.Print(text)
		}),
	}
	return cmd
}
