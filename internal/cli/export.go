package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
)

// exportFlags are the flags of a history that is exported as a file.
type exportFlags struct {
	format        value.Choice
	out           string
	operators     bool
	all           bool
	from, to      int64
	recordedSince value.Time
	recordedUntil value.Time
	controller    string
	withhold      value.Positions
	before        value.Time
	grounds       []string
	answers       assentv1.AccessRequest
}

func (f *exportFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.format = value.NewChoice("text", "text", "json", "dossier", "csv", "html", "pdf", "jsonld", "zip", "ndjson")
	flags.Var(&f.format, "format", "text or json, or a file: dossier, csv, html, pdf, jsonld or zip; with --all ndjson")
	flags.StringVar(&f.out, "out", "", "file to write to (default: standard output)")
	flags.BoolVar(&f.operators, "name-operators", false, "include the names of the employees who recorded events (operator)")
	flags.BoolVar(&f.all, "all", false, "export the events of the whole ledger instead of one address")
	flags.Int64Var(&f.from, "from-position", 0, "with --all: from this position on")
	flags.Int64Var(&f.to, "to-position", 0, "with --all: up to this position, included")
	flags.Var(&f.recordedSince, "recorded-since", "with --all: only what was recorded at or after this time")
	flags.Var(&f.recordedUntil, "recorded-until", "with --all: only what was recorded before this time")
	flags.StringVar(&f.controller, "controller", "", "only what concerns the controller with this id, and what blocks")
	flags.Var(&f.withhold, "withhold",
		"leave out evidence and free text of the event at this position (GDPR Art. 15(4)); each needs a --ground")
	flags.Var(&f.before, "withhold-before",
		"leave them out of all events before this time, such as those of an earlier owner of the mailbox; needs a --ground")
	flags.StringArrayVar(&f.grounds, "ground", nil,
		"why, as the answer says it: one for each --withhold, in the same order, the last for --withhold-before")
	flags.StringVar(&f.answers.FileNumber, "file-number", "", "your number of the file, which a file about an address names")
	flags.StringVar(&f.answers.Name, "name", "", "the name of the person who asked")
	flags.StringVar(&f.answers.RequestDate, "request-date", "", "the day on which the request was received, as 2026-11-22; it gives the day by which to answer")
	flags.StringVar(&f.answers.IdentityCheck, "identity-check", "", "how the identity was checked")
	complete(cmd, "format", f.format.Options...)
}

// ledgerFlags are those that make sense with --all only.
func ledgerFlags() []string {
	return []string{"from-position", "to-position", "recorded-since", "recorded-until"}
}

// answerFlags are those that make sense only where an address is written to a file.
func answerFlags() []string {
	return []string{"controller", "withhold", "withhold-before", "ground", "file-number", "name", "request-date", "identity-check"}
}

// languages are those in which a dossier is written.
func languages() []string { return []string{"en", "de"} }

// check refuses flags that do not go together. Some says that events are narrowed down.
func (f *exportFlags) check(cmd *cobra.Command, args []string, h *historyFlags, language string) error {
	given := cmd.Flags().Changed
	if i := slices.IndexFunc(answerFlags(), given); i >= 0 && (f.all || f.searches()) {
		return terminal.Usagef("--%s is for a file about an address: use --format dossier, csv, html, pdf, jsonld or zip", answerFlags()[i])
	}
	grounds := len(f.withhold)
	if f.before.At != nil {
		grounds++
	}
	if len(f.grounds) != grounds {
		return terminal.Usagef("give one --ground for each --withhold, and one for --withhold-before")
	}
	if f.all {
		switch {
		case len(args) > 0:
			return terminal.Usagef("give an ADDRESS or --all, not both")
		case given("format") && f.format.Value != "ndjson":
			return terminal.Usagef("--all is exported as ndjson only")
		case len(h.kinds) > 0 || h.channel != "" || h.actor != "" || f.operators:
			return terminal.Usagef("--kind, --channel, --actor and --name-operators cannot be used with --all")
		}
		return nil
	}
	if len(args) == 0 {
		return terminal.Usagef("give an ADDRESS, or --all")
	}
	if i := slices.IndexFunc(ledgerFlags(), given); i >= 0 {
		return terminal.Usagef("--%s can be used with --all only", ledgerFlags()[i])
	}
	_, some := h.request("")
	switch {
	case given("language") && !f.searches() && !slices.Contains(languages(), language):
		return terminal.Usagef("--language must be en or de for a file")
	case f.format.Value == "ndjson":
		return terminal.Usagef("an address is not exported as ndjson")
	case some && !f.searches():
		return terminal.Usagef("a file has all records of the address: omit the filters, or use --format text or json")
	case f.out != "" && f.searches():
		return terminal.Usagef("--out is for files: use --format dossier, csv, html, pdf, jsonld or zip without filters")
	}
	return nil
}

// searches reports whether events are listed, and no file is asked for.
func (f *exportFlags) searches() bool { return f.format.Value == "text" || f.format.Value == "json" }

func (f *exportFlags) request(address string, h *historyFlags) *assentv1.ExportHistoryRequest {
	if f.all {
		return &assentv1.ExportHistoryRequest{Target: &assentv1.ExportHistoryRequest_Ledger{Ledger: &assentv1.ExportRange{
			FromPosition: f.from, ToPosition: f.to, RecordedSinceTime: f.recordedSince.At, RecordedUntilTime: f.recordedUntil.At,
			OccurredSinceTime: h.since.At, OccurredUntilTime: h.until.At,
		}}}
	}
	formats := map[string]assentv1.ExportFormat{
		"dossier": assentv1.ExportFormat_EXPORT_FORMAT_JSON, "csv": assentv1.ExportFormat_EXPORT_FORMAT_CSV,
		"html": assentv1.ExportFormat_EXPORT_FORMAT_HTML, "jsonld": assentv1.ExportFormat_EXPORT_FORMAT_JSONLD,
		"zip": assentv1.ExportFormat_EXPORT_FORMAT_ZIP, "pdf": assentv1.ExportFormat_EXPORT_FORMAT_PDF,
	}
	in := &assentv1.ExportHistoryRequest{
		Target: &assentv1.ExportHistoryRequest_Address{Address: address}, Format: formats[f.format.Value], IncludeOperators: f.operators,
		Controller: f.controller,
	}
	for i, position := range f.withhold {
		in.Withhold = append(in.Withhold, &assentv1.Withholding{
			Events: &assentv1.Withholding_Position{Position: position}, Ground: f.grounds[i],
		})
	}
	if f.before.At != nil {
		in.Withhold = append(in.Withhold, &assentv1.Withholding{
			Events: &assentv1.Withholding_BeforeTime{BeforeTime: f.before.At}, Ground: f.grounds[len(f.withhold)],
		})
	}
	if proto.Size(&f.answers) > 0 {
		in.Request = &f.answers
	}
	return in
}

// export gets a file from the server and writes it: to a file that appears under its name only when it is complete, or to standard
// output.
func (a *app) export(ctx context.Context, in *assentv1.ExportHistoryRequest, path string) error {
	if path == "" {
		path = listfile.Standard
	}
	binary := in.GetFormat() == assentv1.ExportFormat_EXPORT_FORMAT_ZIP || in.GetFormat() == assentv1.ExportFormat_EXPORT_FORMAT_PDF
	if path == listfile.Standard && binary && a.ToPerson() {
		return terminal.Usagef("an archive or a PDF cannot be written to a terminal: use --out FILE")
	}
	out, err := a.Create(path)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer func() {
		// What was published stays; an error of removing the rest would hide the one that matters.
		_ = out.Discard()
	}()
	bar := a.NewProgress("exporting", -1)
	err = a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		var written int64
		return connect.Receive(ctx, s, assentv1.NewHistoryServiceClient(s).ExportHistory, in, func(part *assentv1.ExportHistoryResponse) error {
			_, err := out.Bytes().Write(part.GetData())
			written += int64(len(part.GetData()))
			bar.Set(written)
			return err
		})
	})
	bar.End()
	if err != nil {
		return err
	}
	if err := out.Finish(); err != nil {
		return err
	}
	return out.Publish()
}
