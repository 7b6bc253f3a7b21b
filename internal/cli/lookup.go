package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
)

// lookup shows what holds for an address.
func (a *app) lookup() *cobra.Command {
	var moment value.Moment
	cmd := &cobra.Command{
		Use:   "lookup ADDRESS",
		Short: "Show the state of an address, by channel",
		Long: "Show the current state of an address, by channel, with its suppressions. --as-of shows the state at a past time, as\n" +
			"known now; --known-as-of shows it as known at that time. OF says what else than the address itself a suppression is of: a\n" +
			"domain, another spelling, or a linked address. It is lifted for that one.",
		Args: cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.LookupRecipient, (*app).writeRecipient,
			func(args []string) (*assentv1.LookupRecipientRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.LookupRecipientRequest{
					Address: address, AsOf: moment.AsOf.At, KnownAsOf: moment.Known.Until,
				}, err
			}),
	}
	addMoment(cmd.Flags(), &moment, "look at")
	return cmd
}

func (a *app) writeRecipient(answer *assentv1.LookupRecipientResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	rows := [][]string{{"CHANNEL", "VERDICT", "REASON", "GRANTS", "REFUSED", "PENDING UNTIL"}}
	for _, c := range answer.GetChannels() {
		reason := c.GetDecision().GetReason()
		if cleared := c.GetWithClearedSend(); cleared != nil {
			reason += "; of a cleared send " + value.VerdictName(cleared.GetVerdict()) + ", " + cleared.GetReason()
		}
		rows = append(rows, []string{
			c.GetChannel(), value.VerdictName(c.GetDecision().GetVerdict()), reason, fmt.Sprint(len(c.GetGrants())),
			terminal.OrDash(value.Stamp(c.GetRefusedTime())), terminal.OrDash(value.Stamp(c.GetPendingUntilTime())),
		})
	}
	if err := a.PrintTable(rows); err != nil || len(answer.GetSuppressions()) == 0 {
		return err
	}
	rows = [][]string{{"SUPPRESSED BY", "SCOPE", "OF", "LIST", "SINCE", "UNTIL", "POSITION"}}
	for _, s := range answer.GetSuppressions() {
		rows = append(rows, []string{
			s.GetReason(), s.GetScope(), terminal.OrDash(suppressed(s)), terminal.OrDash(s.GetList()), value.Stamp(s.GetSinceTime()),
			terminal.OrDash(value.Stamp(s.GetUntilTime())), fmt.Sprint(s.GetPosition()),
		})
	}
	if err := a.Print("\n"); err != nil {
		return err
	}
	return a.PrintTable(rows)
}

// suppressed says what else than the exact address a suppression is of; empty: the address itself.
func suppressed(s *assentv1.ActiveSuppression) string {
	switch {
	case s.GetLinked():
		return "linked address"
	case s.GetOtherSpelling():
		return "other spelling"
	default:
		return s.GetDomain()
	}
}
