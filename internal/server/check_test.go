package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/server"
)

func TestCheckConfig_EverythingRight_SaysNothingAndWritesNothing(t *testing.T) {
	cfg := settings(t)
	cfg.CheckpointDir, cfg.CheckpointInterval = t.TempDir(), time.Hour
	if got := server.CheckConfig(t.Context(), cfg); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	for _, dir := range []string{filepath.Dir(pathOf(t, cfg)), cfg.CheckpointDir} {
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s holds %v, %v", dir, left, err)
		}
	}
}

func TestCheckConfig_EachFileThatIsNotRight_IsNamed(t *testing.T) {
	dir := t.TempDir()
	wrong := filepath.Join(dir, "wrong")
	if err := os.WriteFile(wrong, []byte("foo: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fr.yaml"), []byte("titel: E-mails\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	postgres := settings(t)
	postgres.DatabaseURL, postgres.Keys = config.NewSecret("postgres://db.example/assent"), ""
	for name, c := range map[string]struct {
		change func(*config.Server)
		want   string
	}{
		"key file":             {func(cfg *config.Server) { cfg.Keys = wrong }, wrong},
		"key file that is not": {func(cfg *config.Server) { cfg.DatabaseURL = config.NewSecret("sqlite:" + wrong) }, "is missing"},
		"no key file":          {func(cfg *config.Server) { *cfg = postgres }, "assent keys create"},
		"certificate":          {func(cfg *config.Server) { cfg.TLSCert, cfg.TLSKey = wrong, wrong }, wrong},
		"catalog":              {func(cfg *config.Server) { cfg.Catalog = wrong }, wrong + ":1"},
		"catalog that is not":  {func(cfg *config.Server) { cfg.Catalog = wrong + "x" }, wrong + "x"},
		"checkpoint directory": {func(cfg *config.Server) { cfg.CheckpointDir, cfg.CheckpointInterval = wrong, time.Hour }, "is not a directory"},
		"texts of pages":       {func(cfg *config.Server) { cfg.TextsDir = dir }, "fr.yaml:1: there is no text \"titel\"; is it title?"},
		"witness":              {func(cfg *config.Server) { cfg.WitnessKeys = []string{"w"} }, "witness_key"},
	} {
		cfg := settings(t)
		c.change(&cfg)
		got := server.CheckConfig(t.Context(), cfg)
		if len(got) != 1 || !strings.Contains(got[0].Error(), c.want) {
			t.Errorf("%s: got %v, want one problem with %q", name, got, c.want)
		}
	}
}
