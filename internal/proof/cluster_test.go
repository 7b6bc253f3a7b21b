package proof

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// servers is how many servers share the database.
const servers = 3

// cluster is several servers over one PostgreSQL, with a proxy before each server.
type cluster struct {
	t        testing.TB
	dir      string
	keys     string
	database string                 // the URL that leads past the proxies
	key      string                 // the API key of an administrator
	postgres *testdb.PostgresServer // nil: it is one that others use, too, and the way to it cannot be broken
	nodes    [servers]*node
}

// node is one server of a cluster.
type node struct {
	cluster *cluster
	serving serving
	clients *route // from its clients
	store   *route // to the database; nil where that cannot be broken
	running *process
}

// newCluster starts a database of its own and servers over it, each of which reaches it through a proxy; how says in which way the n-th
// differs from the shipped one.
func newCluster(t testing.TB, d dice, how func(n int) serving) *cluster {
	t.Helper()
	free := newPorts(t, d)
	at := free.take()
	_, port, _ := strings.Cut(at, ":")
	c := &cluster{t: t, postgres: testdb.NewPostgresServer(t, "listen_addresses = '127.0.0.1'", "port = "+port), database: databaseURL(at)}
	c.start(free, how, func(n *node) string {
		n.store = newRoute(t, at)
		return databaseURL(n.store.address())
	})
	return c
}

// newSoundCluster starts servers over a database in which nothing is to be broken.
func newSoundCluster(t testing.TB, d dice, how func(n int) serving) *cluster {
	t.Helper()
	c := &cluster{t: t, database: testdb.Postgres(t)}
	c.start(newPorts(t, d), how, func(*node) string { return c.database })
	return c
}

// start starts the servers; to returns the URL by which one of them reaches the database.
func (c *cluster) start(free *ports, how func(n int) serving, to func(n *node) string) {
	c.t.Helper()
	c.dir = c.t.TempDir()
	c.keys = filepath.Join(c.dir, "assent.keys")
	if _, err := seal.Create(c.keys); err != nil {
		c.t.Fatal(err)
	}
	c.key = createAdmin(c.t, config.Server{DatabaseURL: config.NewSecret(c.database), Keys: c.keys, Migrate: true})
	c.t.Cleanup(c.kill)
	for n := range c.nodes {
		at := free.take()
		node := &node{cluster: c, serving: how(n), clients: newRoute(c.t, at)}
		node.serving.Args = []string{
			"--database-url", to(node), "--keys", c.keys, "--grpc-address", at, "--http-address", "127.0.0.1:0",
			"--catalog", mustAbs(c.t, "../../examples/catalogs/acme.yaml"), "--log-format", "json",
		}
		c.nodes[n] = node
		if err := node.start(); err != nil {
			c.t.Fatal(err)
		}
	}
}

func databaseURL(at string) string { return "postgres://postgres@" + at + "/postgres?sslmode=disable" }

func mustAbs(t testing.TB, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// createAdmin makes the tables, and a client that may do everything; it returns its API key.
func createAdmin(t testing.TB, settings config.Server) string {
	t.Helper()
	local, err := server.OpenService(t.Context(), settings, server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	_, key, err := local.CreateClient(server.AsLocal(t.Context()), administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// start runs the server, which must not be running.
func (n *node) start() error {
	spec, err := json.Marshal(n.serving)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	n.running, err = launch(n.cluster.dir, []string{serveVariable + "=" + string(spec)}, self)
	return err
}

// restart runs the killed server again, however long the way to the database takes to be open.
func (n *node) restart() error {
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err = n.start(); err == nil {
			return nil
		}
		wait(nil, 50*time.Millisecond)
	}
	return err
}

// kill ends all servers; none may have had a data race.
func (c *cluster) kill() {
	for _, node := range c.nodes {
		if node != nil && node.running != nil {
			node.running.kill()
			node.running.mustHaveNoRaces(c.t)
		}
	}
}
