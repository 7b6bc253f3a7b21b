package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/bench/bare"
	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/administration"
)

// clientPrefix begins the ids of the clients that a bench makes; what they recorded is no reason to refuse a database.
const clientPrefix = "bench-"

// env is what cases run in: a server over a database, two servers of the echo, and connections to all of them.
type env struct {
	opts     Options
	folder   string
	cfg      config.Server
	client   string // the id of the bench's own
	key      string
	watching []string // the keys of those that watch
	address  string   // of the server
	pages    string   // its HTTP address
	echo     *echo
	db       bare.DB
	chain    *chain
	api      *target // of the server; of another one in each case that asks
	chained  *target // the echo behind what is around a call of the API
	bare     *target // the echo alone

	bareAddress string // of the echo alone

	group *errgroup.Group
	stop  context.CancelFunc
	life  context.Context    // of what the group runs
	end   context.CancelFunc // ends the server alone
	ended chan error         // what it ended with

	fresh persons.Population // people about whom nothing was recorded before
	next  int                // the number of the first of them without a record; an address may be the same for one number of two populations
}

// begin starts everything. What it started close ends, also where begin fails.
func begin(ctx context.Context, opts Options) (e *env, err error) {
	e = &env{opts: opts, echo: &echo{}, fresh: persons.Population{Seed: mathrand.Uint64()}, next: (1<<16 + mathrand.IntN(1<<16)) << 32}
	running, stop := context.WithCancel(ctx)
	e.stop = stop
	e.group, running = errgroup.WithContext(running)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close(ctx))
			e = nil
		}
	}()
	if err := e.prepare(ctx); err != nil {
		return e, err
	}
	e.life = running
	if err := e.serve(running); err != nil {
		return e, err
	}
	if err := e.connect(ctx); err != nil {
		return e, err
	}
	return e, nil
}

// prepare makes the folder, the key and catalog files, and a client of its own in the database.
func (e *env) prepare(ctx context.Context) (err error) {
	if e.folder, err = os.MkdirTemp("", "assent-bench-"); err != nil {
		return err
	}
	document, err := fs.ReadFile(examples.Files, "catalogs/acme.yaml")
	if err != nil {
		return err
	}
	e.cfg = config.Server{
		DatabaseURL: e.opts.DatabaseURL, Keys: e.opts.Keys, Catalog: filepath.Join(e.folder, "catalog.yaml"),
		GRPCAddress: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0", Migrate: true,
		PublicURL: "https://bench.example",
	}
	if e.cfg.DatabaseURL.Reveal() == "" {
		e.cfg.DatabaseURL = config.NewSecret("sqlite:" + filepath.Join(e.folder, "bench.db"))
	}
	if e.cfg.Keys == "" {
		e.cfg.Keys = filepath.Join(e.folder, "bench.keys")
		if _, err := seal.Create(e.cfg.Keys); err != nil {
			return err
		}
	}
	if err := os.WriteFile(e.cfg.Catalog, document, 0o600); err != nil {
		return err
	}
	return e.introduce(ctx)
}

// introduce makes the client. A database with events of others is refused: the bench would record among them what never happened.
func (e *env) introduce(ctx context.Context) (err error) {
	local, err := server.OpenService(ctx, e.cfg, server.Options{Logger: e.logger()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	if e.db, err = bare.Open(ctx, e.cfg); err != nil {
		return err
	}
	own, err := e.db.MadeBy(ctx, e.opts.population().Batch(), clientPrefix)
	if err != nil {
		return err
	}
	if !own {
		return fmt.Errorf("the database holds events that neither `assent-bench` nor `assent-bench load --seed %d` recorded, of another seed "+
			"or of others; one is measured only on a database that is empty or has none but theirs", e.opts.Seed)
	}
	e.client = clientPrefix + strings.ToLower(rand.Text())
	_, e.key, err = local.CreateClient(server.AsLocal(ctx), administration.NewClient{ID: e.client, AllDepartments: true, Role: "admin"})
	for range feedWatchers / watchersOfClient {
		var key string
		if err == nil {
			_, key, err = local.CreateClient(server.AsLocal(ctx), administration.NewClient{
				ID: clientPrefix + strings.ToLower(rand.Text()), AllDepartments: true, Role: "sync",
			})
		}
		e.watching = append(e.watching, key)
	}
	e.echo.db = e.db
	return err
}

// logger writes what a server logs, and throws it away: it costs what it costs.
func (e *env) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(struct{ io.Writer }{io.Discard}, nil)) // slog knows io.Discard, and would not even format.
}

// serve starts the server, and returns when it answers.
func (e *env) serve(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	ready := make(chan server.Addresses, 1)
	failed := make(chan error, 1)
	e.end, e.ended = end, failed
	e.group.Go(func() error {
		err := server.Run(ctx, e.cfg, server.Options{
			Logger: e.logger(), Ready: func(at server.Addresses) { ready <- at },
		})
		failed <- err
		return err
	})
	select {
	case at := <-ready:
		e.address, e.pages = at.GRPC, at.HTTP
	case err := <-failed:
		return errors.Join(errors.New("the server did not start"), err)
	}
	return nil
}

// connect starts the echoes and connects to all servers.
func (e *env) connect(ctx context.Context) error {
	plain := grpc.NewServer(grpc.MaxRecvMsgSize(rpc.MaxMessage), grpc.WaitForHandlers(true))
	assentv1.RegisterConsentServiceServer(plain, e.echo)
	assentv1.RegisterFeedServiceServer(plain, &e.echo.feed)
	address, err := e.serveEcho(ctx, plain)
	if err != nil {
		return err
	}
	e.bareAddress = address
	if e.bare, err = dial(address, "", mostWorkers); err != nil {
		return err
	}
	if e.chain, err = newChain(ctx, e.folder, e.echo, server.Options{Logger: e.logger()}); err != nil {
		return err
	}
	if address, err = e.serveEcho(ctx, e.chain.grpc); err != nil {
		return err
	}
	if e.chained, err = dial(address, e.chain.key, mostWorkers); err != nil {
		return err
	}
	return e.reach()
}

// serveEcho serves an echo until the env ends, and returns its address.
func (e *env) serveEcho(ctx context.Context, echo *grpc.Server) (address string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	e.group.Go(func() error { return echo.Serve(listener) })
	stop := e.stop
	e.stop = func() {
		echo.Stop()
		stop()
	}
	return listener.Addr().String(), nil
}

// reach connects to the server.
func (e *env) reach() (err error) {
	e.api, err = dial(e.address, e.key, mostWorkers)
	return err
}

// restart has the server start again with other settings.
func (e *env) restart(change func(cfg *config.Server)) error {
	err := e.api.close()
	e.api = nil
	e.end()
	if err := errors.Join(err, <-e.ended); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	change(&e.cfg)
	if err := e.serve(e.life); err != nil {
		return err
	}
	return e.reach()
}

// close ends what begin started.
func (e *env) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, t := range []*target{e.api, e.chained, e.bare} {
		if t != nil {
			errs = append(errs, t.close())
		}
	}
	e.stop()
	errs = append(errs, e.group.Wait())
	if e.db != nil {
		errs = append(errs, e.db.Close(ctx))
	}
	if e.chain != nil {
		errs = append(errs, e.chain.close(ctx))
	}
	if e.folder != "" {
		errs = append(errs, os.RemoveAll(e.folder))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("end the bench: %w", err)
	}
	return nil
}

// unused returns the first number from which so many consecutive people have no record yet.
func (e *env) unused(people int) int {
	first := e.next
	e.next += people
	return first
}
