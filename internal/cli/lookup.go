package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// lookup shows what holds for an address.
func (a *app) lookup() *cobra.Command {
	var moment momentFlags
	cmd := &cobra.Command{
		Use:   "lookup ADDRESS",
		Short: "Show what holds for an address, by channel",
		Long: "Show what holds for an address now, by channel, with its suppressions. --as-of shows what held at a time of the\n" +
			"past by what is known now, --known-as-of what was known then.",
		Args: cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.LookupRecipient, (*app).writeRecipient,
			func(args []string) (*assentv1.LookupRecipientRequest, error) {
				address, err := a.address(args[0])
				return &assentv1.LookupRecipientRequest{
					Address: address, AsOf: moment.asOf.at, KnownAsOf: moment.known.known,
				}, err
			}),
	}
	moment.add(cmd.Flags(), "look at")
	return cmd
}

func (a *app) writeRecipient(answer *assentv1.LookupRecipientResponse) error {
	if a.json() {
		return a.writeMessage(answer)
	}
	rows := [][]string{{"CHANNEL", "VERDICT", "REASON", "GRANTS", "REFUSED", "PENDING UNTIL"}}
	for _, c := range answer.GetChannels() {
		rows = append(rows, []string{
			c.GetChannel(), verdictName(c.GetDecision().GetVerdict()), c.GetDecision().GetReason(), fmt.Sprint(len(c.GetGrants())),
			orDash(stamp(c.GetRefusedTime())), orDash(stamp(c.GetPendingUntilTime())),
		})
	}
	if err := a.table(rows); err != nil || len(answer.GetSuppressions()) == 0 {
		return err
	}
	rows = [][]string{{"SUPPRESSED BY", "SCOPE", "DOMAIN", "LIST", "SINCE", "UNTIL", "POSITION"}}
	for _, s := range answer.GetSuppressions() {
		rows = append(rows, []string{
			s.GetReason(), s.GetScope(), orDash(s.GetDomain()), orDash(s.GetList()), stamp(s.GetSinceTime()),
			orDash(stamp(s.GetUntilTime())), fmt.Sprint(s.GetPosition()),
		})
	}
	if err := a.write("\n"); err != nil {
		return err
	}
	return a.table(rows)
}

// orDash keeps a column of a table from being empty.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
