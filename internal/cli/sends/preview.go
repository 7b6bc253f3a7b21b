package sends

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
)

const previewHelp = `Count whom a send would meet, by a file with a column of addresses: its overlap with other sends, who would get too much, who left a
channel of another department within 30 days, and who was never asked. Each recipient counts once, by mailbox. The counts are kept with the send
and shown to all departments; the addresses are not. A department that is named for the first time has the whole time for comments.

With --reserve those who may be written to are kept as planned contacts: once the send is cleared, they count for sends of a lower priority
before it goes out.`

// batchLimits are those of one message.
func batchLimits() listfile.BatchLimits {
	return listfile.BatchLimits{Rows: 10_000, AddressBytes: 3 << 20, Bytes: 8 << 20}
}

func (c *Commands) preview() *cobra.Command {
	var file, column string
	var reserve bool
	cmd := &cobra.Command{
		Use: "preview ID --file FILE", Short: "Count whom a send would meet, by the file of its audience", Long: previewHelp,
		Example: "  assent sends preview spring-offers --file audience.csv",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) (err error) {
		in, err := c.Open(file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
		audience, err := listfile.NewAudience(in.Text, column, "")
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		answer, err := c.count(ctx, s, &assentv1.PreviewSendRequest{Id: args[0], Keep: reserve}, in, audience)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		return c.printPreview(answer)
	})
	flags := cmd.Flags()
	flags.StringVar(&file, "file", "", "file with the audience, such as CSV with a header; -: standard input")
	flags.StringVar(&column, "address-column", "address", "column of the addresses")
	flags.BoolVar(&reserve, "reserve", false, "keep the audience as planned contacts")
	c.Require(cmd, "file")
	return cmd
}

// count sends an audience, and returns what was counted.
func (c *Commands) count(
	ctx context.Context, s *connect.Server, first *assentv1.PreviewSendRequest, in *listfile.Input, audience *listfile.Audience,
) (*assentv1.PreviewSendResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // If the file cannot be read to its end.
	stream, err := assentv1.NewSendServiceClient(s).PreviewSend(ctx)
	if err != nil {
		return nil, s.Failed(err)
	}
	bar := c.NewProgress("counting", in.Size)
	defer bar.End()
	for message := first; ; message = new(assentv1.PreviewSendRequest) {
		rows, err := audience.Batch(batchLimits())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		if len(rows) == 0 && message != first {
			break
		}
		for _, row := range rows {
			message.Addresses = append(message.Addresses, row[audience.Column])
		}
		if err := stream.Send(message); errors.Is(err, io.EOF) {
			break // The answer says why.
		} else if err != nil {
			return nil, s.Failed(err)
		}
		bar.Set(in.BytesRead())
	}
	c.WarnOdd(&audience.Odd)
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, s.Failed(err)
	}
	return answer, nil
}

// printPreview writes what was counted, with the departments.
func (c *Commands) printPreview(answer *assentv1.PreviewSendResponse) error {
	send := answer.GetSend()
	if err := c.Print(phrase.Printable(send.GetId()) + " is " + standing(send) + ".\n" + totals(send.GetPreview())); err != nil {
		return err
	}
	if named := answer.GetNamed(); len(named) > 0 {
		until := ""
		if send.GetState() == string(campaign.Planned) && !send.GetCleared() { // Else the catalog asks for no clearing, or the send goes out already.
			until = ", and have until " + minute(send.GetCommentUntilTime().AsTime()) + " to comment"
		}
		c.Notef("These departments are named for the first time%s: %s", until, phrase.Printable(phrase.SomeOf(named)))
	}
	if l := answer.GetLoad(); l != nil {
		c.Notef("%s", load(send, l))
	}
	if len(send.GetPreview().GetOverlaps()) == 0 {
		return nil
	}
	rows := [][]string{{"DEPARTMENT", "SEND", "IN BOTH", "OVER A CAP NOW", "IF ALL GO OUT", "LEFT NOT LONG AGO"}}
	for _, o := range send.GetPreview().GetOverlaps() {
		row := []string{o.GetDepartment(), terminal.OrDash(phrase.Printable(o.GetSend()))}
		for _, n := range []int64{o.GetRecipients(), o.GetOverCapNow(), o.GetOverCapIfAllGoOut(), o.GetLeavers()} {
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, row)
	}
	if err := c.Print("\n"); err != nil {
		return err
	}
	return c.PrintTable(rows)
}
