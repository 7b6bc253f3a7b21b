package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// world is a server with a real service over SQLite, which can go away and come back. Nothing in it is known to tests only: examples use it.
type world struct {
	service *service.Service
	store   *sqlite.Store
	clock   *testkit.Clock
	limits  rpc.Limits
	key     client.Key // of an administrator

	mu       sync.Mutex
	listener net.Listener // nil: the server is away
	server   *grpc.Server
	endLife  context.CancelFunc
	served   chan error
}

// openWorld returns a world without a server in a folder.
func openWorld(ctx context.Context, dir string) (*world, error) {
	w := &world{clock: testkit.NewClock(start)}
	keys, err := seal.Create(filepath.Join(dir, "test.keys"))
	if err != nil {
		return nil, err
	}
	if w.store, err = sqlite.Open(ctx, filepath.Join(dir, "test.db"), sqlite.Options{Migrate: true, Now: w.clock.Now}); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if w.service, err = service.New(ctx, w.store, keys, service.Options{
		Now: w.clock.Now, Logger: log, Links: recipient.Options{PublicURL: "https://consent.example"},
	}); err != nil {
		return nil, errors.Join(err, w.store.Close())
	}
	document, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err == nil {
		_, err = w.service.ApplyCatalog(process(ctx), administration.ApplyCatalog{Document: string(document)})
	}
	if err == nil {
		w.key, err = w.newKey(ctx, administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func process(ctx context.Context) context.Context {
	return access.WithCaller(ctx, access.Process("test"))
}

// newKey creates a client and returns its key.
func (w *world) newKey(ctx context.Context, n administration.NewClient) (client.Key, error) {
	_, text, err := w.service.CreateClient(process(ctx), n)
	if err != nil {
		return client.Key{}, err
	}
	return client.ParseKey(text)
}

// serve starts a server on a listener.
func (w *world) serve(listener net.Listener) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	life, endLife := context.WithCancel(context.Background())
	api, err := rpc.New(rpc.Options{Service: w.service, Logger: slog.New(slog.DiscardHandler), Life: life, Limits: w.limits})
	if err != nil {
		endLife()
		return err
	}
	server := grpc.NewServer(append(api.ServerOptions(), grpc.WaitForHandlers(true))...)
	api.Register(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	w.listener, w.server, w.endLife, w.served = listener, server, endLife, served
	return nil
}

// stop stops the server as a deployment does: streams end first.
func (w *world) stop() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server == nil {
		return nil
	}
	w.endLife()
	w.server.Stop()
	w.listener, w.server = nil, nil
	if err := <-w.served; !errors.Is(err, grpc.ErrServerStopped) { // So it ends where it had not begun.
		return err
	}
	return nil
}

func (w *world) close() error {
	err := w.stop()
	w.service.Close()
	return errors.Join(err, w.store.Close())
}

var errAway = errors.New("connection refused")

// dial connects to the server, if there is one.
func (w *world) dial(ctx context.Context, _ string) (net.Conn, error) {
	w.mu.Lock()
	listener, ok := w.listener.(*bufconn.Listener)
	w.mu.Unlock()
	if !ok {
		return nil, errAway
	}
	return listener.DialContext(ctx)
}

// newWorld returns a world with a server inside the process.
func newWorld(t *testing.T, limits rpc.Limits) *world {
	t.Helper()
	w, err := openWorld(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.limits = limits
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	w.comeBack(t)
	return w
}

func (w *world) comeBack(t *testing.T) {
	t.Helper()
	if err := w.serve(bufconn.Listen(1 << 20)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) goAway(t *testing.T) {
	t.Helper()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
}

// client returns a client of the world's server, as its administrator, with short pauses.
func (w *world) client(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("127.0.0.1:50051", append([]client.Option{
		client.WithKey(w.key), client.WithDialOptions(grpc.WithContextDialer(w.dial)), client.WithRetries(500),
		client.WithPauses(func(int) time.Duration { return 10 * time.Millisecond }),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// consent is a grant of the newsletter that can be proved.
func consent(address string) *assentv1.GrantConsentRequest {
	return &assentv1.GrantConsentRequest{
		Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(start.Add(-time.Hour))},
	}
}

// newsletter is the question that most tests ask.
func newsletter() client.Question { return client.Question{Channel: "newsletter"} }

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// exampleServer is a server on a port of this machine.
type exampleServer struct {
	address string
	key     client.Key
	world   *world
	dir     string
}

// startServer starts a server for an example; it ends the process where it cannot, for examples have no other way to fail.
func startServer() *exampleServer {
	dir, err := os.MkdirTemp("", "assent-client")
	if err != nil {
		panic(err)
	}
	w, err := openWorld(context.Background(), dir)
	if err != nil {
		panic(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err == nil {
		err = w.serve(listener)
	}
	if err != nil {
		panic(err)
	}
	return &exampleServer{address: listener.Addr().String(), key: w.key, world: w, dir: dir}
}

func (s *exampleServer) stop() {
	if err := errors.Join(s.world.close(), os.RemoveAll(s.dir)); err != nil {
		panic(err)
	}
}
