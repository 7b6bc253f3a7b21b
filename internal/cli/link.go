package cli

import (
	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
)

// link records that two addresses are of one person.
func (a *app) link() *cobra.Command {
	var why string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "link ADDRESS OTHER_ADDRESS --justification TEXT",
		Short: "Record that two addresses are of one person",
		Long: "Record that two addresses are of one person. Refusals and suppressions of either, past and to come, hold for both, also\n" +
			"through a third address that is linked with one of them. Grants do not go along, because a consent is for the address\n" +
			"that it was given for. A hard bounce stays, because it is about the mailbox. assent unlink ends it.",
		Example: "  assent link anna@example.com anna@work.example --justification \"case 4711: injunction\"",
		Args:    cobra.ExactArgs(2),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.LinkRecipients, writeRecorded,
			func(args []string) (*assentv1.LinkRecipientsRequest, error) {
				address, other, err := a.twoAddresses(args)
				return &assentv1.LinkRecipientsRequest{
					Address: address, OtherAddress: other, Justification: why, OccurredTime: write.occurred.At, RequestId: write.id(),
				}, err
			}),
	}
	addWhy(cmd, &why)
	write.add(cmd)
	return cmd
}

// unlink ends a link.
func (a *app) unlink() *cobra.Command {
	var why string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "unlink ADDRESS OTHER_ADDRESS --justification TEXT",
		Short: "Record that two addresses are not of one person",
		Long: "End the link of two addresses. What was refused or suppressed for one of them holds for that one alone again, so make\n" +
			"sure that the person did not mean both.",
		Args: cobra.ExactArgs(2),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.UnlinkRecipients, writeRecorded,
			func(args []string) (*assentv1.UnlinkRecipientsRequest, error) {
				address, other, err := a.twoAddresses(args)
				return &assentv1.UnlinkRecipientsRequest{
					Address: address, OtherAddress: other, Justification: why, OccurredTime: write.occurred.At, RequestId: write.id(),
				}, err
			}),
	}
	addWhy(cmd, &why)
	write.add(cmd)
	return cmd
}

// twoAddresses reads two addresses, of which one may come from standard input.
func (a *app) twoAddresses(args []string) (first, second string, err error) {
	if args[0] == listfile.Standard && args[1] == listfile.Standard {
		return "", "", terminal.Usagef("only one of the addresses can come from standard input")
	}
	if first, err = a.Argument(args[0]); err != nil {
		return "", "", err
	}
	second, err = a.Argument(args[1])
	return first, second, err
}
