package cli

import (
	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
)

// suppressions holds what forbids contact, and its end.
func (a *app) suppressions() *cobra.Command {
	return family("suppressions", "Record what forbids contact, and its end; import lists, export block lists",
		a.suppressionsAdd(), a.suppressionsLift(), a.suppressionsImport(), a.suppressionsExport())
}

// suppressionFlags are the flags that adding and lifting have in common.
type suppressionFlags struct {
	domain, reason, scope, list, justification string
	evidence                                   evidenceFlags
	write                                      writeFlags
}

func (f *suppressionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.domain, "domain", "", "a whole domain instead of an ADDRESS")
	flags.StringVar(&f.reason, "reason", "",
		"LEGAL_BLOCK, PROCESSING_RESTRICTED, HARD_BOUNCE, MANUAL, OBJECTION, COMPLAINT or EXTERNAL_LIST")
	flags.StringVar(&f.scope, "scope", "", "all, marketing, controller:ID, department:ID, channel:ID or sender:ID")
	flags.StringVar(&f.list, "list", "", "the list, of EXTERNAL_LIST")
	flags.StringVar(&f.justification, "justification", "", "why")
	f.evidence.add(cmd)
	f.write.add(cmd)
	require(cmd, "reason")
	complete(cmd, "reason", "LEGAL_BLOCK", "PROCESSING_RESTRICTED", "HARD_BOUNCE", "MANUAL", "OBJECTION", "COMPLAINT", "EXTERNAL_LIST")
	complete(cmd, "scope", "all", "marketing", "controller:", "department:", "channel:", "sender:")
}

// target returns the address, or nothing where a domain was given.
func (a *app) target(args []string, domain string) (string, error) {
	if (len(args) == 0) == (domain == "") {
		return "", terminal.Usagef("either an ADDRESS or --domain is needed")
	}
	if len(args) == 0 {
		return "", nil
	}
	return a.Argument(args[0])
}

func (a *app) suppressionsAdd() *cobra.Command {
	var f suppressionFlags
	var binds string
	var until value.Time
	cmd := &cobra.Command{
		Use:   "add {ADDRESS | --domain DOMAIN} --reason REASON",
		Short: "Suppress an address or a domain",
		Args:  cobra.MaximumNArgs(1),
		RunE: oneCall(a, assentv1.NewSuppressionServiceClient, assentv1.SuppressionServiceClient.CreateSuppression, writeRecorded,
			func(args []string) (*assentv1.CreateSuppressionRequest, error) {
				address, err := a.target(args, f.domain)
				if err != nil {
					return nil, err
				}
				in := &assentv1.CreateSuppressionRequest{
					Reason: f.reason, Scope: f.scope, UntilTime: until.At, List: f.list, Binds: binds, Justification: f.justification,
					Evidence: f.evidence.message(), OccurredTime: f.write.occurred.At, RequestId: f.write.id(),
					Target: &assentv1.CreateSuppressionRequest_Address{Address: address},
				}
				if f.domain != "" {
					in.Target = &assentv1.CreateSuppressionRequest_Domain{Domain: f.domain}
				}
				return in, nil
			}),
	}
	f.add(cmd)
	cmd.Flags().Var(&until, "until", "when it ends by itself")
	cmd.Flags().StringVar(&binds, "binds", "", "what a listing binds, of EXTERNAL_LIST: all or existing_customer")
	complete(cmd, "binds", "all", "existing_customer")
	return cmd
}

func (a *app) suppressionsLift() *cobra.Command {
	var f suppressionFlags
	var informed value.Time
	cmd := &cobra.Command{
		Use:   "lift {ADDRESS | --domain DOMAIN} --reason REASON --justification TEXT",
		Short: "Lift suppressions of an address or a domain",
		Long: "Lift suppressions of an address or a domain. Before a restriction (PROCESSING_RESTRICTED) ends, the person must be told;\n" +
			"--informed-time says when this was done.",
		Args: cobra.MaximumNArgs(1),
		RunE: oneCall(a, assentv1.NewSuppressionServiceClient, assentv1.SuppressionServiceClient.LiftSuppression, writeRecorded,
			func(args []string) (*assentv1.LiftSuppressionRequest, error) {
				address, err := a.target(args, f.domain)
				if err != nil {
					return nil, err
				}
				in := &assentv1.LiftSuppressionRequest{
					Reason: f.reason, Scope: f.scope, List: f.list, Justification: f.justification, InformedTime: informed.At,
					Evidence: f.evidence.message(), OccurredTime: f.write.occurred.At, RequestId: f.write.id(),
					Target: &assentv1.LiftSuppressionRequest_Address{Address: address},
				}
				if f.domain != "" {
					in.Target = &assentv1.LiftSuppressionRequest_Domain{Domain: f.domain}
				}
				return in, nil
			}),
	}
	f.add(cmd)
	cmd.Flags().Var(&informed, "informed-time", "of PROCESSING_RESTRICTED: when the person was told that the restriction ends")
	require(cmd, "justification")
	return cmd
}
