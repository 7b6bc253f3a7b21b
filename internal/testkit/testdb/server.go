package testdb

import "testing"

// PostgresServer is a server that one test has for itself, for tests of
// outages. It is not safe for concurrent use.
type PostgresServer struct {
	t       testing.TB
	cluster *cluster
}

// NewPostgresServer makes and starts a server that ends with the test. Each
// setting is a line for postgresql.conf, such as "fsync = on", which goes over
// the ones that make servers of tests fast. It needs PostgreSQL's programs even
// where ASSENT_TEST_POSTGRES_URL is set, for a server that others use cannot be
// stopped.
func NewPostgresServer(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	c, err := newCluster(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.end(); err != nil {
			t.Error(err)
		}
	})
	return &PostgresServer{t: t, cluster: c}
}

// URL returns the connection URL of the server's database, which is empty at
// first. It stays the same over Stop and Start.
func (s *PostgresServer) URL() string {
	return s.cluster.url("postgres")
}

// Stop ends the server as a crash of its process does: connections break at
// once, nothing is flushed, and what was committed is there after Start.
func (s *PostgresServer) Stop() {
	s.t.Helper()
	if err := s.cluster.order("stop"); err != nil {
		s.t.Fatal(err)
	}
}

// Start starts the stopped server and returns when it accepts connections.
func (s *PostgresServer) Start() {
	s.t.Helper()
	if err := s.cluster.order("start"); err != nil {
		s.t.Fatal(err)
	}
}
