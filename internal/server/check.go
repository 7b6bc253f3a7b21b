package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/assent-io/assent/internal/certificate"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/telemetry"
	"github.com/assent-io/assent/internal/web/translation"
)

// CheckConfig returns what would keep a server with valid settings from starting, as far as the files that they name show it. It opens no
// database, listens nowhere and writes nothing.
func CheckConfig(ctx context.Context, cfg config.Server) []error {
	checks := []func(config.Server) error{checkKeyFile, checkCertificate, checkCatalog, checkCheckpointDir, checkWitnesses, checkTexts}
	var problems []error
	for _, check := range checks {
		if err := check(cfg); err != nil {
			problems = append(problems, err)
		}
	}
	// The variables of OpenTelemetry belong to the process: only making the traces says whether they are right.
	traces, err := telemetry.NewTraces(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return append(problems, err)
	}
	if err := traces.Shutdown(ctx); err != nil {
		problems = append(problems, err)
	}
	return problems
}

// checkFiles reads the key file, the texts of pages and the catalog file of the settings, and changes nothing.
func checkFiles(cfg config.Server) error {
	return cmp.Or(checkKeyFile(cfg), checkTexts(cfg), checkCatalog(cfg))
}

// checkTexts reads the texts of the pages of recipients.
func checkTexts(cfg config.Server) error {
	_, err := translation.Read(cfg.TextsDir)
	return err
}

// checkKeyFile accepts that the key file is missing beside a SQLite file that is missing, too: the first start makes both.
func checkKeyFile(cfg config.Server) error {
	path, err := cfg.KeyFile()
	if err != nil {
		return err
	}
	if exists, err := seal.Exists(path); err != nil || !exists {
		if err != nil {
			return fmt.Errorf("open key file: %w", err)
		}
		if database, embedded := cfg.SQLitePath(); embedded {
			if _, err := os.Stat(database); errors.Is(err, os.ErrNotExist) {
				return nil
			}
		}
		return fmt.Errorf("the key file %s is missing, and without it no data in the database can be found or decrypted: restore it from "+
			"your copy; for a new database create one with `assent keys create`, and give the same file to every server of it", path)
	}
	_, err = seal.Open(path)
	return err
}

func checkCertificate(cfg config.Server) error {
	if cfg.TLSCert == "" {
		return nil
	}
	_, err := certificate.Load(cfg.TLSCert, cfg.TLSKey, time.Now, slog.New(slog.DiscardHandler))
	return err
}

func checkCatalog(cfg config.Server) error {
	if cfg.Catalog == "" {
		return nil
	}
	document, err := os.ReadFile(cfg.Catalog)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	if err := administration.CheckCatalog(cfg.Catalog, string(document)); err != nil {
		return catalogError(cfg.Catalog, err)
	}
	return nil
}

func checkCheckpointDir(cfg config.Server) error {
	if cfg.CheckpointDir == "" {
		return nil
	}
	info, err := os.Stat(cfg.CheckpointDir)
	if err != nil {
		return fmt.Errorf("open the checkpoint directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("open the checkpoint directory: %s is not a directory", cfg.CheckpointDir)
	}
	return nil
}

func checkWitnesses(cfg config.Server) error {
	if _, err := ledger.ParseWitnesses(cfg.WitnessKeys); err != nil {
		return fmt.Errorf("witness_key: %w", err)
	}
	return nil
}
