package cli

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/timetext"
)

// timeFlag is a flag that takes a time; unset it is nil.
type timeFlag struct{ at *timestamppb.Timestamp }

func (f *timeFlag) String() string { return stamp(f.at) }
func (f *timeFlag) Type() string   { return "time" }

func (f *timeFlag) Set(value string) error {
	at, err := parseTime(value)
	f.at = at
	return err
}

// knownFlag is a flag that takes up to where the ledger counts as known: a position or a time. Unset it is nil.
type knownFlag struct{ known *assentv1.KnownAsOf }

func (f *knownFlag) Type() string { return "position|time" }

func (f *knownFlag) String() string {
	if position := f.known.GetPosition(); position != 0 {
		return strconv.FormatInt(position, 10)
	}
	return stamp(f.known.GetTime())
}

func (f *knownFlag) Set(value string) error {
	if position, err := strconv.ParseInt(value, 10, 64); err == nil && position > 0 {
		f.known = &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Position{Position: position}}
		return nil
	}
	at, err := parseTime(value)
	if err != nil {
		return errors.New("it must be a position from 1 on, or a time such as " + timetext.Example)
	}
	f.known = &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Time{Time: at}}
	return nil
}

// momentFlags are the flags of what may be asked about the past.
type momentFlags struct {
	asOf  timeFlag
	known knownFlag
}

func (m *momentFlags) add(flags *pflag.FlagSet, doing string) {
	flags.Var(&m.asOf, "as-of", doing+" this time of the past")
	flags.Var(&m.known, "known-as-of", "count only what was recorded up to this position or time")
}

// isPast reports whether the past is asked about.
func (m *momentFlags) isPast() bool { return m.asOf.at != nil || m.known.known != nil }

// String says what moment is asked about.
func (m *momentFlags) String() string {
	var parts []string
	if m.asOf.at != nil {
		parts = append(parts, "as of "+m.asOf.String())
	}
	if m.known.known != nil {
		parts = append(parts, "as known at "+m.known.String())
	}
	return strings.Join(parts, ", ")
}

// parseTime reads an RFC 3339 time.
func parseTime(text string) (*timestamppb.Timestamp, error) {
	t, err := timetext.ParseTimestamp(text)
	if err != nil {
		return nil, err
	}
	return timestamppb.New(t), nil
}

// declarationFlag is a flag that takes id@version; unset it is nil.
type declarationFlag struct{ ref *assentv1.DeclarationRef }

func (f *declarationFlag) String() string { return declarationName(f.ref) }
func (f *declarationFlag) Type() string   { return "id@version" }

func (f *declarationFlag) Set(value string) error {
	ref, err := parseDeclaration(value)
	f.ref = ref
	return err
}

// parseDeclaration reads id@version.
func parseDeclaration(text string) (*assentv1.DeclarationRef, error) {
	declaration, err := listfile.ParseDeclaration(text)
	return declarationOf(declaration), err
}

// basisFlag is a flag that takes a legal basis.
type basisFlag struct{ basis assentv1.LegalBasis }

func (f *basisFlag) String() string { return basisName(f.basis) }
func (f *basisFlag) Type() string   { return "basis" }

func (f *basisFlag) Set(value string) error {
	basis, ok := basisNames()[value]
	if !ok {
		names := slices.Sorted(maps.Keys(basisNames()))
		return errors.New("it must be one of " + strings.Join(names, ", ") + nearest.Hint(value, names))
	}
	f.basis = basis
	return nil
}

// evidenceFlags are the flags that say how something came about.
type evidenceFlags struct {
	evidence  assentv1.Evidence
	confirmed timeFlag
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
	flags.StringSliceVar(&e.evidence.Goods, "goods", nil, "evidence: what was bought, in the words of the catalog")
	flags.StringVar(&e.evidence.DocumentRef, "document-ref", "", "evidence: where the paper or recording is kept")
	flags.StringVar(&e.evidence.Operator, "operator", "", "evidence: who took it down")
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
	m.ConfirmedTime = e.confirmed.at
	if proto.Size(m) == 0 {
		return nil
	}
	return m
}

// writeFlags are the flags of all commands that record one fact.
type writeFlags struct {
	requestID string
	occurred  timeFlag
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
