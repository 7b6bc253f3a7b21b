package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// recorded is the answer to every write of one fact.
type recorded interface {
	proto.Message
	GetPositions() []int64
	GetDuplicate() bool
}

// writeRecorded writes the answer to a write.
func writeRecorded[Out recorded](a *app, answer Out) error {
	a.noteWarnings(answer)
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	verb := "recorded"
	if answer.GetDuplicate() {
		verb = "known already: recorded"
	}
	return a.Print(verb + " " + positions(answer.GetPositions()) + "\n")
}

// positions writes places in the ledger.
func positions(all []int64) string {
	switch len(all) {
	case 0:
		return "nothing"
	case 1:
		return "at position " + fmt.Sprint(all[0])
	default:
		return "at positions " + value.Numbers(all, ", ")
	}
}

// grant records a legal basis.
func (a *app) grant() *cobra.Command {
	var channels []string
	var basis value.Basis
	var declaration value.Declaration
	var expires value.Time
	var evidence evidenceFlags
	var write writeFlags
	cmd := &cobra.Command{
		Use:     "grant ADDRESS --channel CHANNEL --legal-basis BASIS",
		Short:   "Record a consent or another legal basis",
		Example: "  assent grant - --channel newsletter --legal-basis consent --declaration newsletter-signup@2026-01 --source paper <address.txt",
		Args:    cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.GrantConsent, writeRecorded,
			func(args []string) (*assentv1.GrantConsentRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.GrantConsentRequest{
					Address: address, Channels: channels, LegalBasis: basis.Basis, Declaration: declaration.Ref,
					Evidence: evidence.message(), ExpiresTime: expires.At, OccurredTime: write.occurred.At, RequestId: write.id(),
				}, err
			}),
	}
	addChannels(cmd.Flags(), &channels, "channel that it is for; may be given several times")
	cmd.Flags().Var(&basis, "legal-basis", "consent, existing_customer, terms, contract or legal_obligation")
	cmd.Flags().Var(&declaration, "declaration", "the text that was agreed to")
	cmd.Flags().Var(&expires, "expires-time", "when it ends by itself")
	evidence.add(cmd)
	write.add(cmd)
	require(cmd, "channel", "legal-basis")
	complete(cmd, "legal-basis", value.BasisNames()...)
	return cmd
}

// withdraw records a person's no.
func (a *app) withdraw() *cobra.Command {
	var channels []string
	var all, never bool
	var declaration value.Declaration
	var evidence evidenceFlags
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "withdraw ADDRESS {--channel CHANNEL | --declaration ID@VERSION | --all-marketing}",
		Short: "Record that a person withdraws or refuses",
		Example: "  assent withdraw anna@example.com --channel newsletter --source phone --operator \"front desk\"\n" +
			"  assent withdraw - --all-marketing --source paper <address.txt",
		Long: "Record that a person withdraws a consent, or refuses channels or all marketing. With --declaration the consent to a\n" +
			"text is withdrawn on every marketing channel that the text covers, of whatever controller. Once this is acknowledged,\n" +
			"no later check allows, unless --occurred-time is before a consent. In this case a warning names the channel.",
		Args: cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.WithdrawConsent, writeRecorded,
			func(args []string) (*assentv1.WithdrawConsentRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.WithdrawConsentRequest{
					Address: address, Channels: channels, AllMarketing: all, NeverGranted: never, Declaration: declaration.Ref,
					Evidence: evidence.message(), OccurredTime: write.occurred.At, RequestId: write.id(),
				}, err
			}),
	}
	addChannels(cmd.Flags(), &channels, "channel that is refused; may be given several times")
	cmd.Flags().Var(&declaration, "declaration", "the consent that is withdrawn, on all its marketing channels")
	cmd.Flags().BoolVar(&all, "all-marketing", false, "all marketing is refused: an objection")
	cmd.Flags().BoolVar(&never, "never-granted", false, "the person refuses what was never granted")
	evidence.add(cmd)
	write.add(cmd)
	cmd.MarkFlagsOneRequired("channel", "declaration", "all-marketing")
	cmd.MarkFlagsMutuallyExclusive("channel", "declaration", "all-marketing")
	cmd.MarkFlagsMutuallyExclusive("never-granted", "declaration", "all-marketing")
	return cmd
}

// request asks for a double opt-in.
func (a *app) request() *cobra.Command {
	var channel, sender string
	var declaration value.Declaration
	var evidence evidenceFlags
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "request ADDRESS --channel CHANNEL",
		Short: "Start a double opt-in",
		Long: "Start a double opt-in. If the confirmation mail may be sent, the command records the request and writes the token\n" +
			"for the mail. If not, it records nothing, and the exit code is 1.",
		Args: cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.RequestConsent, (*app).writeRequested,
			func(args []string) (*assentv1.RequestConsentRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.RequestConsentRequest{
					Address: address, Channel: channel, SenderIdentity: sender, Declaration: declaration.Ref,
					Evidence: evidence.message(), RequestId: write.id(),
				}, err
			}),
	}
	cmd.Flags().StringVar(&channel, "channel", "", "channel that the person asked for")
	cmd.Flags().StringVar(&sender, "sender", "", "sender identity of the mail (default: the channel's first)")
	cmd.Flags().Var(&declaration, "declaration", "the text that the person was shown")
	evidence.add(cmd)
	write.addRequestID(cmd)
	require(cmd, "channel")
	return cmd
}

func (a *app) writeRequested(answer *assentv1.RequestConsentResponse) error {
	a.noteWarnings(answer)
	var err error
	if a.JSON() {
		err = a.PrintMessage(answer)
	} else {
		rows := decisionRows(answer.GetDecision())
		if answer.GetToken() != "" {
			rows = append(rows, []string{"token", answer.GetToken()}, []string{"ends", value.Stamp(answer.GetExpiresTime())},
				[]string{"recorded", positions(answer.GetPositions())})
		}
		err = a.PrintTable(rows)
	}
	if err == nil && answer.GetDecision().GetVerdict() != assentv1.Verdict_VERDICT_ALLOW {
		return terminal.ExitCode(terminal.ExitFailed)
	}
	return err
}

func (a *app) writeConfirmed(answer *assentv1.ConfirmConsentResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	verb := "recorded"
	if answer.GetDuplicate() {
		verb = "known already: recorded"
	}
	return a.Print(fmt.Sprintf("confirmed %s, %s %s\n", phrase.Printable(answer.GetChannel()), verb, positions(answer.GetPositions())))
}

// confirm confirms a double opt-in.
func (a *app) confirm() *cobra.Command {
	var evidence evidenceFlags
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "confirm TOKEN",
		Short: "Confirm a double opt-in by the token of its mail",
		Args:  cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewConsentServiceClient, assentv1.ConsentServiceClient.ConfirmConsent, (*app).writeConfirmed,
			func(args []string) (*assentv1.ConfirmConsentRequest, error) {
				token, err := a.Argument(args[0])
				return &assentv1.ConfirmConsentRequest{
					Token: token, Evidence: evidence.message(), RequestId: write.id(),
				}, err
			}),
	}
	evidence.add(cmd)
	write.addRequestID(cmd)
	return cmd
}
