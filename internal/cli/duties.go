package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/gather"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/duty"
	"github.com/assent-io/assent/internal/locale"
)

// documentFormat gives a command the flag that says in which form its document is written.
func documentFormat(cmd *cobra.Command, format *value.Choice, first string, others ...string) {
	options := append([]string{first}, others...)
	*format = value.NewChoice(first, options...)
	cmd.Flags().Var(format, "format", "form of the document")
	complete(cmd, "format", options...)
}

// documentLanguage returns the language of a document, which is English unless --language says de.
func (a *app) documentLanguage() (locale.Language, error) {
	switch language := a.connection.Language; {
	case language == locale.German.Tag():
		return locale.German, nil
	case language == "" || slices.Contains(languages(), language):
		return locale.English, nil
	default:
		return locale.English, terminal.Usagef("--language must be en or de for a document")
	}
}

// document is what can be written as a page.
type document interface{ HTML() ([]byte, error) }

// writeDocument writes a document as a page, as JSON, or as text where it has one.
func (a *app) writeDocument(d document, format string) error {
	switch plain, ok := d.(interface{ Text() string }); {
	case format == "json":
		return a.PrintJSON(d)
	case format == "text" && ok:
		return a.Print(plain.Text())
	}
	page, err := d.HTML()
	if err != nil {
		return err
	}
	return a.Print(string(page))
}

// records writes the record of processing activities.
func (a *app) records() *cobra.Command {
	var file string
	var format value.Choice
	cmd := &cobra.Command{
		Use:   "records",
		Short: "Write the record of processing activities (GDPR Art. 30)",
		Long: "Write the record of processing activities (GDPR Art. 30) of each controller, as a page to print or as JSON, in the\n" +
			"language of --language (en or de). It is made from the catalog in force on the server, or with --catalog from a file,\n" +
			"without a server. What the catalog does not say is left blank.",
		Example: "  assent records --language de > verzeichnis.html",
		Args:    noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			lang, err := a.documentLanguage()
			if err != nil {
				return err
			}
			now := time.Now()
			if file != "" {
				cat, err := a.parseCatalog(file)
				if err != nil {
					return err
				}
				return a.writeDocument(duty.NewRecords(cat, duty.Rules{File: file}, lang, now), format.Value)
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				cat, rules, err := gather.Catalog(ctx, s)
				if err != nil {
					return err
				}
				return a.writeDocument(duty.NewRecords(cat, rules, lang, now), format.Value)
			})
		}),
	}
	cmd.Flags().StringVar(&file, "catalog", "", "make the record from this file, without a server")
	documentFormat(cmd, &format, "html", "json")
	return cmd
}

// parseCatalog reads a catalog from a file.
func (a *app) parseCatalog(path string) (*catalog.Catalog, error) {
	text, err := a.readCatalog(path)
	if err != nil {
		return nil, err
	}
	cat, _, err := catalog.Parse(path, []byte(text))
	return cat, err
}

// proof writes the documentation of a consent with its uses.
func (a *app) proof() *cobra.Command {
	var channel string
	var format value.Choice
	cmd := &cobra.Command{
		Use:   "proof ADDRESS",
		Short: "Write the documentation of a consent with its uses (UWG section 7a)",
		Long: "Write the documentation of the consent, or of another legal basis, of an address on a channel: the full text of the\n" +
			"declaration, how and when it was given and confirmed, the evidence, what withdrew or refused it since, how often it was\n" +
			"used by day and client, and the proofs that these entries are in the ledger. It is written in the language of\n" +
			"--language (en or de). To ask is counted as one more use of this client, which the next documentation shows.",
		Example: "  assent proof anna@example.com --channel newsletter\n" +
			"  assent proof anna@example.com --channel newsletter --format html --language de > nachweis.html",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			lang, err := a.documentLanguage()
			if err != nil {
				return err
			}
			address, err := a.Argument(args[0])
			if err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				known, err := gather.Proof(ctx, s, address, channel)
				if err != nil {
					return err
				}
				return a.writeDocument(duty.NewProof(known, lang, time.Now()), format.Value)
			})
		}),
	}
	cmd.Flags().StringVar(&channel, "channel", "", "the channel that the consent is for")
	require(cmd, "channel")
	documentFormat(cmd, &format, "text", "json", "html")
	return cmd
}

// readers shows about how many persons clients learnt something, or writes the sheet of a breach.
func (a *app) readers() *cobra.Command {
	var client string
	var since value.Time
	var format value.Choice
	cmd := &cobra.Command{
		Use:   "readers",
		Short: "Count about how many persons each client learnt something, such as by a leaked key",
		Long: "Count about how many persons each client learnt something, by day and channel: by checks, look-ups, histories and\n" +
			"exports of one address. A dash in place of the channel means all channels. Exports of the whole ledger are not counted.\n" +
			"With --format html it writes the sheet for the notification of a breach within 72 hours (GDPR Art. 33), in the\n" +
			"language of --language (en or de), with what is known and blanks for the rest.",
		Example: "  assent history readers --client shop --since 2026-11-01T00:00:00Z\n" +
			"  assent history readers --client shop --format html --language de > meldung.html",
		Args: noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			lang, err := a.documentLanguage()
			if err != nil {
				return err
			}
			in := &assentv1.ListReadersRequest{Client: client, SinceTime: since.At}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				if format.Value == "html" {
					known, err := gather.Readers(ctx, s, in)
					if err != nil {
						return err
					}
					return a.writeDocument(duty.NewBreach(known, lang, time.Now()), format.Value)
				}
				all, err := gather.AllReaders(ctx, s, in)
				if err != nil {
					return err
				}
				return a.writeReaders(all, format.Value)
			})
		}),
	}
	cmd.Flags().StringVar(&client, "client", "", "only what the client with this id learnt")
	cmd.Flags().Var(&since, "since", "only the day of this time (UTC) and later")
	documentFormat(cmd, &format, "text", "json", "html")
	return cmd
}

func (a *app) writeReaders(all *assentv1.ListReadersResponse, format string) error {
	if format == "json" {
		return a.PrintMessage(all)
	}
	if len(all.GetReaders()) == 0 {
		a.Notef("No client learnt anything about a person, as far as it is counted.")
		return nil
	}
	return a.PrintTable(gather.ReaderRows(all))
}
