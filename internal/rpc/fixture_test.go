package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// logged is a log that tests read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// world is an API over a real service and a real store, reached by a connection inside the process.
type world struct {
	t       testing.TB
	service *service.Service
	clock   *testkit.Clock
	log     *logged
	server  *grpc.Server
	conn    *grpc.ClientConn
	endLife context.CancelFunc
	admin   string // an API key
	limits  rpc.Limits
}

// newService returns a service over a new SQLite database with the example catalog.
func newService(t testing.TB, clock *testkit.Clock, log *slog.Logger) *service.Service {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.Create(filepath.Join(dir, "test.keys"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "test.db"), sqlite.Options{Migrate: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	use, err := service.New(t.Context(), store, keys, service.Options{Now: clock.Now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(use.Close)
	document, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := use.ApplyCatalog(process(t), administration.ApplyCatalog{Document: string(document)}); err != nil {
		t.Fatal(err)
	}
	return use
}

func process(t testing.TB) context.Context {
	t.Helper()
	return access.WithCaller(t.Context(), access.Process("test"))
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newLimited(t, rpc.Limits{})
}

// newLimited returns an API with other limits than the default ones.
func newLimited(t testing.TB, limits rpc.Limits) *world {
	t.Helper()
	w := &world{t: t, clock: testkit.NewClock(start), log: &logged{}, limits: limits}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.service = newService(t, w.clock, log)
	w.serve(w.service, log, false)
	w.admin = w.client(administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	return w
}

// newFake returns an API over a made-up service, for what a real one does not do.
func newFake(t testing.TB, use rpc.Service) *world {
	t.Helper()
	w := &world{t: t, log: &logged{}}
	w.serve(use, slog.New(slog.NewTextHandler(w.log, nil)), true)
	return w
}

func (w *world) serve(use rpc.Service, log *slog.Logger, open bool) {
	t := w.t
	t.Helper()
	life, endLife := context.WithCancel(context.WithoutCancel(t.Context()))
	w.endLife = endLife
	api, err := rpc.New(rpc.Options{Service: use, Logger: log, Open: open, Life: life, Limits: w.limits})
	if err != nil {
		t.Fatal(err)
	}
	w.server = grpc.NewServer(append(api.ServerOptions(), grpc.WaitForHandlers(true))...)
	api.Register(w.server)
	grpc_health_v1.RegisterHealthServer(api.Guarded(w.server), health.NewServer())
	reflection.Register(w.server)
	w.conn = connect(t, w.server)
	t.Cleanup(endLife)
}

// connect serves until the test ends and returns a connection.
func connect(t testing.TB, server *grpc.Server) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// client creates a client and returns its key.
func (w *world) client(n administration.NewClient) string {
	w.t.Helper()
	_, key, err := w.service.CreateClient(process(w.t), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// with returns a context of a call with a key.
func with(t testing.TB, key string, headers ...string) context.Context {
	t.Helper()
	return metadata.AppendToOutgoingContext(t.Context(), append([]string{"authorization", "Bearer " + key}, headers...)...)
}

// as returns a context of a call by the admin.
func (w *world) as(headers ...string) context.Context {
	w.t.Helper()
	return with(w.t, w.admin, headers...)
}

// reasonOf returns the reason in the ErrorInfo of an error.
func reasonOf(t testing.TB, err error) string {
	t.Helper()
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			if info.GetDomain() != rpc.Domain {
				t.Errorf("the domain is %q", info.GetDomain())
			}
			return info.GetReason()
		}
	}
	return ""
}

// fieldsOf returns the fields of the violations of an error.
func fieldsOf(err error) []string {
	var fields []string
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}

// fake is a service of which a test sets what it needs.
type fake struct {
	rpc.Service
	check func(ctx context.Context) (check.Result, error)
	batch func(ctx context.Context, in check.BatchInput) (check.BatchResult, error)
}

func (f *fake) Check(ctx context.Context, _ check.Input) (check.Result, error) {
	return f.check(ctx)
}

func (f *fake) BatchCheck(ctx context.Context, in check.BatchInput) (check.BatchResult, error) {
	return f.batch(ctx, in)
}

func failing(err error) *fake {
	return &fake{check: func(context.Context) (check.Result, error) { return check.Result{}, err }}
}

func mustFault(code fault.Code) *fault.Error {
	return fault.Errorf(code, "channel", "a sentence about %s", fmt.Sprintf("%q", code))
}
