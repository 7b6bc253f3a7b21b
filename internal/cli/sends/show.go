package sends

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a send, whom it meets, and what was said about it", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewSendServiceClient(s).GetSend, &assentv1.GetSendRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print(card(answer.GetSend()) + counted(answer.GetSend()) + talk(answer.GetComments()))
		}),
	}
}

// card says what a send is.
func card(s *assentv1.Send) string {
	lines := [][2]string{
		{"send", s.GetId()},
		{"subject", s.GetSubject()},
		{"channel", s.GetChannel() + ", of " + s.GetDepartment()},
		{"sender", s.GetSenderIdentity()},
		{"window", minute(s.GetFromTime().AsTime()) + " to " + minute(s.GetUntilTime().AsTime())},
		{"recipients", recipients(s)},
		{"priority", fmt.Sprintf("%d of 100", s.GetPriority())},
		{"state", standing(s)},
		{"planned", value.Stamp(s.GetCreatedTime()) + " by " + s.GetCreatedBy()},
		{"changed by", strings.Join(s.GetChangedBy(), ", ")},
		{"started", value.Stamp(s.GetStartedTime())},
		{"ended", value.Stamp(s.GetEndedTime())},
		{"content", s.GetContentLink()},
		{"digest", s.GetContentDigest()},
		{"etag", s.GetEtag()},
	}
	var b strings.Builder
	for _, line := range lines {
		if line[1] != "" {
			fmt.Fprintf(&b, "%-11s %s\n", line[0], phrase.Printable(line[1]))
		}
	}
	return b.String()
}

// counted says what the last preview of a send counted.
func counted(s *assentv1.Send) string {
	p := s.GetPreview()
	if p == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe audience of %s\n%s", value.Stamp(p.GetPreviewTime()), totals(p))
	for _, o := range p.GetOverlaps() {
		b.WriteString("  " + overlap(o) + "\n")
	}
	return b.String()
}

// totals says what was counted of the whole audience.
func totals(p *assentv1.SendPreview) string {
	var b strings.Builder
	for _, line := range []struct {
		n    int64
		text string
	}{
		{p.GetRecipients(), "recipients, each once"},
		{p.GetInvalid(), "rows without a valid address"},
		{p.GetRepeated(), "rows with a recipient that had come before"},
		{p.GetNeverAsked(), "were never asked"},
		{p.GetDenied(), "are denied for another reason"},
		{p.GetOverCapNow(), "are over a cap now"},
		{p.GetOverCapIfAllGoOut(), "are over a cap if all cleared sends go out"},
		{p.GetLeavers(), "left a channel of another department within 30 days"},
		{p.GetKept(), "are kept as planned contacts"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "%11d %s\n", line.n, line.text)
		}
	}
	return b.String()
}

// overlap says in words whom a send meets.
func overlap(o *assentv1.SendOverlap) string {
	if o.GetSend() == "" {
		return fmt.Sprintf("%s who left %s not long ago", phrase.Count(o.GetLeavers(), "recipient"), phrase.Printable(o.GetDepartment()))
	}
	text := fmt.Sprintf("%s with %s of %s", phrase.Count(o.GetRecipients(), "recipient"), phrase.Printable(o.GetSend()), phrase.Printable(o.GetDepartment()))
	if n := o.GetOverCapIfAllGoOut(); n > 0 {
		text += fmt.Sprintf(", %d over a cap if both go out", n)
	}
	return text
}

// talk writes what was said about a send.
func talk(said []*assentv1.SendComment) string {
	var b strings.Builder
	for _, one := range said {
		fmt.Fprintf(&b, "\n%s, %s of %s (%s):\n  %s\n", value.Stamp(one.GetCreatedTime()), phrase.Printable(one.GetKind()),
			terminal.OrDash(phrase.Printable(one.GetDepartment())), phrase.Printable(one.GetClient()), phrase.Printable(one.GetText()))
	}
	return b.String()
}
