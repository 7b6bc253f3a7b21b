package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/lmtp"
	"github.com/assent-io/assent/internal/rest"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/server/keyfile"
	"github.com/assent-io/assent/internal/server/writing"
	"github.com/assent-io/assent/internal/telemetry"
	"github.com/assent-io/assent/internal/web/hooks"
	"github.com/assent-io/assent/internal/web/recipient"
	"github.com/assent-io/assent/internal/web/sendcalendar"
	"github.com/assent-io/assent/internal/web/translation"
)

// Run serves until the context ends, which is no error. It returns when everything has ended that it started. It refuses to start,
// before it calls Ready, where the settings, the database, the keys, the catalog or the certificate are not right. What can be checked
// without the database, addresses to listen on included, is checked before anything in the database is changed.
func Run(ctx context.Context, cfg config.Server, opts Options) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	served := false
	defer func() {
		if served {
			opts.Logger.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "stopped")
		} else {
			err = explained(cfg, err)
		}
	}()
	signals, err := newSignals(ctx, opts.Logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, signals.shutdown(ctx)) }()
	keeper, err := openKeeper(cfg, opts.Logger, signals.countCheckpoints(context.WithoutCancel(ctx)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keeper.close()) }()
	if err := checkFiles(cfg); err != nil {
		return err
	}
	how, err := openingOf(cfg, opts, signals, keeper)
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, cfg, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listeners.close()) }()
	local, err := openService(ctx, listeners.reached(cfg), how)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	if err := signals.observe(local, listeners); err != nil {
		return err
	}
	if err := prepare(AsLocal(ctx), cfg, opts.Logger, local, keeper); err != nil {
		return err
	}
	s, err := newServer(ctx, cfg, opts, local, signals, listeners)
	if err != nil {
		return err
	}
	served, s.keeper = true, keeper
	err = s.serve(ctx, opts.Ready)
	keeper.last(ctx, local.Service)
	return err
}

// openingOf returns with what a server opens its service.
func openingOf(cfg config.Server, opts Options, signals *signals, keeper *keeper) (opening, error) {
	witnesses, err := ledger.ParseWitnesses(cfg.WitnessKeys)
	if err != nil {
		return opening{}, fmt.Errorf("witness_key: %w", err)
	}
	mails, err := mailOptions(cfg, opts.Now, signals.metrics.NoticeMailed)
	if err != nil {
		return opening{}, err
	}
	return opening{
		log: opts.Logger, now: opts.Now, databaseNow: opts.DatabaseNow, migrate: migrates(cfg),
		decided: signals.countDecisions, attempted: signals.countAttempts, imported: signals.metrics.RowsImported, listFailed: signals.metrics.ListFailed,
		returned: signals.countReport, sources: signals.countSources(), span: signals.metrics.Timed(signals.traces.Span),
		mails: mails, kept: keeper.kept(), witnesses: witnesses, unsafe: opts.Unsafe, index: true,
	}, nil
}

// migrates reports whether a server brings the tables to its version: always those of a file of its own.
func migrates(cfg config.Server) bool {
	_, embedded := cfg.SQLitePath()
	return embedded || cfg.Migrate
}

// prepare does what a start does to the store besides opening it.
func prepare(ctx context.Context, cfg config.Server, log *slog.Logger, local *Local, keeper *keeper) error {
	if err := keeper.compareDatabase(ctx, local.Service); err != nil {
		return err
	}
	if err := keeper.repeat(ctx, local.Service); err != nil {
		return err
	}
	id, keyFile, err := createAdmin(ctx, cfg, local.Service)
	if err != nil {
		return err
	}
	if keyFile != "" {
		log.LogAttrs(ctx, slog.LevelInfo, "made the first client; its API key is in a file", slog.String("client", id),
			slog.String("file", keyFile))
	}
	if err := applyCatalog(ctx, cfg, local.Service, log); err != nil {
		return err
	}
	tellMailing(ctx, log, local)
	return keeper.first(ctx, local.Service)
}

// server is a server that is ready to be run.
type server struct {
	log       *slog.Logger
	local     *Local
	keeper    *keeper // nil: there is none
	listeners *listeners
	inside    *inside
	grpc      *grpc.Server
	http      *http.Server
	pprof     *http.Server // nil: there is none
	ready     *readiness
	writing   *writing.Trial
	keys      *keyfile.File
	ran       ran
	runs      *sharedRuns
	endLife   context.CancelFunc // ends the streams
}

func newServer(
	ctx context.Context, cfg config.Server, opts Options, local *Local, signals *signals, listeners *listeners,
) (*server, error) {
	life, endLife := context.WithCancel(context.WithoutCancel(ctx))
	api, err := rpc.New(rpc.Options{
		Service: local, Logger: opts.Logger, Open: cfg.Open, Life: life, Called: signals.metrics.Called,
		Admitted: listeners.connections.Admit,
	})
	if err != nil {
		endLife()
		return nil, err
	}
	s := &server{log: opts.Logger, local: local, listeners: listeners, endLife: endLife, ran: signals.metrics.WorkerRan}
	var tracing []grpc.ServerOption
	if handler := signals.traces.CallHandler(func(method string) bool { return traced(api, method) }); handler != nil {
		tracing = append(tracing, grpc.StatsHandler(handler))
	}
	s.grpc = NewGRPC(api, tracing...)
	api.Register(s.grpc)
	s.writing = writing.New(local.store, opts.Now)
	s.ready = &readiness{check: s.writing.Also(local.Ready), health: health.NewServer(), log: opts.Logger}
	s.runs = &sharedRuns{store: local.store, now: opts.Now, log: opts.Logger, succeeded: signals.metrics.WorkerSucceeded}
	s.keys = keyfile.New(cfg.Keys, local.TakeKeys, opts.Logger)
	for _, w := range s.workers() {
		signals.metrics.AddWorker(w.name)
	}
	for name := range s.grpc.GetServiceInfo() {
		s.ready.services = append(s.ready.services, name)
	}
	grpc_health_v1.RegisterHealthServer(api.Guarded(s.grpc), s.ready.health)
	reflection.Register(s.grpc)
	if s.inside, err = newInside(); err != nil {
		endLife()
		return nil, err
	}
	texts, err := translation.Read(cfg.TextsDir)
	if err != nil {
		endLife()
		return nil, errors.Join(err, s.inside.close())
	}
	links, err := recipient.New(recipient.Options{
		Links: local.Links, Texts: texts, Now: opts.Now, Logger: opts.Logger, Counted: signals.metrics.LinkUsed,
	})
	if err != nil {
		endLife()
		return nil, errors.Join(err, s.inside.close())
	}
	browsers := rest.NewBrowserGuard(cfg.HTTPAddress, cfg.AllowedHosts, opts.Logger)
	all, err := rest.New(ctx, rest.Options{
		API: api, Conn: s.inside.conn, Browsers: browsers, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		Live: live, Ready: s.ready.serve, Metrics: signals.metrics.Handler(), Hooks: listeners.connections.Hold(hooks.New(local, opts.Logger)),
		Version: telemetry.BuildVersion(), Demo: cfg.Open, Links: listeners.connections.Hold(links),
		Calendars: listeners.connections.Hold(sendcalendar.New(local, opts.Logger)),
	})
	if err != nil {
		endLife()
		return nil, errors.Join(err, s.inside.close())
	}
	s.http = newLimitedServer(all, opts.Logger)
	if listeners.pprof != nil {
		s.pprof = newPprofServer(browsers, opts.Logger)
	}
	return s, nil
}

// traced leaves out the health service: its calls only say that a probe looks.
func traced(api *rpc.API, method string) bool {
	return api.Known(method) && method != grpc_health_v1.Health_Check_FullMethodName &&
		method != grpc_health_v1.Health_Watch_FullMethodName && method != grpc_health_v1.Health_List_FullMethodName
}

// serve runs everything in one group until the context ends or a part fails, which ends all others.
func (s *server) serve(ctx context.Context, ready func(Addresses)) error {
	group, running := errgroup.WithContext(ctx)
	endIndex := s.local.follow(running, group)
	_ = s.ready.update(running) // It has logged why, and is asked again.
	group.Go(func() error { return s.serveGRPC(s.listeners.grpc) })
	group.Go(func() error { return s.serveGRPC(s.inside.listener) })
	group.Go(func() error { return serveHTTP("HTTP", s.http, s.listeners.http) })
	if s.pprof != nil {
		group.Go(func() error { return serveHTTP("pprof", s.pprof, s.listeners.pprof) })
	}
	if s.listeners.lmtp != nil {
		group.Go(func() error {
			return lmtp.New(AsLocal(context.WithoutCancel(ctx)), s.local, s.log).Serve(running, s.listeners.lmtp)
		})
	}
	s.runs.tell(running)
	for _, w := range s.workers() {
		group.Go(func() error { w.work(running, s.log, s.ran); return nil })
	}
	group.Go(func() error {
		<-running.Done()
		s.logStop(ctx, running)
		defer endIndex() // The last calls need it.
		return s.stop(context.WithoutCancel(running))
	})
	if ready != nil {
		ready(s.listeners.addresses())
	}
	return group.Wait()
}

// serveHTTP serves what comes from the listener until the server is stopped.
func serveHTTP(what string, server *http.Server, from net.Listener) error {
	if err := server.Serve(from); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", what, err)
	}
	return nil
}

// serveGRPC serves what comes from the listener. A server that was stopped before it began has nothing to do.
func (s *server) serveGRPC(from net.Listener) error {
	if err := s.grpc.Serve(from); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve gRPC: %w", err)
	}
	return nil
}
