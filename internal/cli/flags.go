package cli

import (
	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/value"
)

// addMoment adds the flags of what may be asked about the past.
func addMoment(flags *pflag.FlagSet, m *value.Moment, doing string) {
	flags.Var(&m.AsOf, "as-of", doing+" this time of the past")
	flags.Var(&m.Known, "known-as-of", "count only what was recorded up to this position or time")
}

// evidenceFlags are the flags that say how something came about.
type evidenceFlags struct {
	evidence  assentv1.Evidence
	confirmed value.Time
	notice    value.Declaration
}

func (e *evidenceFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&e.evidence.Source, "source", "", "evidence: web_form, double_opt_in, api, import, paper, in_person or phone")
	flags.StringVar(&e.evidence.Url, "url", "", "evidence: the page on which it happened")
	flags.StringVar(&e.evidence.Ip, "ip", "", "evidence: the IP address it came from")
	flags.StringVar(&e.evidence.UserAgent, "user-agent", "", "evidence: the User-Agent it came from")
	flags.Var(&e.confirmed, "confirmed-time", "evidence: when the person confirmed it from their mailbox")
	flags.StringVar(&e.evidence.TransactionRef, "transaction-ref", "", "evidence: the order, contract or invoice it was given with")
	flags.BoolVar(&e.evidence.NoticeGiven, "notice-given", false, "evidence: the person was told of their right to object")
	flags.Var(&e.notice, "notice", "evidence: the notice that was shown, a declaration of kind notice")
	flags.StringSliceVar(&e.evidence.Goods, "goods", nil, "evidence: what was bought, in the words of the catalog")
	flags.StringVar(&e.evidence.DocumentRef, "document-ref", "", "evidence: where the paper or recording is kept")
	flags.StringVar(&e.evidence.Operator, "operator", "", "evidence: the employee who took it down")
	flags.StringVar(&e.evidence.Note, "note", "", "evidence: anything else worth keeping")
	complete(cmd, "source", sources()...)
}

// sources returns the words for where a fact comes from.
func sources() []string {
	return []string{"web_form", "double_opt_in", "api", "import", "paper", "in_person", "phone"}
}

// message returns the evidence, or nil where no flag was given.
func (e *evidenceFlags) message() *assentv1.Evidence {
	m := proto.CloneOf(&e.evidence)
	m.ConfirmedTime, m.Notice = e.confirmed.At, e.notice.Ref
	if proto.Size(m) == 0 {
		return nil
	}
	return m
}

// writeFlags are the flags of all commands that record one fact.
type writeFlags struct {
	requestID string
	occurred  value.Time
}

func (w *writeFlags) addRequestID(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.requestID, "request-id", "",
		"UUID that makes a repetition of the command safe (default: a new one)")
}

func (w *writeFlags) add(cmd *cobra.Command) {
	w.addRequestID(cmd)
	cmd.Flags().Var(&w.occurred, "occurred-time", "when it occurred (default: now)")
}

// id returns the request id, a new one unless it was given: calls are repeated
// by the command itself while the server is away.
func (w *writeFlags) id() string {
	if w.requestID != "" {
		return w.requestID
	}
	return uuid.NewString()
}

// require marks flags that have to be given.
func require(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		// It fails only for a flag that is not there, which every run of a test
		// would show.
		if err := cobra.MarkFlagRequired(cmd.Flags(), flag); err != nil {
			cmd.PrintErrln(err)
		}
	}
}

// addChannels gives a command the flag --channel, which may be given several
// times.
func addChannels(flags *pflag.FlagSet, channels *[]string, usage string) {
	flags.StringSliceVar(channels, "channel", nil, usage)
}

// complete lets the shell complete a flag with the words.
func complete(cmd *cobra.Command, flag string, words ...string) {
	// It fails only for a flag that is not there, which every run of a test
	// would show.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		cmd.PrintErrln(err)
	}
}
