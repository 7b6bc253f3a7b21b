package server_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestStart_WhatIsWrongOutsideTheDatabase_IsRefusedBeforeAnythingIsChanged(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := func(t *testing.T, text string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, spoil := range map[string]func(t *testing.T, cfg *config.Server){
		"certificate": func(t *testing.T, cfg *config.Server) { cfg.TLSCert, cfg.TLSKey = file(t, "none"), file(t, "none") },
		"key file":    func(t *testing.T, cfg *config.Server) { cfg.Keys = file(t, "none") },
		"catalog":     func(t *testing.T, cfg *config.Server) { cfg.Catalog = file(t, "channels: 1\n") },
		"gRPC port":   func(_ *testing.T, cfg *config.Server) { cfg.GRPCAddress = taken.Addr().String() },
		"HTTP port":   func(_ *testing.T, cfg *config.Server) { cfg.HTTPAddress = taken.Addr().String() },
	} {
		t.Run(name+" on SQLite", func(t *testing.T) {
			cfg := settings(t)
			spoil(t, &cfg)
			refuses(t, cfg)
			for _, path := range []string{pathOf(t, cfg), pathOf(t, cfg) + ".keys", pathOf(t, cfg) + ".admin-key"} {
				if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s was made (%v)", path, err)
				}
			}
		})
		t.Run(name+" on PostgreSQL", func(t *testing.T) {
			cfg := settings(t)
			cfg.DatabaseURL, cfg.Migrate = config.NewSecret(testdb.Postgres(t)), true
			if _, err := seal.Create(cfg.Keys); err != nil {
				t.Fatal(err)
			}
			spoil(t, &cfg)
			refuses(t, cfg)
			if schema, err := server.MigrateStatus(t.Context(), cfg); err != nil || schema.Version != 0 {
				t.Errorf("the tables are at version %d (%v)", schema.Version, err)
			}
		})
	}
}

func TestStart_URLThatCannotBeUsed_SaysWhatIsWrongInIt(t *testing.T) {
	const secret = "hush-hush%21"
	for query, want := range map[string]string{
		"sslmode=wrong":          "sslmode is invalid",
		"pool_max_conns=zwei":    "pool_max_conns",
		"sslrootcert=/nope":      "/nope",
		"connect_timeout=x":      "connect_timeout",
		"session_settings=maybe": "session_settings",
		"pool_max_conns=2":       "too small",
	} {
		cfg := settings(t)
		if _, err := seal.Create(cfg.Keys); err != nil {
			t.Fatal(err)
		}
		cfg.DatabaseURL = config.NewSecret("postgres://assent:" + secret + "@127.0.0.1:1/assent?" + query)
		if query == "sslrootcert=/nope" {
			cfg.DatabaseURL = config.NewSecret(cfg.DatabaseURL.Reveal() + "&sslmode=verify-full")
		}
		if got := refuses(t, cfg); !strings.Contains(got, want) || strings.Contains(got, "hush") {
			t.Errorf("%s: %s; want %s, and no password", query, got, want)
		}
	}
}

// A start that fails by what a client is not told of says it to the administrator.
func TestStart_NoConnectionLeft_SaysSo(t *testing.T) {
	database := testdb.Postgres(t)
	cfg := settings(t)
	cfg.DatabaseURL, cfg.Migrate = config.NewSecret(database), true
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	if _, err := server.MigrateUp(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.WithoutCancel(t.Context()))
	role := "limited_" + strings.ToLower(filepath.Base(t.TempDir())) + "_" + strings.TrimPrefix(admin.Config().Database, "assent_test_")
	exec := func(statement string) {
		if _, err := admin.Exec(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 0")
	defer exec("DROP OWNED BY " + role + "; DROP ROLE " + role)
	exec("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	cfg.DatabaseURL, cfg.Migrate = config.NewSecret(u.String()), false
	if got := refuses(t, cfg); !strings.Contains(got, "too many connections") {
		t.Errorf("got %s", got)
	}
}
