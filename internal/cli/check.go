package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/bulk"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/listfile"
)

// checkFlags are the flags of assent check.
type checkFlags struct {
	question bulk.Question
	receipt  string
	files    bulk.Files
	encoding value.Encoding
}

const checkHelp = `Ask whether an address, or every address of a file, may be contacted on a channel.

With ADDRESS it writes the decision and exits with 0 for ALLOW and with 3 for DENY and DEFER.

With --file it reads CSV with a header, also compressed with gzip. The encoding (UTF-8, UTF-16, else Windows-1252, of which
Latin-1 is a part) and the separator (comma, semicolon, tab or |) are found out; --encoding names another encoding. The column
is found whatever case, spaces, - and _ its name is written with. What is written is UTF-8 with commas. Rows that may be contacted are written to --out, with the
added columns reason, legal_basis, sender_identity, from_address, valid_until and decided_position. With --denied all other
rows are written to that file, with the added columns verdict and reason: ERROR and INVALID_ADDRESS for an invalid address.
All other columns are copied. The files appear when they are complete. The counts by reason are written to standard error;
with --format json they are written to standard output, as

  {"channel": "...", "asOf": "...", "knownAsOf": "...", "addresses": 3, "allowed": 1, "denied": 2,
   "counts": [{"verdict": "DENY", "reason": "WITHDRAWN", "count": 2}, ...]}

where asOf and knownAsOf are omitted unless they were given. --report writes an HTML page: a chart of the reasons, and how
many addresses each remedy would win back at most. The page has no addresses and loads nothing from the network.

With --as-of the answers are those of that time: they show why a message was sent, and must not be used for sending now. With
--known-as-of only events recorded up to a position or a time count: it shows the answer of that time, without events that
were recorded later, even if these occurred earlier. If --as-of is not given, it is the same time.

With --links the answer has the links of the message, and the file the columns list_unsubscribe, list_unsubscribe_post (the
headers of these names), page_url (for the text) and return_path (empty unless the server has a bounce address). They belong to
the address of their row alone. The server needs --public-url.

With --send the answer also says whether the send goes out now, and whether the person gets too much; an ALLOW reserves the place of the message
until the window of the send ends, so that other departments count it. Then say what became of it: sends report. With --as-of the answer
is by what was sent and reserved by that time, and reserves nothing.

With --receipt a signed statement of the request and the answer is written to a file that must not exist yet. Keep it with the
mail: receipt verify shows later what was asked and answered. It has a keyed digest of the address, and not the address.`

// check asks for one address or for a file.
func (a *app) check() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check {ADDRESS | --file FILE --out FILE} --channel CHANNEL",
		Short: "Ask whether an address may be contacted",
		Long:  checkHelp,
		Example: "  assent check anna@example.com --channel newsletter\n" +
			"  assent check --file audience.csv --channel product-marketing --out allowed.csv --denied denied.csv",
		Args: cobra.MaximumNArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			if err := f.verify(args, a.JSON()); err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				if f.files.In != "" {
					f.files.Encoding = f.encoding.Name
					return bulk.CheckFile(ctx, a.Terminal, s, &f.question, f.files)
				}
				return a.checkOne(ctx, s, args[0], f)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.question.Channel, "channel", "", "channel to send on")
	flags.StringVar(&f.question.Sender, "sender", "", "sender identity (default: the channel's first)")
	flags.StringVar(&f.question.Reference, "reference", "", "order, contract or duty that the message is about")
	flags.BoolVar(&f.question.Advertising, "advertising", false, "the message also advertises something")
	addMoment(flags, &f.question.Moment, "decide for")
	flags.BoolVar(&f.question.Links, "links", false, "add the links of each message, for one click and to the page of the person")
	flags.StringVar(&f.question.Send, "send", "", "send that the message is of: an ALLOW reserves the place of the message")
	flags.StringVar(&f.receipt, "receipt", "", "file to write a signed receipt of the answer to, which must not exist")
	flags.StringVar(&f.files.In, "file", "", "CSV file with a column of addresses")
	flags.StringVar(&f.files.AddressColumn, "address-column", "address", "the column of --file with the addresses")
	flags.Var(&f.encoding, "encoding", "encoding of --file, such as windows-1252 (default: found out)")
	flags.StringVar(&f.files.Out, "out", "", "where the rows that may be contacted go")
	flags.StringVar(&f.files.Denied, "denied", "", "where the other rows go")
	flags.StringVar(&f.files.Report, "report", "", "file for an HTML page about the counts; --language de for German")
	require(cmd, "channel")
	return cmd
}

// verify reports flags that do not go together.
func (f checkFlags) verify(args []string, json bool) error {
	switch {
	case f.files.In == "" && len(args) == 0:
		return terminal.Usagef("ADDRESS or --file is required")
	case f.files.In == "" && (f.files.Out != "" || f.files.Denied != "" || f.files.Report != ""):
		return terminal.Usagef("--out, --denied and --report can be used with --file only")
	case f.question.Links && f.question.Moment.IsPast():
		return terminal.Usagef("--links cannot be used with --as-of and --known-as-of: links are made for messages of now")
	case f.question.Send != "" && f.receipt != "":
		return terminal.Usagef("--receipt cannot be used with --send: a receipt says what was lawful")
	case f.receipt == listfile.Standard:
		return terminal.Usagef("--receipt needs the name of a file")
	case f.files.In == "":
		return nil
	case f.receipt != "":
		return terminal.Usagef("--receipt can be used with ADDRESS, not with --file")
	case len(args) > 0:
		return terminal.Usagef("ADDRESS cannot be used with --file")
	case f.files.Out == "":
		return terminal.Usagef("--file needs --out")
	case f.files.Out == f.files.Denied:
		return terminal.Usagef("--out and --denied must be different files")
	case f.files.Report == listfile.Standard, f.files.Report != "" && (f.files.Report == f.files.Out || f.files.Report == f.files.Denied):
		return terminal.Usagef("--report must be another file than the others")
	case json && (f.files.Out == listfile.Standard || f.files.Denied == listfile.Standard):
		return terminal.Usagef("only one of --format json and the files can go to standard output")
	}
	return nil
}

func (a *app) checkOne(ctx context.Context, s *connect.Server, arg string, f checkFlags) error {
	address, err := a.Argument(arg)
	if err != nil {
		return err
	}
	answer, err := connect.Call(ctx, s, assentv1.NewConsentServiceClient(s).CheckConsent, &assentv1.CheckConsentRequest{
		Address: address, Channel: f.question.Channel, SenderIdentity: f.question.Sender, Reference: f.question.Reference,
		ContainsAdvertising: f.question.Advertising, AsOf: f.question.Moment.AsOf.At, KnownAsOf: f.question.Moment.Known.Until,
		Receipt: f.receipt != "", Links: f.question.Links, Send: f.question.Send, Operational: f.question.Send != "" && f.question.Moment.IsPast(),
	})
	if err != nil {
		return err
	}
	if f.receipt != "" {
		if err := a.keepReceipt(f.receipt, answer.GetDecision().GetReceipt()); err != nil {
			return err
		}
	}
	if a.JSON() {
		err = a.PrintMessage(answer)
	} else {
		err = a.PrintTable(append(decisionRows(answer.GetDecision()), linkRows(answer.GetLinks())...))
	}
	if answer.GetDecision().GetReason() == string(consent.CodeSenderUnknown) {
		if hint := a.nameHint(ctx, s); hint != "" {
			a.Notef("The catalog has no sender identity of that id%s", hint)
		}
	}
	if err == nil && answer.GetDecision().GetVerdict() != assentv1.Verdict_VERDICT_ALLOW {
		return terminal.ExitCode(terminal.ExitDenied)
	}
	return err
}

// linkRows are the links of a message; none of nil.
func linkRows(l *assentv1.MessageLinks) [][]string {
	if l == nil {
		return nil
	}
	rows := [][]string{{"List-Unsubscribe", l.GetListUnsubscribe()}, {"List-Unsubscribe-Post", l.GetListUnsubscribePost()}, {"page", l.GetPageUrl()}}
	if path := l.GetReturnPath(); path != "" {
		rows = append(rows, []string{"return path", path})
	}
	return rows
}

// decisionRows writes a decision for people; what is not set is left out.
func decisionRows(d *assentv1.Decision) [][]string {
	rows := [][]string{{value.VerdictName(d.GetVerdict()), d.GetReason()}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("why", d.GetExplanation())
	add("remedy", d.GetRemedy())
	if len(d.GetReasons()) > 1 {
		add("findings", strings.Join(d.GetReasons(), ", "))
	}
	if d.GetAbout() != assentv1.About_ABOUT_UNSPECIFIED {
		add("about", "the "+strings.ToLower(strings.TrimPrefix(d.GetAbout().String(), "ABOUT_")))
	}
	add("legal basis", value.BasisName(d.GetLegalBasis()))
	if d.GetGrantPosition() > 0 {
		add("evidence", fmt.Sprintf("position %d", d.GetGrantPosition()))
	}
	add("declaration", value.DeclarationName(d.GetDeclaration()))
	if sender := d.GetSenderIdentity(); sender != nil {
		add("sender", fmt.Sprintf("%s: %s <%s>", sender.GetId(), sender.GetFromName(), sender.GetFromAddress()))
		add("reply to", sender.GetReplyTo())
		add("complaints to", sender.GetComplaintsTo())
	}
	add("obligations", strings.Join(d.GetObligations(), ", "))
	add("valid until", value.Stamp(d.GetValidUntilTime()))
	add("ask again from", value.Stamp(d.GetRetryTime()))
	add("decided", fmt.Sprintf("for %s, at position %d, by catalog version %d",
		value.Stamp(d.GetDecidedTime()), d.GetPosition(), d.GetCatalogVersion()))
	if !d.GetForSending() && d.GetVerdict() == assentv1.Verdict_VERDICT_ALLOW {
		add("note", "decided for the past: not for sending now")
	}
	return rows
}
