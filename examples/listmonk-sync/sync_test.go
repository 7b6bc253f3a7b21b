package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// startServer starts a server on a port of this machine, tells the program by the environment where it is, and returns a client of it.
func startServer(t *testing.T) *client.Client {
	t.Helper()
	ctx, dir := context.WithoutCancel(t.Context()), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	keys, err := seal.Create(filepath.Join(dir, "keys"))
	must(err)
	store, err := sqlite.Open(ctx, filepath.Join(dir, "db"), sqlite.Options{Migrate: true, Now: time.Now})
	must(err)
	log := slog.New(slog.DiscardHandler)
	s, err := service.New(ctx, store, keys, service.Options{Now: time.Now, Logger: log})
	must(err)
	process := access.WithCaller(ctx, access.Process("test"))
	document, err := examples.Files.ReadFile("catalogs/acme.yaml")
	must(err)
	_, err = s.ApplyCatalog(process, administration.ApplyCatalog{Document: string(document)})
	must(err)
	_, key, err := s.CreateClient(process, administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	must(err)
	life, endLife := context.WithCancel(ctx)
	api, err := rpc.New(rpc.Options{Service: s, Logger: log, Life: life})
	must(err)
	server := grpc.NewServer(append(api.ServerOptions(), grpc.WaitForHandlers(true))...)
	api.Register(server)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	must(err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Setenv("ASSENT_SERVER", listener.Addr().String())
	t.Setenv("ASSENT_API_KEY", key)
	c, err := client.FromEnv(os.LookupEnv).Open()
	must(err)
	t.Cleanup(func() {
		endLife()
		server.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) && err != nil {
			t.Error(err)
		}
		s.Close()
		if err := errors.Join(c.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// tool is a newsletter tool with its table.
type tool struct {
	t    *testing.T
	path string
	set  string
	db   *sql.DB
}

func newTool(t *testing.T) *tool {
	t.Helper()
	x := &tool{t: t, path: filepath.Join(t.TempDir(), "listmonk.db"), set: filepath.Join(t.TempDir(), "set")}
	var err error
	if x.db, err = sql.Open("sqlite", x.path+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.db.Close(); err != nil {
			t.Error(err)
		}
	})
	x.exec(`CREATE TABLE subscribers (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, status TEXT NOT NULL DEFAULT 'enabled')`)
	return x
}

func (x *tool) exec(statement string, args ...any) {
	x.t.Helper()
	if _, err := x.db.ExecContext(x.t.Context(), statement, args...); err != nil {
		x.t.Fatal(err)
	}
}

// status returns the status of a subscriber; empty: there is none.
func (x *tool) status(email string) (status string) {
	x.t.Helper()
	err := x.db.QueryRowContext(x.t.Context(), `SELECT status FROM subscribers WHERE email = ?`, email).Scan(&status)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		x.t.Fatal(err)
	}
	return status
}

func (x *tool) eventually(email, status string) {
	x.t.Helper()
	testkit.Eventually(x.t, 30*time.Second, email+" is "+status, func() bool { return x.status(email) == status })
}

// start starts the program, and returns what ends it.
func (x *tool) start() (end func()) {
	x.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-table", x.path, "-set", x.set, "-every", "20ms"}, slog.New(slog.DiscardHandler))
	}()
	return func() {
		x.t.Helper()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			x.t.Errorf("the program: %v", err)
		}
	}
}

func TestRun_TheTableFollows_AcrossRestarts(t *testing.T) {
	c, x := startServer(t), newTool(t)
	withdraw := func(address string) {
		t.Helper()
		if _, err := c.Withdraw(t.Context(), &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}}); err != nil {
			t.Fatal(err)
		}
	}
	withdraw("anna@gmail.com")
	for _, email := range []string{"An.Na@gmail.com", "berta@example.com", "carla@firma.example", "dora@mail.firma.example", "no address"} {
		x.exec(`INSERT INTO subscribers (email) VALUES (?)`, email)
	}
	x.exec(`INSERT INTO subscribers (email, status) VALUES ('emil@example.com', 'blocklisted')`) // By a person, in the tool.
	end := x.start()
	x.eventually("An.Na@gmail.com", "blocklisted")
	x.eventually("no address", "blocklisted")

	withdraw("berta@example.com")
	x.eventually("berta@example.com", "blocklisted")
	suppression := assentv1.NewSuppressionServiceClient(c)
	if _, err := suppression.CreateSuppression(t.Context(), &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Domain{Domain: "firma.example"}, Reason: "OBJECTION",
	}); err != nil {
		t.Fatal(err)
	}
	x.eventually("carla@firma.example", "blocklisted")
	x.eventually("dora@mail.firma.example", "blocklisted")
	end()

	// While the program is away a person comes back, a subscriber is added who left before, and one is erased.
	if _, err := c.Grant(t.Context(), &assentv1.GrantConsentRequest{
		Address: "berta@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.Now()},
	}); err != nil {
		t.Fatal(err)
	}
	withdraw("frieda@example.com")
	x.exec(`INSERT INTO subscribers (email) VALUES ('Frieda@Example.com')`)
	if _, err := assentv1.NewHistoryServiceClient(c).EraseRecipient(t.Context(), &assentv1.EraseRecipientRequest{Address: "an.na@gmail.com"}); err != nil {
		t.Fatal(err)
	}
	end = x.start()
	x.eventually("berta@example.com", "enabled")
	x.eventually("Frieda@Example.com", "blocklisted")
	x.eventually("An.Na@gmail.com", "")
	end()
	if got := x.status("emil@example.com"); got != "blocklisted" {
		t.Errorf("a subscriber whom a person blocklisted is %s", got)
	}
}
