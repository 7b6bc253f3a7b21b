package server_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
)

// createAdminLocally creates the first client as a start does, and returns its key.
func createAdminLocally(t *testing.T, cfg config.Server) string {
	t.Helper()
	cfg.Migrate = true
	created, err := server.CreateClient(t.Context(), cfg, slog.New(slog.DiscardHandler), &assentv1.CreateClientRequest{
		Id: "admin", AllDepartments: true, Role: "admin",
	})
	if err != nil {
		t.Fatal(err)
	}
	return created.GetApiKey()
}

func TestStart_AfterACrashWhileTheFirstKeyWasMade_ThereIsExactlyOneUsableKey(t *testing.T) {
	write := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, crash := range map[string]func(t *testing.T, cfg config.Server, pending string) (id string){
		"before the client": func(t *testing.T, _ config.Server, pending string) string {
			write(t, pending, "")
			return "admin"
		},
		"before the client, by an earlier version": func(t *testing.T, cfg config.Server, _ string) string {
			write(t, pathOf(t, cfg)+".admin-key", "")
			return "admin"
		},
		"after the client": func(t *testing.T, cfg config.Server, pending string) string {
			createAdminLocally(t, cfg)
			write(t, pending, "")
			return "admin-2"
		},
		"half a key": func(t *testing.T, cfg config.Server, pending string) string {
			write(t, pending, createAdminLocally(t, cfg)[:40])
			return "admin-2"
		},
		"before the file has its name": func(t *testing.T, cfg config.Server, pending string) string {
			write(t, pending, createAdminLocally(t, cfg)+"\n")
			return "admin"
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			pending := pathOf(t, cfg) + ".new.admin-key"
			id := crash(t, cfg, pending)
			for range 2 { // The second start finds nothing to do.
				r := run(t, cfg)
				got := r.as(http.MethodGet, "/v1/clients", "")
				if got.code != http.StatusOK {
					t.Fatalf("the key in the file: %d %s", got.code, got.body)
				}
				if usable := usableClients(got); len(usable) != 1 || usable[0] != id {
					t.Errorf("usable are %v, want %s alone", usable, id)
				}
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			}
			if left, err := filepath.Glob(pathOf(t, cfg) + "*admin-key"); err != nil || len(left) != 1 {
				t.Errorf("files: %v, %v", left, err)
			}
			if info, err := os.Stat(pathOf(t, cfg) + ".admin-key"); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file: %v, %v", info, err)
			}
		})
	}
}

// usableClients returns the ids in a list of clients that were not revoked.
func usableClients(list *answer) []string {
	var usable []string
	clients, _ := list.json["clients"].([]any)
	for _, c := range clients {
		client, _ := c.(map[string]any)
		if id, _ := client["id"].(string); client["revokedTime"] == nil {
			usable = append(usable, id)
		}
	}
	return usable
}

func TestStart_ClientsButNoPendingKey_MakesNone(t *testing.T) {
	cfg := settings(t)
	key := createAdminLocally(t, cfg)
	r := run(t, cfg)
	if r.admin != "" {
		t.Error("a key was made for a database that has a client")
	}
	r.admin = key
	if got := r.as(http.MethodGet, "/v1/clients", ""); got.code != http.StatusOK {
		t.Errorf("the client's own key: %d %s", got.code, got.body)
	}
}

func TestStart_WithoutAnyCatalog_Warns(t *testing.T) {
	const warning = "level=WARN msg=\"no catalog was applied yet"
	cfg := settings(t)
	cfg.Catalog = ""
	r := run(t, cfg)
	if log := r.log.String(); !strings.Contains(log, warning) || !strings.Contains(log, "assent catalog apply FILE") {
		t.Errorf("no warning that says what to do:\n%s", log)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	cfg.Catalog = exampleCatalog
	if r = run(t, cfg); strings.Contains(r.log.String(), warning) {
		t.Error("a warning though the catalog was given")
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	cfg.Catalog = ""
	if r = run(t, cfg); strings.Contains(r.log.String(), warning) {
		t.Error("a warning though a catalog was applied before")
	}
}

func TestStart_PostgreSQLThatIsNotThere_IsSaidOnceAndWithoutThePassword(t *testing.T) {
	cfg := settings(t)
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	cfg.DatabaseURL = config.NewSecret("postgres://assent:open-sesame@127.0.0.1:1/assent")
	got := refuses(t, cfg)
	if strings.Count(got, "connection refused") != 1 || strings.Contains(got, "\n") || strings.Contains(got, "open-sesame") {
		t.Errorf("got %q", got)
	}
	if _, err := server.MigrateStatus(t.Context(), cfg); err == nil || strings.Count(err.Error(), "connection refused") != 1 {
		t.Errorf("migrate status: %v", err)
	}
}
