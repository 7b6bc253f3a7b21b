// Package imports has the commands about lists of other tools that are imported.
package imports

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/toolfile"
)

// Commands makes the commands.
type Commands struct{ *kit.Kit }

// All returns the commands below `assent imports`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{c.list(), c.show(), c.undo()}
}

const importHelp = `Import a list of another tool: its suppressions, unsubscribes and subscribers. Nothing of a list ends a refusal, an objection or
a complaint, and a subscriber becomes a consent only with the time and the proof that the file has.

FILE is a table or JSON as the tool exports it, also packed with gzip, or - for standard input. --preset names the tool:

%s

or plain for a file of addresses, one a line. Any other table is read by --columns FIELD=COLUMN,… with the fields
%s.
Without either, the tool is found out where the file leaves no doubt; --detect only says which one that is.

A row that could not be read, lacks what its fact needs, or was refused is written to FILE.rejected.csv (or the file of
--rejected) with the columns line, column, reason and message, and the exit code is 1. All other rows are recorded. The same file twice
changes nothing: to resume an import that was cut, run it again. --dry-run says what would be recorded.

With --format json each row is a line, in the order of the file, and the last line has the import:

  {"line": 2, "outcome": "recorded", "records": [{"verb": "suppress", "reason": "HARD_BOUNCE", "scope": "all", "channel": "",
   "time": "2026-10-01T08:00:00Z"}], "why": "a hard bounce"}
  {"import": {"id": "...", "state": "COMPLETE", "counts": {"rows": 1, ...}, ...}}

where outcome is recorded, duplicate, skipped or rejected.`

// flags are those of an import.
type flags struct {
	preset, columns, channel, timezone, status, scope string
	mapped                                            []string
	declaration                                       value.Declaration
	occurred                                          value.Time
	encoding                                          value.Encoding
	order                                             value.Choice
	detect, dryRun                                    bool
	rejected                                          string
}

// Import returns the command that imports a list.
func (c *Commands) Import() *cobra.Command {
	f := &flags{order: value.NewChoice("", "day-first", "month-first")}
	names := slices.DeleteFunc(presets.Names(), func(name string) bool { return name == presets.Plain || name == presets.ByColumns })
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import a list of another tool",
		Long:  fmt.Sprintf(importHelp, wrapped(names), wrapped(presets.Fields())),
		Example: "  assent suppressions import suppression_bounces.csv --preset sendgrid --dry-run\n" +
			"  assent suppressions import unsubscribes.csv --preset mailgun --map tag:offers=product-marketing\n" +
			"  assent suppressions import customers.csv --columns address=E-Mail,reason=Grund --timezone Europe/Vienna",
		Args: cobra.ExactArgs(1),
	}
	run := c.Asking(func(ctx context.Context, args []string, s *connect.Server) error { return c.run(ctx, s, f, args[0]) })
	find := c.Doing(func(_ context.Context, args []string) error { return c.printFound(f, args[0]) })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f.detect {
			return find(cmd, args)
		}
		return run(cmd, args)
	}
	f.add(cmd)
	c.Complete(cmd, "preset", presets.Names()...)
	return cmd
}

func (f *flags) add(cmd *cobra.Command) {
	to := cmd.Flags()
	to.StringVar(&f.preset, "preset", "", "the tool that made FILE (default: found out)")
	to.StringVar(&f.columns, "columns", "", "in place of --preset: which columns FILE has, such as address=Email,reason=Status")
	to.BoolVar(&f.detect, "detect", false, "only say which tool FILE seems to be of; the server is not asked")
	to.BoolVar(&f.dryRun, "dry-run", false, "say what would be recorded and record nothing")
	to.StringVar(&f.channel, "channel", "", "the channel of the list that FILE is of")
	to.StringArrayVar(&f.mapped, "map", nil, "the channel of a list, group, topic, stream or tag, such as group:12=newsletter; again for more")
	to.Var(&f.declaration, "declaration", "the text to which the subscribers agreed; without it none becomes a consent")
	to.StringVar(&f.timezone, "timezone", "", "the zone of times without one, such as Europe/Vienna (default: UTC)")
	to.Var(&f.order, "date-order", "the order in dates such as 03/04/2025: day-first or month-first")
	to.StringVar(&f.status, "status", "", "what FILE is of, where only its name says that, such as bounces or unsubscribed")
	to.StringVar(&f.scope, "scope", "", "the scope of what an administrator of the tool blocked (default: marketing)")
	to.Var(&f.occurred, "occurred-time", "the time of rows that have none (default: the time of the import)")
	to.Var(&f.encoding, "encoding", "encoding of FILE, such as windows-1252 (default: found out)")
	to.StringVar(&f.rejected, "rejected", "", "file for the rows that were rejected (default: FILE.rejected.csv; none for standard input)")
}

// options returns what is asked of the server, but for the name of the file.
func (f *flags) options(preset string) (*assentv1.ImportOptions, error) {
	o := &assentv1.ImportOptions{
		Preset: preset, Channel: f.channel, Declaration: f.declaration.Ref, Timezone: f.timezone, Status: f.status, Scope: f.scope,
		OccurredTime: f.occurred.At, Encoding: string(f.encoding.Name), DateOrder: strings.ReplaceAll(f.order.Value, "-", "_"),
	}
	channels := map[string]string{}
	for _, text := range f.mapped {
		key, channel, err := presets.ParseMapping(text)
		if err != nil {
			return nil, terminal.Usagef("--map: %s", err)
		}
		if before, twice := channels[key]; twice && before != channel {
			return nil, terminal.Usagef("--map gives %s two channels", key)
		}
		channels[key] = channel
	}
	for _, key := range slices.Sorted(maps.Keys(channels)) {
		o.ChannelMap = append(o.ChannelMap, &assentv1.ImportMapping{Key: key, Channel: channels[key]})
	}
	if f.columns == "" {
		return o, nil
	}
	columns, err := presets.ParseColumns(f.columns)
	if err != nil {
		return nil, terminal.Usagef("--columns: %s", err)
	}
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		o.Columns = append(o.Columns, &assentv1.ImportColumn{Field: field, Column: columns[field]})
	}
	return o, nil
}

// check refuses flags that do not fit each other.
func (f *flags) check(path string) error {
	switch {
	case f.preset != "" && f.preset != presets.ByColumns && f.columns != "":
		return terminal.Usagef("--preset and --columns exclude each other")
	case f.preset == presets.ByColumns && f.columns == "":
		return terminal.Usagef("--preset columns needs --columns")
	case f.rejected == listfile.Standard, listfile.SameFile(f.rejected, path):
		return terminal.Usagef("--rejected must be another file than the others")
	}
	if f.preset != "" && f.preset != presets.ByColumns {
		if _, err := presets.Named(f.preset); err != nil {
			return terminal.Usagef("--preset: %s", err)
		}
	}
	if f.rejected == "" && path != listfile.Standard {
		f.rejected = path + ".rejected.csv"
	}
	return nil
}

// found returns the preset of a file: the one that was named, or else the one that it certainly is of.
func (c *Commands) found(f *flags, from *source) (string, error) {
	if f.columns != "" {
		return presets.ByColumns, nil
	}
	if f.preset != "" {
		return f.preset, nil
	}
	file, err := from.rewind()
	if err != nil {
		return "", err
	}
	found, err := toolfile.Detect(file, from.base, f.encoding.Name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", from.name, err)
	}
	if found.Preset == nil {
		return "", terminal.Usagef("%s", found.Why)
	}
	if found.Certainty != presets.Certain {
		return "", terminal.Usagef("FILE may be of %s (%s), which is not certain; give --preset %s, or another one", found.Preset.Tool, found.Why,
			found.Preset.Name)
	}
	c.Notef("FILE is read as one of %s: %s.", found.Preset.Tool, strings.TrimSuffix(found.Why, "."))
	return found.Preset.Name, nil
}

// printFound says of which tool a file seems to be.
func (c *Commands) printFound(f *flags, path string) error {
	in, err := c.Streams().OpenRaw(path)
	if err != nil {
		return err
	}
	base := ""
	if path != listfile.Standard {
		base = filepath.Base(path)
	}
	found, err := toolfile.Detect(in.Text, base, f.encoding.Name)
	if closing := in.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	name := ""
	if found.Preset != nil {
		name = found.Preset.Name
	}
	if c.JSON() {
		return c.PrintJSON(map[string]string{"preset": name, "certainty": string(found.Certainty), "why": found.Why})
	}
	return c.PrintTable([][]string{{"PRESET", "CERTAINTY", "WHY"}, {terminal.OrDash(name), string(found.Certainty), found.Why}})
}

// wrapped returns words as indented lines.
func wrapped(words []string) string {
	var lines []string
	line := ""
	for _, word := range words {
		if len(line)+len(word) > 110 {
			lines, line = append(lines, line+","), ""
		}
		if line != "" {
			line += ", "
		}
		line += word
	}
	return "  " + strings.Join(append(lines, line), "\n  ")
}

// causes returns the causes with their counts.
func causes(counts *assentv1.ImportCounts) []string {
	var list []string
	for _, one := range counts.GetCauses() {
		list = append(list, fmt.Sprintf("%s %d", one.GetCause(), one.GetRows()))
	}
	return list
}
