// Package sends has the commands about sends: mailings that are planned before all departments.
package sends

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Commands makes the commands.
type Commands struct{ *kit.Kit }

// All returns the commands below `assent sends`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{
		c.plan(), c.list(), c.show(), c.update(), c.preview(), c.comment(), c.clear(), c.cancel(), c.start(), c.finish(), c.report(), c.calendar(),
	}
}

// acted is the answer to a call that did something with a send.
type acted interface {
	proto.Message
	GetSend() *assentv1.Send
}

// done writes an answer as JSON, or else what a send is now.
func (c *Commands) done(answer acted, what string) error {
	if c.JSON() {
		return c.PrintMessage(answer)
	}
	s := answer.GetSend()
	return c.Print(what + " " + phrase.Printable(s.GetId()) + ": it is " + standing(s) + "\n")
}

// standing says in words how far a send is.
func standing(s *assentv1.Send) string {
	switch state := campaign.State(s.GetState()); {
	case state == campaign.Planned && s.GetCleared():
		return "cleared by silence"
	case state == campaign.Planned && s.GetObjections() > 0:
		return "planned, and held back by " + phrase.Count(int(s.GetObjections()), "objection")
	case state == campaign.Planned:
		return "planned; silence clears it at " + value.Stamp(s.GetCommentUntilTime())
	case state == campaign.Cleared && s.GetClearedBy() == string(campaign.WithoutRule):
		return "cleared, for the catalog asks for no clearing"
	case state == campaign.Cleared:
		return "cleared by " + phrase.Printable(s.GetClearedBy())
	default:
		return phrase.Printable(s.GetState())
	}
}

const planHelp = `Plan a send: a mailing of the department of a channel, which all departments see before it goes out. The catalog says under sends
whether it waits for their comments, and how long. Silence clears it.`

func (c *Commands) plan() *cobra.Command {
	in := &assentv1.CreateSendRequest{}
	var from, until value.Time
	var requestID string
	cmd := &cobra.Command{
		Use: "plan ID --channel CHANNEL --from TIME --until TIME --subject TEXT", Short: "Plan a send", Long: planHelp,
		Example: "  assent sends plan spring-offers --channel newsletter --subject \"Spring, at last\" --from 2027-03-01T08:00:00Z --until 2027-03-01T18:00:00Z --size 12000 --priority 40",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId, in.FromTime, in.UntilTime = args[0], kit.RequestID(requestID), from.At, until.At
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).CreateSend, in)
		if err != nil {
			return err
		}
		if l := answer.GetLoad(); l != nil {
			c.Notef("%s", load(answer.GetSend(), l))
		}
		return c.done(answer, "planned")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Channel, "channel", "", "channel on which it goes out")
	flags.StringVar(&in.SenderIdentity, "sender", "", "sender identity, where the channel has several")
	flags.StringVar(&in.Subject, "subject", "", "what it is about, for people")
	flags.StringVar(&in.ContentLink, "link", "", "where its content can be seen")
	flags.StringVar(&in.ContentDigest, "digest", "", "digest of its content")
	flags.Var(&from, "from", "when it begins to go out, such as 2027-03-01T08:00:00Z")
	flags.Var(&until, "until", "when it has gone out, 31 days later at most")
	flags.Int64Var(&in.ExpectedSize, "size", 0, "how many recipients are expected (0: it is not known)")
	flags.Int32Var(&in.Priority, "priority", 0, "priority from 0 to 100: where a person may get one of two sends only, the higher one goes first")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "channel", "from", "until", "subject")
	return cmd
}

func (c *Commands) update() *cobra.Command {
	in := &assentv1.UpdateSendRequest{}
	var from, until value.Time
	var requestID string
	var priority int32
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a send that does not go out yet",
		Long: "Change a send that is planned or cleared: what is not given stays. Where its channel, window, size or priority changes, the other\n" +
			"departments are asked again.",
		Example: "  assent sends update spring-offers --subject \"Spring is here\"",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId, in.FromTime, in.UntilTime = args[0], kit.RequestID(requestID), from.At, until.At
		if cmd.Flags().Changed("priority") {
			in.Priority = &priority
		}
		if proto.Equal(in, &assentv1.UpdateSendRequest{Id: in.GetId(), RequestId: in.GetRequestId(), Etag: in.GetEtag()}) {
			return terminal.Usagef("nothing is to be changed: give at least one of --channel, --sender, --subject, --link, --digest, --from, --until, --size and --priority")
		}
		answer, err := connect.Call(ctx, s, assentv1.NewSendServiceClient(s).UpdateSend, in)
		if err != nil {
			return err
		}
		if answer.GetAskedAgain() {
			c.Notef("The other departments are asked again.")
		}
		return c.done(answer, "updated")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Etag, "etag", "", "change it only if it has this etag still")
	flags.StringVar(&in.Channel, "channel", "", "new channel, of the same department")
	flags.StringVar(&in.SenderIdentity, "sender", "", "new sender identity")
	flags.StringVar(&in.Subject, "subject", "", "new subject")
	flags.StringVar(&in.ContentLink, "link", "", "new link to its content")
	flags.StringVar(&in.ContentDigest, "digest", "", "new digest of its content")
	flags.Var(&from, "from", "new beginning")
	flags.Var(&until, "until", "new end")
	flags.Int64Var(&in.ExpectedSize, "size", 0, "new number of expected recipients")
	flags.Int32Var(&priority, "priority", 0, "new priority from 0 to 100")
	kit.AddRequestID(flags, &requestID)
	return cmd
}

func (c *Commands) list() *cobra.Command {
	in := &assentv1.ListSendsRequest{PageSize: 1000}
	var from, until value.Time
	state := value.NewChoice("", "", "planned", "cleared", "sending", "sent", "cancelled")
	cmd := &cobra.Command{
		Use: "list", Short: "List the sends of all departments, by the beginning of their window", Args: c.NoArguments,
		Example: "  assent sends list --state planned",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
		in.FromTime, in.UntilTime, in.State = from.At, until.At, state.Value
		all, err := connect.All(ctx, s, assentv1.NewSendServiceClient(s).ListSends, in, &in.PageToken)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(all)
		}
		rows := [][]string{{"ID", "FROM", "UNTIL", "DEPARTMENT", "CHANNEL", "STATE", "PRIORITY", "RECIPIENTS", "SUBJECT"}}
		for _, one := range all.GetSends() {
			rows = append(rows, []string{
				one.GetId(), minute(one.GetFromTime().AsTime()), minute(one.GetUntilTime().AsTime()), one.GetDepartment(), one.GetChannel(), shortState(one),
				strconv.Itoa(int(one.GetPriority())), recipients(one), phrase.Printable(one.GetSubject()),
			})
		}
		return c.PrintTable(rows)
	})
	flags := cmd.Flags()
	flags.Var(&from, "from", "only sends with a window that ends after this time")
	flags.Var(&until, "until", "only sends with a window that begins before this time")
	flags.StringVar(&in.Channel, "channel", "", "only sends on this channel")
	flags.StringVar(&in.Department, "department", "", "only sends of this department")
	flags.Var(&state, "state", "only sends in this state: "+strings.Join(state.Options[1:], ", "))
	c.Complete(cmd, "state", state.Options[1:]...)
	return cmd
}

// minute writes a time in UTC to the minute.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// shortState says in a word or two how far a send is.
func shortState(s *assentv1.Send) string {
	switch {
	case s.GetState() == string(campaign.Planned) && s.GetCleared():
		return string(campaign.Cleared)
	case s.GetState() == string(campaign.Planned) && s.GetObjections() > 0:
		return "objected"
	default:
		return s.GetState()
	}
}

// recipients says how many a send has: as counted, or else as expected.
func recipients(s *assentv1.Send) string {
	switch {
	case s.GetPreview() != nil:
		return strconv.FormatInt(s.GetPreview().GetRecipients(), 10)
	case s.GetExpectedSize() > 0:
		return "about " + strconv.FormatInt(s.GetExpectedSize(), 10)
	default:
		return "-"
	}
}
