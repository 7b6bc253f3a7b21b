package follower_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// world is one database with its clock, over which servers run that may go away and come back. Its keys are on disk.
type world struct {
	t     testing.TB
	url   string // of a PostgreSQL; empty: a SQLite file
	dir   string
	clock *testkit.Clock
	key   client.Key // of an administrator
	// unregistered is of a client without consumers: one that has a consumer has to name it.
	unregistered client.Key
	nodes        []*node
}

// node is a server, or where one is when it is there.
type node struct {
	world *world

	mu       sync.Mutex
	store    storage.Store
	service  *service.Service
	listener *bufconn.Listener // nil: the server is away
	server   *grpc.Server
	endLife  context.CancelFunc
	served   chan error
	conns    map[*slowConn]bool
	slow     atomic.Int64 // how long each read takes, in nanoseconds
}

// eachStore runs a test on both stores.
func eachStore(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, kind))
		})
	}
}

// newWorld returns a world with one server.
func newWorld(t testing.TB, kind string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: testkit.NewClock(start)}
	if kind == "postgres" {
		w.url = testdb.PreparedPostgres(t, migrate)
	}
	if _, err := seal.Create(w.path("test.keys")); err != nil {
		t.Fatal(err)
	}
	n := w.addNode()
	document, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.applyCatalog(string(document))
	_, text, err := n.service.CreateClient(process(t.Context()), administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	w.key = must(client.ParseKey(text))(t)
	_, text, err = n.service.CreateClient(process(t.Context()), administration.NewClient{ID: "unregistered", AllDepartments: true, Role: "sync"})
	if err != nil {
		t.Fatal(err)
	}
	w.unregistered = must(client.ParseKey(text))(t)
	return w
}

// migrate brings the schema of a database up. Tests use copies of one such database.
func migrate(ctx context.Context, url string) (err error) {
	m, err := postgres.Migrator(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return m.Up(ctx)
}

func process(ctx context.Context) context.Context {
	return access.WithCaller(ctx, access.Process("test"))
}

func must[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) applyCatalog(document string) {
	w.t.Helper()
	if _, err := w.nodes[0].service.ApplyCatalog(process(w.t.Context()), administration.ApplyCatalog{Document: document}); err != nil {
		w.t.Fatal(err)
	}
}

// addNode starts a further server on the database.
func (w *world) addNode() *node {
	w.t.Helper()
	n := &node{world: w, conns: map[*slowConn]bool{}}
	w.nodes = append(w.nodes, n)
	n.start()
	w.t.Cleanup(n.stop)
	return n
}

func (n *node) start() {
	w := n.world
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	var err error
	if w.url != "" {
		n.store, err = postgres.Open(ctx, w.url, postgres.Options{Migrate: true, Now: w.clock.Now})
	} else {
		n.store, err = sqlite.Open(ctx, w.path("test.db"), sqlite.Options{Migrate: true, Now: w.clock.Now})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	keys := must(seal.Open(w.path("test.keys")))(w.t)
	n.service = must(service.New(ctx, n.store, keys, service.Options{Now: w.clock.Now, Logger: log}))(w.t)
	n.mu.Lock()
	defer n.mu.Unlock()
	life, endLife := context.WithCancel(ctx)
	api := must(rpc.New(rpc.Options{Service: n.service, Logger: log, Life: life}))(w.t)
	n.server = grpc.NewServer(append(api.ServerOptions(), grpc.WaitForHandlers(true))...)
	api.Register(n.server)
	n.listener, n.endLife, n.served = bufconn.Listen(1<<20), endLife, make(chan error, 1)
	server, listener, served := n.server, n.listener, n.served
	go func() { served <- server.Serve(listener) }()
}

// stop stops the server, if it is there, and closes its store.
func (n *node) stop() {
	n.world.t.Helper()
	n.mu.Lock()
	if n.listener == nil {
		n.mu.Unlock()
		return
	}
	n.endLife()
	n.listener = nil
	n.mu.Unlock()
	n.server.Stop()
	if err := <-n.served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		n.world.t.Error(err)
	}
	n.service.Close()
	if err := n.store.Close(); err != nil {
		n.world.t.Error(err)
	}
}

var errAway = errors.New("connection refused")

// dial connects to the server, if it is there.
func (n *node) dial(ctx context.Context, _ string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listener == nil {
		return nil, errAway
	}
	conn, err := n.listener.DialContext(ctx)
	if err != nil {
		return nil, err
	}
	c := &slowConn{Conn: conn, node: n}
	n.conns[c] = true
	return c, nil
}

// cut closes all connections to the server.
func (n *node) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.Conn.Close()
	}
	clear(n.conns)
}

// slowConn is a connection that can be cut, and whose reads can be slowed down.
type slowConn struct {
	net.Conn
	node *node
}

func (c *slowConn) Read(p []byte) (int, error) {
	if pause := time.Duration(c.node.slow.Load()); pause > 0 {
		<-time.After(pause)
		p = p[:min(len(p), 4096)]
	}
	return c.Conn.Read(p)
}

func (c *slowConn) Close() error {
	c.node.mu.Lock()
	delete(c.node.conns, c)
	c.node.mu.Unlock()
	return c.Conn.Close()
}

// client returns a client of the server, as the administrator, with short pauses.
func (n *node) client() *client.Client { return n.clientOf(n.world.key) }

func (n *node) clientOf(key client.Key, options ...client.Option) *client.Client {
	n.world.t.Helper()
	c := must(client.New("127.0.0.1:50051", append([]client.Option{
		client.WithKey(key), client.WithDialOptions(grpc.WithContextDialer(n.dial)), client.WithRetries(500),
		client.WithPauses(func(int) time.Duration { return 5 * time.Millisecond }),
	}, options...)...))(n.world.t)
	n.world.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			n.world.t.Error(err)
		}
	})
	return c
}

// reader returns a client of a server that may read with the options.
func (w *world) reader(n *node, options follower.Options) *client.Client {
	if options.Consumer == "" {
		return n.clientOf(w.unregistered)
	}
	return n.client()
}

// consumer creates a consumer of the administrator and returns the options to read as it.
func (w *world) consumer(id, form string, channels ...string) follower.Options {
	w.t.Helper()
	c := w.nodes[0].client()
	answer := must(assentv1.NewConsumerServiceClient(c).CreateConsumer(w.t.Context(), &assentv1.CreateConsumerRequest{
		Id: id, Client: "admin", Form: form, Channels: channels,
	}))(w.t)
	options := follower.Options{Consumer: id, Now: w.clock.Now}
	if form == "keyed" {
		options.Key = must(parseKey(answer.GetKey()))(w.t)
	}
	return options
}

// running is a Follower that runs.
type running struct {
	*follower.Follower
	t     testing.TB
	end   context.CancelFunc
	ended chan struct{} // closed when Run has ended, with err
	err   error

	mu     sync.Mutex
	events []follower.Event
}

// run makes a Follower and runs it until the test ends or stop is called.
func run(t testing.TB, c *client.Client, options follower.Options) *running {
	t.Helper()
	r := &running{t: t, ended: make(chan struct{})}
	options.OnEvent = func(e follower.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
	}
	return r.begin(must(follower.New(c, options))(t))
}

// runMade runs a Follower until the test ends or stop is called.
func runMade(t testing.TB, f *follower.Follower) *running {
	t.Helper()
	return (&running{t: t, ended: make(chan struct{})}).begin(f)
}

func (r *running) begin(f *follower.Follower) *running {
	t := r.t
	r.Follower = f
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	r.end = end
	go func() {
		defer close(r.ended)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(r.stop)
	return r
}

// stop ends the Follower, which has to end without an error of its own.
func (r *running) stop() {
	r.t.Helper()
	if r.end == nil {
		return
	}
	r.end()
	r.end = nil
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Errorf("Run does not end: %+v", r.Status())
		return
	}
	if !errors.Is(r.err, context.Canceled) {
		r.t.Errorf("Run: %v", r.err)
	}
}

// happened returns the kinds of events so far.
func (r *running) happened() []follower.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]follower.Event(nil), r.events...)
}

// waitReady waits until the Follower answers.
func (r *running) waitReady() {
	r.t.Helper()
	select {
	case <-r.Ready():
	case <-r.ended:
		r.t.Fatalf("Run ended: %v", r.err)
	case <-time.After(patience):
		r.t.Fatalf("it is not ready: %+v", r.Status())
	}
}

// altering is a stream of which a test alters the messages.
type altering struct {
	grpc.ClientStream
	alter func(m any)
}

func (a altering) RecvMsg(m any) error {
	err := a.ClientStream.RecvMsg(m)
	if err == nil {
		a.alter(m)
	}
	return err
}

// altered makes a client that gets the messages of streams as a function alters them.
func altered(alter func(m any)) client.Option {
	return client.WithDialOptions(grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, streamer grpc.Streamer, options ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		stream, err := streamer(ctx, desc, conn, method, options...)
		if err != nil {
			return nil, err
		}
		return altering{stream, alter}, nil
	}))
}
