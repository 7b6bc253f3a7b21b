package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestStart_NewSQLiteFile_MakesKeysAndFirstAdmin(t *testing.T) {
	cfg := settings(t)
	r := run(t, cfg)
	for _, name := range []string{pathOf(t, cfg) + ".keys", pathOf(t, cfg) + ".admin-key"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %04o", name, info.Mode().Perm())
		}
	}
	if got := r.as(http.MethodGet, "/v1/clients", ""); got.code != http.StatusOK || !strings.Contains(got.body, `"admin"`) {
		t.Errorf("the first key: %d %s", got.code, got.body)
	}
	if strings.Contains(r.log.String(), r.admin) {
		t.Error("the key is in the log")
	}
}

func TestStart_Again_KeepsKeysAdminAndCatalog(t *testing.T) {
	cfg := settings(t)
	first := run(t, cfg)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	again := run(t, cfg)
	got := again.as(http.MethodGet, "/v1/catalog", "")
	if again.admin != first.admin || got.code != http.StatusOK || got.json["version"] != "1" {
		t.Errorf("%d %s", got.code, got.body)
	}
	if !strings.Contains(again.log.String(), "unchanged=true") {
		t.Error("the log does not say that the catalog is unchanged")
	}
}

func TestStart_Catalog_IsApplied_OneWithProblemsRefusesWithItsLines(t *testing.T) {
	cfg := settings(t)
	cfg.Catalog = filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(cfg.Catalog, []byte("controllers: []\nfoo: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := refuses(t, cfg); !strings.Contains(got, cfg.Catalog+":2:") || !strings.Contains(got, "INVALID_CATALOG") {
		t.Errorf("got %s", got)
	}
	cfg.Catalog = filepath.Join(t.TempDir(), "missing.yaml")
	if got := refuses(t, cfg); !strings.Contains(got, "missing.yaml") {
		t.Errorf("got %s", got)
	}
	cfg.Catalog = exampleCatalog
	r := run(t, cfg)
	if got := r.as(http.MethodGet, "/v1/catalog?version=1", ""); got.code != http.StatusOK {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestStart_KeyFile_MissingOrOfAnotherDatabase_Refuses(t *testing.T) {
	cfg := settings(t)
	if err := run(t, cfg).stop(); err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(cfg.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	if got := refuses(t, cfg); !strings.Contains(got, cfg.Keys+" is missing") {
		t.Errorf("missing: %s", got)
	}
	if exists, err := seal.Exists(cfg.Keys); exists || err != nil {
		t.Fatalf("a refused start made a key file: %v, %v", exists, err)
	}
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	if got := refuses(t, cfg); !strings.Contains(got, "belongs to another database") {
		t.Errorf("another's: %s", got)
	}
	if err := os.WriteFile(cfg.Keys, []byte("no keys"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := refuses(t, cfg); !strings.Contains(got, cfg.Keys) {
		t.Errorf("damaged: %s", got)
	}
	if err := os.WriteFile(cfg.Keys, own, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, cfg)
}

func TestStart_AdminKeyOfAnotherDatabase_Refuses(t *testing.T) {
	cfg := settings(t)
	if err := os.WriteFile(pathOf(t, cfg)+".admin-key", []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := refuses(t, cfg); !strings.Contains(got, ".admin-key") {
		t.Errorf("got %s", got)
	}
	if key, err := os.ReadFile(pathOf(t, cfg) + ".admin-key"); err != nil || string(key) != "old\n" {
		t.Errorf("the file is now %q, %v", key, err)
	}
}

func TestStart_SecondServerOnOneFile_Refuses(t *testing.T) {
	cfg := settings(t)
	r := run(t, cfg)
	if got := refuses(t, cfg); !strings.Contains(got, "in use") {
		t.Errorf("got %s", got)
	}
	if got := r.as(http.MethodGet, "/v1/catalog", ""); got.code != http.StatusOK {
		t.Errorf("the first one: %d %s", got.code, got.body)
	}
}

func TestStart_NotLoopbackWithoutTLS_Refuses(t *testing.T) {
	for _, change := range []func(*config.Server){
		func(c *config.Server) { c.GRPCAddress = "0.0.0.0:0" },
		func(c *config.Server) { c.HTTPAddress = ":0" },
	} {
		cfg := settings(t)
		change(&cfg)
		if got := refuses(t, cfg); !strings.Contains(got, "loopback") {
			t.Errorf("got %s", got)
		}
		if _, err := os.Stat(pathOf(t, cfg)); err == nil {
			t.Error("a refused start made a database")
		}
	}
	cfg := settings(t)
	cfg.HTTPAddress, cfg.InsecureListen = "0.0.0.0:0", true
	run(t, cfg)
}

func TestStart_AddressInUse_Refuses(t *testing.T) {
	r := run(t, settings(t))
	cfg := settings(t)
	cfg.HTTPAddress = r.at.HTTP
	if got := refuses(t, cfg); !strings.Contains(got, "listen for HTTP") {
		t.Errorf("got %s", got)
	}
}

// certificate writes a certificate for 127.0.0.1 with its key, and returns the paths.
func certificate(t *testing.T, until time.Time) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

func TestStart_WrongCertificate_Refuses(t *testing.T) {
	cert, key, _ := certificate(t, time.Now().Add(time.Hour))
	_, otherKey, _ := certificate(t, time.Now().Add(time.Hour))
	oldCert, oldKey, _ := certificate(t, time.Now().Add(-time.Hour))
	for name, test := range map[string]struct{ cert, key, want string }{
		"another's key": {cert, otherKey, "private key does not match"},
		"swapped":       {key, cert, "load the certificate"},
		"missing":       {cert + "x", key, "load the certificate"},
		"ended":         {oldCert, oldKey, "ended at"},
		"half":          {cert, "", "must be set together"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			cfg.TLSCert, cfg.TLSKey = test.cert, test.key
			if got := refuses(t, cfg); !strings.Contains(got, test.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestTLS_ServesBoth_OnAnyAddress(t *testing.T) {
	cfg := settings(t)
	var pool *x509.CertPool
	cfg.TLSCert, cfg.TLSKey, pool = certificate(t, time.Now().Add(time.Hour))
	cfg.GRPCAddress = "0.0.0.0:0"
	r := run(t, cfg)
	secure := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	r.http.Transport = &http.Transport{TLSClientConfig: secure, ForceAttemptHTTP2: true}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.at.HTTP+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Errorf("GET /readyz: %s %s", response.Proto, response.Status)
	}
	_, port, err := net.SplitHostPort(r.at.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///127.0.0.1:"+port, grpc.WithTransportCredentials(credentials.NewTLS(secure)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("gRPC: %v", err)
	}
}

func TestStart_PostgreSQL_NeedsKeysAndMigrations(t *testing.T) {
	cfg := settings(t)
	cfg.DatabaseURL, cfg.Keys = config.NewSecret(testdb.Postgres(t)), ""
	cfg.Migrate = true
	if got := refuses(t, cfg); !strings.Contains(got, "needs a key file") {
		t.Errorf("no path of keys: %s", got)
	}
	cfg.Keys = filepath.Join(t.TempDir(), "keys")
	if got := refuses(t, cfg); !strings.Contains(got, "assent keys create") {
		t.Errorf("no keys: %s", got)
	}
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	cfg.Migrate = false
	if got := refuses(t, cfg); !strings.Contains(got, "assent migrate up") {
		t.Errorf("no tables: %s", got)
	}
	cfg.Migrate = true
	r := run(t, cfg)
	if got := r.call(http.MethodGet, "/readyz", ""); got.code != http.StatusOK {
		t.Errorf("GET /readyz: %d %s", got.code, got.body)
	}
	created, err := server.CreateClient(t.Context(), cfg, slog.New(slog.DiscardHandler), &assentv1.CreateClientRequest{
		Id: "first", AllDepartments: true, Role: "admin",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.admin = created.GetApiKey()
	if got := r.as(http.MethodGet, "/v1/catalog", ""); got.code != http.StatusOK {
		t.Errorf("with the key made beside the server: %d %s", got.code, got.body)
	}
}

func TestMigrate_UpDownStatus(t *testing.T) {
	sqlite, pg := settings(t), settings(t)
	pg.DatabaseURL = config.NewSecret(testdb.Postgres(t))
	for name, cfg := range map[string]config.Server{"sqlite": sqlite, "postgres": pg} {
		t.Run(name, func(t *testing.T) {
			if name == "sqlite" {
				if _, err := server.MigrateStatus(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "does not exist") {
					t.Errorf("status of no file: %v", err)
				}
				if _, err := server.MigrateDown(t.Context(), cfg, 1); err == nil {
					t.Error("down of no file: no error")
				}
			}
			up, err := server.MigrateUp(t.Context(), cfg)
			if err != nil || up.Version != up.Latest || up.Version == 0 || up.Dirty {
				t.Fatalf("up: %+v, %v", up, err)
			}
			if got, err := server.MigrateStatus(t.Context(), cfg); err != nil || got != up {
				t.Errorf("status: %+v, %v", got, err)
			}
			if got, err := server.MigrateDown(t.Context(), cfg, 1); err != nil || got.Version >= up.Version {
				t.Errorf("down: %+v, %v", got, err)
			}
		})
	}
}

func TestLocal_NoFile_IsNotMade(t *testing.T) {
	cfg := settings(t)
	if _, err := server.OpenService(t.Context(), cfg, server.Options{Logger: slog.New(slog.DiscardHandler)}); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(pathOf(t, cfg)); err == nil {
		t.Error("the file was made")
	}
}

func TestRebuildLedger_FindsNoDifference(t *testing.T) {
	cfg := settings(t)
	r := run(t, cfg)
	if got := r.as(http.MethodPost, "/v1/consent:withdraw", `{"address":"anna@example.com","channels":["newsletter"]}`); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	report, err := server.RebuildLedger(t.Context(), cfg, slog.New(slog.DiscardHandler), func(int) {})
	if err != nil || report.Subjects == 0 || report.Differed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRun_ContextThatEndedBefore_EndsWithoutError(t *testing.T) {
	cfg := settings(t)
	if err := run(t, cfg).stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := server.Run(ctx, cfg, server.Options{Logger: slog.New(slog.DiscardHandler), Ready: func(server.Addresses) { cancel() }})
	if err != nil {
		t.Errorf("got %v", err)
	}
}
