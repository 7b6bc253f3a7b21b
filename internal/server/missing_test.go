package server_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestServe_DatabaseFileDeleted_RecordsNothingAndIsNotReady(t *testing.T) {
	t.Parallel()
	cfg := settings(t)
	r := run(t, cfg)
	withdraw := func() *answer {
		return r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`)
	}
	if got := withdraw(); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	if err := os.Remove(pathOf(t, cfg)); err != nil {
		t.Fatal(err)
	}
	if got := withdraw(); got.code != http.StatusServiceUnavailable || got.reason() != "STORE_UNAVAILABLE" {
		t.Errorf("a withdrawal: %d %s", got.code, got.body)
	}
	testkit.Eventually(t, patience, "the server says that it is not ready", func() bool {
		return r.call(http.MethodGet, "/readyz", "").code == http.StatusServiceUnavailable
	})
	testkit.Eventually(t, patience, "the log says why", func() bool {
		return strings.Contains(r.log.String(), "was deleted or moved away while it was in use")
	})
}

// refusesAndMakesNothing wants a start and a migration refused, with a text, and no database made.
func refusesAndMakesNothing(t *testing.T, cfg config.Server, want string) {
	t.Helper()
	if got := refuses(t, cfg); !strings.Contains(got, "is missing") || !strings.Contains(got, want) {
		t.Errorf("the start: %s; want %s", got, want)
	}
	if _, err := server.MigrateUp(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the migration: %v; want %s", err, want)
	}
	if _, err := os.Stat(pathOf(t, cfg)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a database was made (%v)", err)
	}
}

func TestStart_DatabaseMissingBesideItsKeyFiles_IsRefusedAndMakesNone(t *testing.T) {
	cfg := settings(t)
	if err := run(t, cfg).stop(); err != nil {
		t.Fatal(err)
	}
	path := pathOf(t, cfg)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	refusesAndMakesNothing(t, cfg, path+".admin-key exists")
	if err := os.Remove(path + ".admin-key"); err != nil {
		t.Fatal(err)
	}
	refusesAndMakesNothing(t, cfg, path+".keys exists")
	cfg.AdoptKeys = true
	run(t, cfg)
}

func TestStart_KeysMadeBefore_AreTakenByOneEmptyDatabaseOnly(t *testing.T) {
	for kind, empty := range map[string]func(t *testing.T) config.Secret{
		"sqlite": func(t *testing.T) config.Secret {
			return config.NewSecret("sqlite:" + filepath.Join(t.TempDir(), "empty.db"))
		},
		"postgres": func(t *testing.T) config.Secret { return config.NewSecret(testdb.Postgres(t)) },
	} {
		t.Run(kind, func(t *testing.T) {
			cfg := settings(t)
			cfg.Migrate = true
			keys, err := seal.Create(cfg.Keys)
			if err != nil || !keys.Unused() {
				t.Fatalf("a new key file is not unused (%v)", err)
			}
			cfg.DatabaseURL = empty(t)
			first := run(t, cfg)
			if err := first.stop(); err != nil {
				t.Fatal(err)
			}
			if keys, err := seal.Open(cfg.Keys); err != nil || keys.Unused() {
				t.Fatalf("the key file is not marked as used (%v)", err)
			}
			if err := run(t, cfg).stop(); err != nil { // Its own database goes on with it.
				t.Fatal(err)
			}
			cfg.DatabaseURL = empty(t)
			if kind == "sqlite" { // A file that is there, and empty.
				if err := os.WriteFile(pathOf(t, cfg), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := refuses(t, cfg); !strings.Contains(got, cfg.Keys) || !strings.Contains(got, "--adopt-keys") {
				t.Errorf("another empty database: %s", got)
			}
			cfg.AdoptKeys = true
			run(t, cfg)
		})
	}
}
