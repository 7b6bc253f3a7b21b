package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/cli/bulk"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/story"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/tour"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
	host "github.com/assent-io/assent/internal/server"
)

const (
	demoCatalog  = "catalogs/acme.yaml"
	demoHistory  = "acme/events.csv.gz"
	demoAudience = "acme/audience.csv"

	demoUnsubscribe = "leave@acme.example"
)

// demoTime is the time for which the audience is checked.
func demoTime() time.Time { return time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC) }

// demo shows what Assent does, with the example company.
func (a *app) demo() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a demo server with an example company",
		Long: "Run a server over a temporary database, import the history of an example company, check which addresses its\n" +
			"marketing may write to, and write the counts by reason. Then it plays a mailing to people who left the newsletter, and the\n" +
			"complaint of one of them. Two consumers of the change feed read its newsletter, one with\n" +
			"addresses and one with hashes. The server then runs until it is interrupted, without authentication, for all users of\n" +
			"this machine. With --once it ends instead.",
		Args: noArguments,
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after what it shows, and serve no longer")
	addDemoFlags(cmd.Flags())
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := config.Load(cmd.Flags(), a.demoEnv)
		if err != nil {
			return terminal.Usagef("%v", err)
		}
		return a.runDemo(ctx, cfg, once)
	})
	return cmd
}

// demoKeys returns the settings that a demo has.
func demoKeys() []string {
	return []string{"grpc_address", "http_address", "allowed_hosts", demoLevelKey, "log_format"}
}

// A demo tells its story by itself: it logs only what is wrong, unless it is
// told otherwise.
const (
	demoLevelKey = "log_level"
	demoLevel    = "warn"
)

// addDemoFlags adds the flags of the settings, but none for a file of them: a
// file names a database.
func addDemoFlags(flags *pflag.FlagSet) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	config.AddFlags(all, demoKeys()...)
	all.VisitAll(func(f *pflag.Flag) {
		switch f.Name {
		case config.FileFlag:
			return
		case flagOf(demoLevelKey):
			f.DefValue = demoLevel
		}
		flags.AddFlag(f)
	})
}

// demoEnv is the environment without what a demo has no flag for: it must not
// touch the database that the environment names.
func (a *app) demoEnv(name string) (string, bool) {
	key := strings.ToLower(strings.TrimPrefix(name, "ASSENT_"))
	if !slices.Contains(demoKeys(), key) {
		return "", false
	}
	value, ok := a.env(name)
	if key == demoLevelKey && value == "" {
		return demoLevel, true
	}
	return value, ok
}

func noEnv(string) (string, bool) { return "", false }

// runDemo serves from a temporary folder and shows the demo meanwhile.
func (a *app) runDemo(ctx context.Context, cfg config.Server, once bool) (err error) {
	folder, err := os.MkdirTemp("", "assent-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "assent.db")
	cfg.DatabaseURL, cfg.Keys, cfg.Open = config.NewSecret("sqlite:"+file), file+".keys", true
	cfg.AllowPrivateWebhooks = true // A receiver to try is on this machine.
	cfg.UnsubscribeAddresses = []string{demoUnsubscribe}
	if err := cfg.Validate(); err != nil {
		return terminal.Usagef("%v", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	ready := make(chan host.Addresses, 1)
	group.Go(func() error {
		// A caller that waits for the server to be ready must not wait for ever.
		defer close(ready)
		return a.runServer(serving, cfg, func(_ *slog.Logger, at host.Addresses) { ready <- at })
	})
	group.Go(func() error {
		at, ok := <-ready
		if !ok {
			return nil
		}
		key := filepath.Join(folder, story.Agency+".key")
		number, err := a.showDemo(ctx, at, key)
		if err != nil {
			return err
		}
		if once {
			stop()
			return nil
		}
		return a.showTour(ctx, at, folder, key, number)
	})
	return group.Wait()
}

// guestOf returns the program as a client of the demo's server.
func (a *app) guestOf(at host.Addresses) *app {
	guest := *a
	guest.env = noEnv
	guest.connection = connect.Options{Settings: client.Settings{Server: at.GRPC}, Timeout: time.Minute}
	return &guest
}

// showDemo loads the example company, gives its newsletter consumers, checks its audience and plays the case of those who left. It returns the
// number of the complaint.
func (a *app) showDemo(ctx context.Context, at host.Addresses, keyFile string) (number string, err error) {
	guest := a.guestOf(at)
	err = guest.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		if err := guest.demoCatalog(ctx, s); err != nil {
			return err
		}
		if err := guest.demoImport(ctx, s); err != nil {
			return err
		}
		if err := story.Consumers(ctx, s, keyFile); err != nil {
			return err
		}
		if err := guest.demoCheck(ctx, s); err != nil {
			return err
		}
		number, err = guest.demoStory(ctx, s)
		return err
	})
	return number, err
}

// showTour writes what can be tried while the demo serves.
func (a *app) showTour(ctx context.Context, at host.Addresses, folder, keyFile, number string) error {
	var link string
	err := a.guestOf(at).withServer(ctx, func(ctx context.Context, s *connect.Server) (err error) {
		link, err = story.Link(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	t := &tour.Tour{
		GRPC: at.GRPC, HTTP: at.HTTP, Hint: serverHint(at), Channel: story.Newsletter, Tool: story.Tool, Agency: story.Agency, KeyFile: keyFile,
		Mailbox: story.Mailbox, Token: link, Case: number, Complainer: story.Complainer, Bounce: filepath.Join(folder, "bounce.eml"),
	}
	if err := os.WriteFile(t.Bounce, t.BounceMail(time.Now()), 0o600); err != nil {
		return err
	}
	a.Notef("%s", t.Text())
	return nil
}

func (a *app) demoCatalog(ctx context.Context, s *connect.Server) error {
	document, err := fs.ReadFile(examples.Files, demoCatalog)
	if err != nil {
		return err
	}
	_, err = connect.Call(ctx, s, assentv1.NewCatalogServiceClient(s).ApplyCatalog, &assentv1.ApplyCatalogRequest{Document: string(document)})
	return err
}

// openExample opens an embedded file.
func openExample(name string) (*listfile.Input, error) {
	file, err := examples.Files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return listfile.NewInput(filepath.Base(name), file, info.Size())
}

func (a *app) demoImport(ctx context.Context, s *connect.Server) (err error) {
	in, err := openExample(demoHistory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	started := time.Now()
	summary, err := bulk.ImportText(ctx, a.Terminal, s, in)
	if err != nil {
		return err
	}
	if summary.Rejected > 0 {
		return fmt.Errorf("%s: %s rejected", in.Name, phrase.Count(summary.Rejected, "row"))
	}
	a.Notef("Imported the history of an example company: %d events in %s.", summary.Rows, elapsed(started))
	return nil
}

func (a *app) demoCheck(ctx context.Context, s *connect.Server) (err error) {
	in, err := openExample(demoAudience)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	started := time.Now()
	asked := &bulk.Question{Channel: story.Products, Moment: value.Moment{AsOf: value.Time{At: timestamppb.New(demoTime())}}}
	all, err := bulk.CheckText(ctx, a.Terminal, s, asked, in, "address")
	if err != nil {
		return err
	}
	a.Notef("Asked which of %d addresses its %s may write to, as of %s: %d, in %s.\n",
		all.Addresses, story.Products, all.AsOf, all.Allowed, elapsed(started))
	if a.JSON() {
		return a.PrintJSON(all)
	}
	return a.Print(all.Table())
}

// demoStory plays the case of those who left the newsletter, and returns the number of the complaint.
func (a *app) demoStory(ctx context.Context, s *connect.Server) (number string, err error) {
	in, err := openExample(demoAudience)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	audience, err := listfile.NewAudience(in.Text, "address", "")
	if err != nil {
		return "", err
	}
	played := &story.Story{Server: s, Audience: audience, Now: time.Now()}
	text, number, err := played.Play(ctx)
	if err == nil {
		a.Notef("\n%s", strings.TrimSuffix(text, "\n"))
	}
	return number, err
}

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(10 * time.Millisecond) }

// serverHint says how clients find a server that is not where they look.
func serverHint(at host.Addresses) string {
	if at.GRPC == client.DefaultServer {
		return ""
	}
	return " Add --server " + at.GRPC + "."
}
