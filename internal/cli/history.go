package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/eventtext"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/consent"
)

// historyPage is how many events are asked for at once.
const historyPage = 500

// historyFlags narrow a history down.
type historyFlags struct {
	since, until value.Time
	kinds        []string
	channel      string
	actor        string
}

func (f *historyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&f.since, "since", "only what occurred at or after this time")
	flags.Var(&f.until, "until", "only what occurred before this time")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only events of this kind: "+strings.Join(kinds(), ", ")+" (may be given several times)")
	flags.StringVar(&f.channel, "channel", "", "only events that name this channel, also as their scope")
	flags.StringVar(&f.actor, "actor", "", "only what the client with this id recorded")
	complete(cmd, "kind", kinds()...)
}

// kinds returns the words for what happened to an address.
func kinds() []string {
	var names []string
	for _, kind := range consent.Kinds() {
		if kind.HasSubject() {
			names = append(names, kind.String())
		}
	}
	return names
}

// request returns the call for the first page, and whether it asks for some events only.
func (f *historyFlags) request(address string) (in *assentv1.SearchHistoryRequest, some bool) {
	in = &assentv1.SearchHistoryRequest{
		Address: address, PageSize: historyPage, OccurredSinceTime: f.since.At, OccurredUntilTime: f.until.At, Kinds: f.kinds,
		Channel: f.channel, Actor: f.actor,
	}
	return in, f.since.At != nil || f.until.At != nil || len(f.kinds) > 0 || f.channel != "" || f.actor != ""
}

// history shows what was recorded about an address.
func (a *app) history() *cobra.Command {
	var f historyFlags
	var x exportFlags
	cmd := &cobra.Command{
		Use:   "history [ADDRESS]",
		Short: "Show or export what was recorded about an address",
		Long: "Show the events of an address by their position: its own, those of its other spellings that hold for it,\n" +
			"and those of its domain. With several filters, an event must match all of them. With --format json the events\n" +
			"are written as {\"events\": [...]}. text=withheld says that operator, note or justification were left out: a client of one\n" +
			"department reads such text only if a client of that department wrote it.\n\n" +
			"--format dossier (JSON), csv, html, pdf, jsonld or zip, without filters, writes an access report (GDPR Art. 15):\n" +
			"everything that is recorded about the address, in the language of --language (en or de). The zip has all forms\n" +
			"but pdf, and the proofs of the ledger; ledger verify --file verifies it without a server or a database.\n\n" +
			"With --all it exports the events of the whole ledger, one line of JSON each, and the checkpoint last. --since and\n" +
			"--until select events by the time of occurrence.",
		Example: "  assent history anna@example.com --kind grant,withdraw --channel newsletter --since 2026-01-01T00:00:00Z\n" +
			"  assent history anna@example.com --format zip --language de --out auskunft.zip\n" +
			"  assent history anna@example.com --format pdf --language de --file-number DS-17 --out auskunft.pdf\n" +
			"  assent history --all --recorded-since 2026-01-01T00:00:00Z --out ledger.ndjson.gz",
		Args: cobra.MaximumNArgs(1),
	}
	f.add(cmd)
	x.add(cmd)
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := x.check(cmd, args, &f, a.connection.Language); err != nil {
			return err
		}
		if x.all {
			return a.export(ctx, x.request("", &f), x.out)
		}
		address, err := a.Argument(args[0])
		if err != nil {
			return err
		}
		in, some := f.request(address)
		if x.searches() {
			a.Format.Value = x.format.Value
			return a.search(ctx, in, some)
		}
		return a.export(ctx, x.request(address, &f), x.out)
	})
	cmd.AddCommand(a.disclosures(), a.readers())
	return cmd
}

// search lists events.
func (a *app) search(ctx context.Context, in *assentv1.SearchHistoryRequest, some bool) error {
	return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		all, err := connect.All(ctx, s, assentv1.NewHistoryServiceClient(s).SearchHistory, in, &in.PageToken)
		if err != nil {
			return err
		}
		return a.writeHistory(all, some)
	})
}

// writeHistory writes events; some says that they are those that fit the flags.
func (a *app) writeHistory(all *assentv1.SearchHistoryResponse, some bool) error {
	if a.JSON() {
		return a.PrintMessage(all)
	}
	if len(all.GetEvents()) == 0 && some {
		a.Notef("No event of this address matches.")
		return nil
	}
	if len(all.GetEvents()) == 0 {
		a.Notef("Nothing is recorded about this address.")
		return nil
	}
	return a.PrintTable(eventtext.Rows(all.GetEvents()))
}
