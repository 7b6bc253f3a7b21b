package imports

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

func (c *Commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List imports, the newest first", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListImportsRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewImportServiceClient(s).ListImports, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			return c.printImports(all.GetImports()...)
		}),
	}
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an import, and what is to be known of its file", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewImportServiceClient(s).GetImport, &assentv1.GetImportRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			if err := c.printImports(answer.GetImport()); err != nil {
				return err
			}
			for _, cause := range causes(answer.GetImport().GetCounts()) {
				if err := c.Print(cause + "\n"); err != nil {
					return err
				}
			}
			for _, notice := range answer.GetImport().GetNotices() {
				if err := c.Print(notice.GetCode() + ": " + phrase.Printable(notice.GetMessage()) + "\n"); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

func (c *Commands) undo() *cobra.Command {
	in := &assentv1.UndoImportRequest{}
	var yes bool
	cmd := &cobra.Command{
		Use: "undo ID --justification TEXT", Short: "Leave all that an import recorded out of every answer", Args: cobra.ExactArgs(1),
		Long: "Leave all that an import recorded out of every answer, as if it had never been recorded: for officers. It cannot be undone. It takes\n" +
			"effect at once; one that was interrupted is resumed by the same command. The same file can be imported again then.",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			if err := c.Ask("Undo the import? Refusals that only it recorded do not count any more, and this cannot be undone.", yes); err != nil {
				return err
			}
			in.Id = args[0]
			answer, err := connect.CallAgain(ctx, s, assentv1.NewImportServiceClient(s).UndoImport, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			text := phrase.Count(answer.GetEvents(), "event") + " left out"
			if answer.GetKept() > 0 {
				text += "; " + phrase.Count(answer.GetKept(), "subject") + " kept, because a consent without evidence would count again"
			}
			return c.Print(text + "\n")
		}),
	}
	cmd.Flags().StringVar(&in.Justification, "justification", "", "why; it is stored with the undo")
	c.Require(cmd, "justification")
	c.Yes(cmd, &yes)
	return cmd
}

func (c *Commands) printImports(all ...*assentv1.Import) error {
	rows := [][]string{{"ID", "PRESET", "STATUS", "CLIENT", "CREATED", "STATE", "ROWS", "RECORDED", "DUPLICATES", "SKIPPED", "REJECTED"}}
	for _, i := range all {
		n := i.GetCounts()
		row := []string{
			i.GetId(), i.GetOptions().GetPreset(), terminal.OrDash(phrase.Printable(i.GetOptions().GetStatus())), i.GetClient(),
			value.Stamp(i.GetCreatedTime()), strings.TrimPrefix(i.GetState().String(), "IMPORT_STATE_"),
		}
		for _, count := range []int64{n.GetRows(), n.GetRecorded(), n.GetDuplicates(), n.GetSkipped(), n.GetRejected()} {
			row = append(row, strconv.FormatInt(count, 10))
		}
		rows = append(rows, row)
	}
	return c.PrintTable(rows)
}
