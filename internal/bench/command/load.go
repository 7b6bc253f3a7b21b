package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/internal/cli/connect"
)

// load is the command that fills a server that runs.
func (p *program) load() *cobra.Command {
	var to connect.Options
	load := persons.Loading{}
	cmd := &cobra.Command{
		Use:   "load N",
		Short: "Record N people who do not exist on a server that runs",
		Long: "Record the consents, withdrawals, objections and bounces of N people who do not exist, in a server with the example\n" +
			"catalog: most have one confirmed consent, some two or three, 5 in 100 withdrew, 2 bounced and 1 objected or complained.\n" +
			"The same people and events each time: what is there already is not recorded again. They cannot be taken out again\n" +
			"but by erasing them: use a database of its own.",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = p.does(func(ctx context.Context, args []string) error {
		to.ReadEnv(cmd.Flags(), p.env)
		n, err := strconv.Atoi(strings.ReplaceAll(args[0], "_", ""))
		if err != nil || n < 1 {
			return usagef("N must be a number of people, 1 or more")
		}
		if load.Batch < 1 || load.Batch > 5000 || load.InFlight < 1 {
			return usagef("--batch must be 1 to 5000, --in-flight 1 or more")
		}
		load.People = n
		return p.loadPeople(ctx, &to, load)
	})
	to.AddFlags(cmd)
	set := cmd.Flags()
	set.Uint64Var(&load.Population.Seed, "seed", 1, "which people they are")
	set.IntVar(&load.Batch, "batch", persons.DefaultBatch, "about how many events a call records; at most 5,000")
	set.IntVar(&load.InFlight, "in-flight", persons.DefaultInFlight, "how many calls are under way at once")
	return cmd
}

// loadPeople loads, and says how fast it was.
func (p *program) loadPeople(ctx context.Context, to *connect.Options, load persons.Loading) (err error) {
	conn, err := connect.Dial(to, p.notef)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	recorded, done := p.progress(int64(load.People))
	load.Recorded = recorded
	loaded, err := persons.Load(ctx, func(
		ctx context.Context, in *assentv1.BatchRecordEventsRequest,
	) (*assentv1.BatchRecordEventsResponse, error) {
		return connect.CallAgain(ctx, conn, assentv1.NewConsentServiceClient(conn).BatchRecordEvents, in)
	}, load)
	done()
	if err != nil {
		return err
	}
	return p.writeLoaded(&loaded)
}

func (p *program) writeLoaded(loaded *persons.Loaded) error {
	if p.isJSON() {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(loaded)
	}
	_, err := fmt.Fprintf(p.stdout, "%s: %s, of which %d were recorded before, in %s: %.0f a second\n",
		count(loaded.People, "recipient"), count(loaded.Events, "event"), loaded.Duplicates,
		loaded.Took.Round(10*time.Millisecond), loaded.Rate())
	return err
}

// count writes a number of things, one of them in the singular.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// progress shows how many people are recorded, on a terminal only.
func (p *program) progress(total int64) (set func(int64), end func()) {
	if !isTerminal(p.stderr) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.stderr), progressbar.OptionSetDescription("recording"),
		progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	// A bar that cannot be drawn must not stop the work.
	return func(done int64) { _ = bar.Set64(done) }, func() { _ = bar.Clear() }
}
