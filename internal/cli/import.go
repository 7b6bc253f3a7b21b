package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/bulk"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
)

const importHelp = `Record the events of a file: CSV with a header, or NDJSON with the same keys; also compressed with gzip, and - for
standard input. The encoding (UTF-8, UTF-16, else Windows-1252, of which Latin-1 is a part) and the separator (comma, semicolon,
tab or |) are found out; --encoding names another encoding. The columns, in any case, with spaces or - for _, and all optional
except the first two:

  %s

event is request, confirm, grant, withdraw, refuse, suppress, lift, erase, link or unlink. Times are RFC 3339. channels and
goods are separated by ; and * as channels of withdraw and refuse means all marketing. declaration and notice are
id@version; withdraw takes a declaration in place of channels, and then withdraws it on every marketing channel that it
covers. informed_time is when a person was told that a restriction ends, with is the other address of a link.

A row that is invalid, or that the server refuses, is written to FILE.rejected.csv (or the file of --rejected) with the columns
line, reason and message. All other rows are recorded, and the exit code is 1. The same row is never recorded twice: to resume
an interrupted import, run it again. A grant from before the erasure of its address is skipped and counted as erasedBefore.
That is not an error, and such rows are not written to the rejected file, because the erased data would live on there.
Erasures are recorded at once and carried out by the next retention run, because rows may come in any order.

With --format json the summary is

  {"complete": true, "rows": 3, "recorded": 1, "duplicates": 1, "rejected": 1, "erasedBefore": 0, "erasures": 0,
   "dryRun": false, "batchId": "...", "rejectedFile": "..."}

where rejectedFile is omitted if no row was rejected. An import that ends early also writes the summary: complete is then
false, and the counts show how far it came.`

// importFamily holds what can be imported.
func (a *app) importFamily() *cobra.Command {
	return family("import", "Import what is known from elsewhere", a.importConsents())
}

// importConsents records the events of a file.
func (a *app) importConsents() *cobra.Command {
	var from bulk.Source
	var encoding value.Encoding
	cmd := &cobra.Command{
		Use:   "consents FILE",
		Short: "Record the events of a file",
		Long:  fmt.Sprintf(importHelp, strings.Join(listfile.EventColumns(), ",")),
		Example: "  assent import consents events.csv.gz --dry-run\n" +
			"  assent import consents events.csv.gz",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			switch {
			case from.Rejected == "" && args[0] != listfile.Standard:
				from.Rejected = args[0] + ".rejected.csv"
			case from.Rejected == listfile.Standard, listfile.SameFile(from.Rejected, args[0]):
				return terminal.Usagef("--rejected must be another file than the others")
			}
			from.Path, from.Encoding = args[0], encoding.Name
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				summary, err := bulk.ImportFile(ctx, a.Terminal, s, from)
				summary.Complete = err == nil
				if err := errors.Join(err, summary.Print(a.Terminal)); err != nil {
					return err
				}
				if summary.Rejected > 0 {
					return terminal.ExitCode(terminal.ExitFailed)
				}
				return nil
			})
		}),
	}
	cmd.Flags().BoolVar(&from.DryRun, "dry-run", false, "say what would be recorded and record nothing")
	cmd.Flags().StringVar(&from.Rejected, "rejected", "",
		"file for the rows that were rejected (default: FILE.rejected.csv; none for standard input)")
	cmd.Flags().Var(&encoding, "encoding", "encoding of FILE, such as windows-1252 (default: found out)")
	return cmd
}
