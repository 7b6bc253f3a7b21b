package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
)

// retention holds the commands about what is not kept any longer.
func (a *app) retention() *cobra.Command {
	return family("retention", "Remove what the policy does not keep any longer", a.retentionRun())
}

func (a *app) retentionRun() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Remove data that the policy no longer keeps, now",
		Long: "Carry out the imported erasures, remove data that the policy retention of the catalog no longer keeps, and show the\n" +
			"counts of each class. Servers do this once a day on their own. With --dry-run nothing is changed. The command waits\n" +
			"up to half an hour for the server, unless --timeout is given.",
		Args: noArguments,
		RunE: oneCall(a, assentv1.NewRetentionServiceClient, assentv1.RetentionServiceClient.RunRetention, (*app).writeRetention,
			func([]string) (*assentv1.RunRetentionRequest, error) {
				return &assentv1.RunRetentionRequest{ValidateOnly: dryRun}, nil
			}),
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a.lasting(cmd)
		return run(cmd, args)
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only count what would be removed, and list the positions of the first events")
	return cmd
}

func (a *app) writeRetention(answer *assentv1.RunRetentionResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	rows := [][]string{{"CLASS", "COUNT", "OLDEST"}}
	for _, c := range answer.GetClasses() {
		rows = append(rows, []string{c.GetClass(), fmt.Sprint(c.GetCount()), terminal.OrDash(value.Stamp(c.GetOldestTime()))})
	}
	if err := a.PrintTable(rows); err != nil {
		return err
	}
	for _, c := range answer.GetClasses() {
		n := len(c.GetPositions())
		if n == 0 {
			continue
		}
		more := ""
		if rest := c.GetCount() - int64(n); rest > 0 {
			more = fmt.Sprintf(" and %d more", rest)
		}
		if err := a.Print(fmt.Sprintf("%s: %s%s\n", c.GetClass(), positions(c.GetPositions()), more)); err != nil {
			return err
		}
	}
	return nil
}
