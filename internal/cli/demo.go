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
	"github.com/assent-io/assent/internal/cli/kit"
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
	demoChannel  = "product-marketing"

	demoClient      = "demo" // as which an open server knows its callers
	demoNewsletter  = "newsletter"
	demoTool        = "newsletter-tool"
	demoAgency      = "newsletter-agency"
	demoMailbox     = "mailbox@example.at" // of a person who subscribes while the demo starts
	demoConsent     = "newsletter-signup"
	demoUnsubscribe = "leave@acme.example"
	demoWording     = "2026-01"
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
			"marketing may write to, and write the counts by reason. Two consumers of the change feed read its newsletter, one with\n" +
			"addresses and one with hashes. The server then runs until it is interrupted, without authentication, for all users of\n" +
			"this machine. With --once it ends instead.",
		Args: noArguments,
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the table")
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
		key := filepath.Join(folder, demoAgency+".key")
		if err := a.showDemo(ctx, at, key); err != nil {
			return err
		}
		if once {
			stop()
			return nil
		}
		return a.showTour(ctx, at, folder, key)
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

// showDemo loads the example company, gives its newsletter consumers and checks its audience.
func (a *app) showDemo(ctx context.Context, at host.Addresses, keyFile string) error {
	guest := a.guestOf(at)
	return guest.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		if err := guest.demoCatalog(ctx, s); err != nil {
			return err
		}
		if err := guest.demoImport(ctx, s); err != nil {
			return err
		}
		if err := demoConsumers(ctx, s, keyFile); err != nil {
			return err
		}
		return guest.demoCheck(ctx, s)
	})
}

// showTour writes what can be tried while the demo serves.
func (a *app) showTour(ctx context.Context, at host.Addresses, folder, keyFile string) error {
	link, err := a.demoLink(ctx, at)
	if err != nil {
		return err
	}
	t := &tour.Tour{
		GRPC: at.GRPC, HTTP: at.HTTP, Hint: serverHint(at), Channel: demoNewsletter, Tool: demoTool, Agency: demoAgency, KeyFile: keyFile,
		Mailbox: demoMailbox, Token: link, Bounce: filepath.Join(folder, "bounce.eml"),
	}
	if err := os.WriteFile(t.Bounce, t.BounceMail(time.Now()), 0o600); err != nil {
		return err
	}
	a.Notef("%s", t.Text())
	return nil
}

// demoLink subscribes a mailbox to the newsletter and returns the token of the link in its next message.
func (a *app) demoLink(ctx context.Context, at host.Addresses) (token string, err error) {
	err = a.guestOf(at).withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		service := assentv1.NewConsentServiceClient(s)
		_, err := connect.CallAgain(ctx, s, service.GrantConsent, &assentv1.GrantConsentRequest{
			Address: demoMailbox, Channels: []string{demoNewsletter}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
			Declaration: &assentv1.DeclarationRef{Id: demoConsent, Version: demoWording},
			Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.Now()}, RequestId: kit.RequestID(""),
		})
		if err != nil {
			return err
		}
		answer, err := connect.Call(ctx, s, service.CheckConsent, &assentv1.CheckConsentRequest{
			Address: demoMailbox, Channel: demoNewsletter, Links: true,
		})
		token = answer.GetLinks().GetToken()
		return err
	})
	return token, err
}

// demoConsumers creates the consumers, each once however often a call is repeated, and writes the key of the keyed one to a file.
func demoConsumers(ctx context.Context, s *connect.Server, keyFile string) error {
	for _, in := range []*assentv1.CreateConsumerRequest{{Id: demoTool, Form: "plain"}, {Id: demoAgency, Form: "keyed"}} {
		in.Client, in.Channels, in.RequestId = demoClient, []string{demoNewsletter}, kit.RequestID("")
		answer, err := connect.CallAgain(ctx, s, assentv1.NewConsumerServiceClient(s).CreateConsumer, in)
		if err != nil {
			return err
		}
		if answer.GetKey() == "" {
			continue
		}
		if err := os.WriteFile(keyFile, []byte(answer.GetKey()+"\n"), 0o600); err != nil {
			return err
		}
	}
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
	asked := &bulk.Question{Channel: demoChannel, Moment: value.Moment{AsOf: value.Time{At: timestamppb.New(demoTime())}}}
	all, err := bulk.CheckText(ctx, a.Terminal, s, asked, in, "address")
	if err != nil {
		return err
	}
	a.Notef("Asked which of %d addresses its %s may write to, as of %s: %d, in %s.\n",
		all.Addresses, demoChannel, all.AsOf, all.Allowed, elapsed(started))
	if a.JSON() {
		return a.PrintJSON(all)
	}
	return a.Print(all.Table())
}

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(10 * time.Millisecond) }

// serverHint says how clients find a server that is not where they look.
func serverHint(at host.Addresses) string {
	if at.GRPC == client.DefaultServer {
		return ""
	}
	return " Add --server " + at.GRPC + "."
}
