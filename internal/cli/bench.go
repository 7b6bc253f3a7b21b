package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench"
	"github.com/assent-io/assent/internal/cli/bulk"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/phrase"
)

// benchFlags are the flags of assent bench.
type benchFlags struct {
	only       string
	duration   time.Duration
	recipients int
	imported   int
	audience   int
	seed       uint64
	goals      bool
}

const benchHelp = `Measure a whole server: one of its own, over a temporary SQLite file or over the PostgreSQL of --database-url, asked over TCP
with an API key. Beside every figure stands what the same messages cost an echo, bare or behind everything that is around a call,
or what the same rows cost bare statements, measured in the same run in short turns. With --goals the figures are held
against those that the project set for itself, which depend on the machine: HOLDS says whether each was reached.

It records what never happened. So a database with events that neither this command nor bench load of the same --seed recorded is refused,
and one that it has measured is to be thrown away. For PostgreSQL --keys names the key file; without it a new one is made and thrown away, which only
an empty database takes.

Progress goes to standard error. With --format json the report is

  {"database": "SQLite", "processors": 2, "go": "...", "recipients": 100000,
   "figures": [{"name": "...", "value": 1.0, "unit": "/s", "baseline": "bare echo", "baselineValue": 2.0, "ratio": 0.5,
                "goal": "ratio ≥ 0.6", "holds": false}, ...]}

where what a figure does not have is left out, as goal and holds are without --goals. --only chooses among the cases
%s.`

// bench measures a server of its own, or fills one that runs.
func (a *app) bench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast a server is here",
		Long:  fmt.Sprintf(benchHelp, wrapped(bench.Cases())),
		Args:  subcommand,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.only, "only", "", "regular expression: measure only the cases whose names it fits")
	flags.DurationVar(&f.duration, "duration", 5*time.Second, "how long each side of a case is measured")
	flags.IntVar(&f.recipients, "recipients", 100_000, "how many people are recorded before")
	flags.IntVar(&f.imported, "import", 100_000, "how many people are imported while something else is measured")
	flags.IntVar(&f.audience, "audience", 1_000_000, "rows of the audience file")
	flags.Uint64Var(&f.seed, "seed", 1, "which people they are")
	flags.BoolVar(&f.goals, "goals", false, "also say which goal each figure has and whether it was reached")
	config.AddFlags(flags, "database_url", "keys")
	flags.Lookup("database-url").Usage = "a database for measuring only (default: a temporary SQLite file)"
	flags.Lookup("database-url").DefValue = ""
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		only, err := regexp.Compile(f.only)
		switch {
		case err != nil:
			return terminal.Usagef("--only: %v", err)
		case f.duration <= 0 || f.recipients < 1 || f.imported < 1 || f.audience < 1:
			return terminal.Usagef("--duration, --recipients, --import and --audience must be more than 0")
		}
		options := bench.Options{
			Only: only, Duration: f.duration, Recipients: f.recipients, Seed: f.seed, Import: f.imported, Audience: f.audience,
			CheckFile: a.benchCheckFile, Progress: func(what string) { a.Notef("%s ...", what) },
		}
		// The environment may name the database that is in use: only the flags count.
		if flags.Changed("database-url") {
			cfg, err := config.Load(flags, noEnv)
			if err != nil {
				return terminal.Usagef("%v", err)
			}
			options.DatabaseURL, options.Keys = cfg.DatabaseURL, cfg.Keys
		}
		report, err := bench.Run(ctx, options)
		if errors.Is(err, bench.ErrNoCase) {
			return terminal.Usagef("--only: %v", err)
		}
		if !f.goals {
			report.WithoutGoals()
		}
		return errors.Join(err, a.writeReport(&report))
	})
	cmd.AddCommand(a.client(a.benchLoad()))
	return cmd
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

func (a *app) writeReport(report *bench.Report) error {
	if len(report.Figures) == 0 {
		return nil
	}
	if a.JSON() {
		return report.WriteJSON(a.Stdout)
	}
	return report.WriteTable(a.Stdout)
}

// benchCheckFile checks an audience file as `assent check --file` does.
func (a *app) benchCheckFile(ctx context.Context, address, key, channel, in, allowed, denied string) error {
	client := *a
	client.env = noEnv
	client.Terminal = terminal.New(strings.NewReader(""), a.Stdout, io.Discard)
	client.EndWith(ctx)
	client.connection = connect.Options{Server: address, APIKey: config.NewSecret(key), Timeout: time.Minute}
	return client.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		return bulk.CheckFile(ctx, client.Terminal, s, &bulk.Question{Channel: channel},
			bulk.Files{In: in, AddressColumn: "address", Out: allowed, Denied: denied})
	})
}

// benchLoad fills a server that runs.
func (a *app) benchLoad() *cobra.Command {
	load := bench.Loading{}
	cmd := &cobra.Command{
		Use:   "load N",
		Short: "Record N people who do not exist on a server that runs",
		Long: "Record the consents, withdrawals, objections and bounces of N people who do not exist, in a server with the example\n" +
			"catalog: most have one confirmed consent, some two or three, 5 in 100 withdrew, 2 bounced and 1 objected or complained.\n" +
			"The same people and events each time: what is there already is not recorded again. They cannot be taken out again\n" +
			"but by erasing them: use a database of its own.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			n, err := positiveNumber(args[0])
			if err != nil {
				return err
			}
			load.People = n
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return a.loadPeople(ctx, s, load) })
		}),
	}
	flags := cmd.Flags()
	flags.Uint64Var(&load.Population.Seed, "seed", 1, "which people they are")
	flags.IntVar(&load.Batch, "batch", bench.DefaultBatch, "about how many events a call records; at most 5,000")
	flags.IntVar(&load.InFlight, "in-flight", bench.DefaultInFlight, "how many calls are under way at once")
	return cmd
}

// loadPeople loads, and says how fast it was.
func (a *app) loadPeople(ctx context.Context, s *connect.Server, load bench.Loading) error {
	if load.Batch < 1 || load.Batch > 5000 || load.InFlight < 1 {
		return terminal.Usagef("--batch must be 1 to 5000, --in-flight 1 or more")
	}
	bar := a.NewProgress("recording", int64(load.People))
	defer bar.End()
	var mu sync.Mutex
	load.Recorded = func(people int64) {
		mu.Lock()
		defer mu.Unlock()
		bar.Set(people)
	}
	loaded, err := bench.Load(ctx, func(
		ctx context.Context, in *assentv1.BatchRecordEventsRequest,
	) (*assentv1.BatchRecordEventsResponse, error) {
		return connect.CallAgain(ctx, s, assentv1.NewConsentServiceClient(s).BatchRecordEvents, in)
	}, load)
	if err != nil {
		return err
	}
	if a.JSON() {
		return a.PrintJSON(loaded)
	}
	return a.Print(fmt.Sprintf("%s: %s, of which %d were recorded before, in %s: %.0f a second\n",
		phrase.Count(int(loaded.People), "recipient"), phrase.Count(int(loaded.Events), "event"), loaded.Duplicates,
		loaded.Took.Round(10*time.Millisecond), loaded.Rate()))
}

func positiveNumber(text string) (int, error) {
	n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
	if err != nil || n < 1 {
		return 0, terminal.Usagef("N must be a number of people, 1 or more")
	}
	return n, nil
}
