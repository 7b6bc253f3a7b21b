package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
)

// disclosures shows which clients learnt something about an address.
func (a *app) disclosures() *cobra.Command {
	return &cobra.Command{
		Use:   "disclosures ADDRESS",
		Short: "Show which clients learnt something about an address",
		Long: "Show which clients learnt something about an address, how often, by day and channel: by checks, look-ups, histories\n" +
			"and exports. A dash in place of the channel means all channels. With --format json it writes {\"disclosures\": [...]}\n" +
			"with all of them.",
		Example: "  assent history disclosures anna@example.com",
		Args:    cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			address, err := a.Argument(args[0])
			if err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				in := &assentv1.ListDisclosuresRequest{Address: address, PageSize: historyPage}
				all, err := connect.All(ctx, s, assentv1.NewHistoryServiceClient(s).ListDisclosures, in, &in.PageToken)
				if err != nil {
					return err
				}
				return a.writeDisclosures(all)
			})
		}),
	}
}

func (a *app) writeDisclosures(all *assentv1.ListDisclosuresResponse) error {
	if a.JSON() {
		return a.PrintMessage(all)
	}
	if len(all.GetDisclosures()) == 0 {
		a.Notef("No disclosures about this address.")
		return nil
	}
	rows := [][]string{{"DAY", "CLIENT", "DEPARTMENT", "CHANNEL", "COUNT"}}
	for _, d := range all.GetDisclosures() {
		rows = append(rows, []string{
			d.GetDay(), d.GetClient(), terminal.OrDash(d.GetDepartment()), terminal.OrDash(d.GetChannel()), fmt.Sprint(d.GetCount()),
		})
	}
	return a.PrintTable(rows)
}
