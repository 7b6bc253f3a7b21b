package e2e

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m, removeProgram) }

const (
	acmeCatalog = "../../examples/catalogs/acme.yaml"
	acmeEvents  = "../../examples/acme/events.csv.gz"
)

// database is one database with its keys, over which servers can be run one after the other or at once.
type database struct {
	t    testing.TB
	dir  string
	url  string
	keys string
	// kept is where checkpoints are kept, and witnesses are the keys of the witnesses that it accepts; empty is none.
	kept      string
	witnesses []string
	// open lets everybody do everything, as a demo does.
	open bool
	// catalog is applied at start.
	catalog string
	// clock stands in for the clock of a PostgreSQL; nil is its own.
	clock func() time.Time
	// env is the environment of processes; nil is this one's.
	env []string
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

// eachStore runs a test on a fresh database of each kind.
func eachStore(t *testing.T, test func(t *testing.T, db *database)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase(t, kind))
		})
	}
}

func newDatabase(t testing.TB, kind string) *database {
	t.Helper()
	db := &database{t: t, dir: t.TempDir(), catalog: mustAbs(t, acmeCatalog)}
	db.keys = filepath.Join(db.dir, "assent.keys")
	if kind == "sqlite" {
		db.url = "sqlite:" + filepath.Join(db.dir, "assent.db")
		return db
	}
	db.url = testdb.PreparedPostgres(t, migrate)
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	return db
}

func (db *database) config() config.Server {
	return config.Server{
		DatabaseURL: config.NewSecret(db.url), Keys: db.keys, GRPCAddress: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0",
		Catalog: db.catalog, Migrate: true, LogLevel: slog.LevelDebug, LogFormat: config.LogJSON,
		CheckpointDir: db.kept, CheckpointInterval: time.Hour, WitnessKeys: db.witnesses, Open: db.open, AllowPrivateWebhooks: true,
	}
}

// running is a server that runs in this process.
type running struct {
	server.Addresses
	key  string
	log  *logged
	stop func()
}

// logged keeps what a server logs.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve runs a server over the database; now is its clock, nil the system's.
func (db *database) serve(now func() time.Time) *running {
	db.t.Helper()
	ctx, cancel := context.WithCancel(db.t.Context())
	r := &running{log: &logged{}}
	ready, ended := make(chan server.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, db.config(), server.Options{
			Logger: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: now, DatabaseNow: db.clock,
			Ready: func(at server.Addresses) { ready <- at },
		})
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			db.t.Errorf("the server ended with %v", err)
		}
	})
	db.t.Cleanup(r.stop)
	select {
	case r.Addresses = <-ready:
	case err := <-ended:
		ended <- err
		db.t.Fatalf("the server did not start: %v", err)
	}
	if !db.open {
		r.key = db.adminKey()
	}
	return r
}

// adminKey returns the API key of an administrator, made on the first call.
func (db *database) adminKey() string {
	db.t.Helper()
	for _, file := range []string{"assent.db.admin-key", "admin-key"} {
		if key, err := os.ReadFile(filepath.Join(db.dir, file)); err == nil {
			return strings.TrimSpace(string(key))
		}
	}
	local, err := server.OpenService(db.t.Context(), db.config(), server.Options{
		Logger: slog.New(slog.DiscardHandler), Now: db.clock, DatabaseNow: db.clock,
	})
	if err != nil {
		db.t.Fatal(err)
	}
	defer func() { _ = local.Close() }()
	_, key, err := local.CreateClient(server.AsLocal(db.t.Context()), administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	if err != nil {
		db.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(db.dir, "admin-key"), []byte(key), 0o600); err != nil {
		db.t.Fatal(err)
	}
	return key
}

// dial returns a connection to a gRPC address; its calls carry the key.
func dial(t testing.TB, address, key string) *grpc.ClientConn {
	t.Helper()
	withKey := func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if key != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(withKey), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// command runs the command line against a server and returns its exit code and what it wrote.
func command(t testing.TB, grpcAddress, key string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	env := map[string]string{"ASSENT_SERVER": grpcAddress, "ASSENT_API_KEY": key}
	var out, err bytes.Buffer
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	code = cli.Run(t.Context(), args, lookup, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}
