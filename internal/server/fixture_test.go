package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/openapi/openapitest"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// patience is how long a test waits for a server before it fails.
const patience = 20 * time.Second

// quick is how long a server takes at most to stop, on a busy machine, when it waits for nothing.
const quick = 4 * time.Second

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

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

const exampleCatalog = "../../examples/catalogs/acme.yaml"

// settings returns those of a server over a new SQLite file.
func settings(t testing.TB) config.Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent.db")
	return config.Server{
		DatabaseURL: config.NewSecret("sqlite:" + path), Keys: path + ".keys", GRPCAddress: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0",
		Catalog: exampleCatalog,
	}
}

func pathOf(t testing.TB, cfg config.Server) string {
	t.Helper()
	path, ok := cfg.SQLitePath()
	if !ok {
		t.Fatal("not a SQLite database")
	}
	return path
}

// running is a server under test.
type running struct {
	t     testing.TB
	at    server.Addresses
	clock *testkit.Clock
	log   *logged
	admin string // an API key; empty if the server made none
	http  *http.Client
	loose bool         // requests may be of the sort that only a tolerant server takes
	stop  func() error // ends the server and returns what Run returned; may be called again
}

// run starts a server that ends with the test. Its clock stands still over SQLite; a PostgreSQL has a clock of its own, from which that of
// its server must not differ by more than seconds.
func run(t testing.TB, cfg config.Server) *running {
	t.Helper()
	r := &running{t: t, clock: testkit.NewClock(start), log: &logged{}, http: &http.Client{Transport: &http.Transport{}}}
	now := r.clock.Now
	if _, ok := cfg.SQLitePath(); !ok {
		now = time.Now
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan server.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, cfg, server.Options{
			Logger: r.log.logger(), Now: now, Ready: func(at server.Addresses) { ready <- at },
		})
	}()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		if err := r.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	select {
	case r.at = <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the server did not start: %v", err)
	case <-time.After(patience):
		t.Fatal("the server did not start")
	}
	if path, ok := cfg.SQLitePath(); ok {
		if key, err := os.ReadFile(path + ".admin-key"); err == nil {
			r.admin = strings.TrimSpace(string(key))
		}
	}
	return r
}

// refuses returns the error with which a server does not start.
func refuses(t *testing.T, cfg config.Server) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := server.Run(ctx, cfg, server.Options{
		Logger: slog.New(slog.DiscardHandler),
		Ready:  func(server.Addresses) { t.Error("the server says that it is ready"); cancel() },
	})
	if err == nil {
		t.Fatal("the server was not refused")
	}
	return err.Error()
}

// answer is an answer to a REST call.
type answer struct {
	code   int
	header http.Header
	body   string
	json   map[string]any
}

// reason is that of the ErrorInfo in the body.
func (a *answer) reason() string {
	details, _ := a.json["details"].([]any)
	for _, d := range details {
		if info, _ := d.(map[string]any); info["domain"] == "assent.io" {
			reason, _ := info["reason"].(string)
			return reason
		}
	}
	return ""
}

// call makes a REST call; headers are names and values.
func (r *running) call(method, path, body string, headers ...string) *answer {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+r.at.HTTP+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := r.http.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := &answer{code: response.StatusCode, header: response.Header, body: string(text)}
	r.holdToContract(openapitest.Exchange{
		Method: method, Path: path, Sent: request.Header, Body: body, Code: a.code, Header: a.header, Answer: text,
		Loose: r.loose || !utf8.ValidString(body),
	})
	if method != http.MethodHead && response.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(text, &a.json); err != nil {
			r.t.Fatalf("%s %s: the body is not valid JSON: %s", method, path, text)
		}
	}
	return a
}

// contract is the OpenAPI document, read once for all tests.
var contract = sync.OnceValues(func() (*openapitest.Contract, error) { return openapitest.NewContract(context.Background()) })

// holdToContract fails unless the answer, and the request if it was taken, are as the OpenAPI document says.
func (r *running) holdToContract(e openapitest.Exchange) {
	r.t.Helper()
	document, err := contract()
	if err != nil {
		r.t.Fatal(err)
	}
	if problem := document.Problem(r.t.Context(), e); problem != "" {
		r.t.Errorf("%s %s is not as the OpenAPI document says: %s", e.Method, e.Path, problem)
	}
}

// as makes a REST call as the admin.
func (r *running) as(method, path, body string, headers ...string) *answer {
	r.t.Helper()
	return r.call(method, path, body, append(headers, "Authorization", "Bearer "+r.admin)...)
}

// connect returns a gRPC connection.
func (r *running) connect() *grpc.ClientConn {
	r.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+r.at.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return conn
}

// key returns the context of a gRPC call by the admin.
func (r *running) key() context.Context {
	return metadata.AppendToOutgoingContext(r.t.Context(), "authorization", "Bearer "+r.admin)
}

func readExample(t testing.TB) string {
	t.Helper()
	document, err := os.ReadFile(exampleCatalog)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}
