package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/bench"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
)

// flags are those of assent-bench.
type flags struct {
	only       string
	duration   time.Duration
	recipients int
	imported   int
	audience   int
	filter     int
	refusals   int
	seed       uint64
	goals      bool
}

const help = `Measure a whole server: one of its own, over a temporary SQLite file or over the PostgreSQL of --database-url, asked over TCP
with an API key. Beside every figure stands what the same messages cost an echo, bare or behind everything that is around a call,
or what the same rows cost bare statements, measured in the same run in short turns. With --goals the figures are held
against those that the project set for itself, which depend on the machine: HOLDS says whether each was reached.

It records what never happened. So a database with events that neither this command nor load of the same --seed recorded is refused,
and one that it has measured is to be thrown away. For PostgreSQL --keys names the key file; without it a new one is made and thrown away, which only
an empty database takes.

Progress goes to standard error. With --format json the report is

  {"database": "SQLite", "processors": 2, "go": "...", "recipients": 100000,
   "figures": [{"name": "...", "value": 1.0, "unit": "/s", "baseline": "bare echo", "baselineValue": 2.0, "ratio": 0.5,
                "goal": "ratio ≥ 0.6", "holds": false}, ...]}

where what a figure does not have is left out, as goal and holds are without --goals. --only chooses among the cases
%s.`

// measure is the command that measures a server of its own.
func (p *program) measure() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "assent-bench",
		Short: "Measure how fast a server is here",
		Long:  fmt.Sprintf(help, wrapped(bench.Cases())),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("unknown command; assent-bench has: load")
			}
			return nil
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.only, "only", "", "regular expression: measure only the cases with names that match")
	set.DurationVar(&f.duration, "duration", 5*time.Second, "how long each side of a case is measured")
	set.IntVar(&f.recipients, "recipients", 100_000, "how many people are recorded before")
	set.IntVar(&f.imported, "import", 100_000, "how many people are imported while something else is measured")
	set.IntVar(&f.audience, "audience", 1_000_000, "rows of the audience file")
	set.IntVar(&f.filter, "filter", 10_000_000, "entries of the suppression filter")
	set.IntVar(&f.refusals, "refusals", 100_000, "people on the block list that is exported")
	set.Uint64Var(&f.seed, "seed", 1, "which people they are")
	set.BoolVar(&f.goals, "goals", false, "also say which goal each figure has and whether it was reached")
	config.AddFlags(set, "database_url", "keys")
	set.Lookup("database-url").Usage = "a database for measuring only (default: a temporary SQLite file)"
	set.Lookup("database-url").DefValue = ""
	cmd.RunE = p.does(func(ctx context.Context, _ []string) error {
		options, err := p.options(cmd, &f)
		if err != nil {
			return err
		}
		report, err := bench.Run(ctx, options)
		if errors.Is(err, bench.ErrNoCase) {
			return usagef("--only: %w", err)
		}
		if !f.goals {
			report.WithoutGoals()
		}
		return errors.Join(err, p.writeReport(&report))
	})
	return cmd
}

// options returns what the flags say.
func (p *program) options(cmd *cobra.Command, f *flags) (bench.Options, error) {
	only, err := regexp.Compile(f.only)
	switch {
	case err != nil:
		return bench.Options{}, usagef("--only: %w", err)
	case f.duration <= 0 || f.recipients < 1 || f.imported < 1 || f.audience < 1 || f.filter < 1 || f.refusals < 1:
		return bench.Options{}, usagef("--duration, --recipients, --import, --audience, --filter and --refusals must be more than 0")
	}
	options := bench.Options{
		Only: only, Duration: f.duration, Recipients: f.recipients, Seed: f.seed, Import: f.imported, Audience: f.audience, Filter: f.filter,
		Refusals: f.refusals, CheckFile: checkFile, Command: command, Progress: func(what string) { p.notef("%s ...", what) },
	}
	// The environment may name the database that is in use: only the flags count.
	if cmd.Flags().Changed("database-url") {
		cfg, err := config.Load(cmd.Flags(), func(string) (string, bool) { return "", false })
		if err != nil {
			return options, usagef("%w", err)
		}
		options.DatabaseURL, options.Keys = cfg.DatabaseURL, cfg.Keys
	}
	return options, nil
}

// wrapped lists words in lines of a help text.
func wrapped(words []string) string {
	text, line := "", ""
	for i, word := range words {
		if i < len(words)-1 {
			word += ", "
		}
		if len(line)+len(word) > 120 {
			text, line = text+line+"\n", ""
		}
		line += word
	}
	return text + line
}

func (p *program) writeReport(report *bench.Report) error {
	if len(report.Figures) == 0 {
		return nil
	}
	if p.isJSON() {
		return report.WriteJSON(p.stdout)
	}
	return report.WriteTable(p.stdout)
}

// checkFile checks an audience file by `assent check --file`.
func checkFile(ctx context.Context, address, key, channel, in, allowed, denied string) error {
	return command(ctx, address, key, "check", "--file", in, "--channel", channel, "--out", allowed, "--denied", denied, "--timeout", "1m")
}

// command runs a command of the command line.
func command(ctx context.Context, address, key string, arguments ...string) error {
	env := map[string]string{"ASSENT_SERVER": address, "ASSENT_API_KEY": key}
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	var stdout, stderr bytes.Buffer
	if code := cli.Run(ctx, arguments, lookup, strings.NewReader(""), &stdout, &stderr); code != exitDone {
		return errors.Join(fmt.Errorf("assent %s exited with %d: %s", arguments[0], code, stderr.String()), ctx.Err())
	}
	return nil
}
