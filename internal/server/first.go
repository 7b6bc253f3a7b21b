package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service"
)

// adminID is the id of the first client of a new SQLite database.
const adminID = "admin"

// createAdmin gives a SQLite database that has no client yet its first one, and writes the key to FILE.admin-key. It returns the
// path of that file; empty if there was nothing to do.
func createAdmin(ctx context.Context, cfg config.Server, use *service.Service) (string, error) {
	path, embedded := cfg.SQLitePath()
	if !embedded || cfg.Open {
		return "", nil
	}
	page, err := use.ListClients(ctx, 1, "")
	if err != nil || len(page.Clients) > 0 {
		return "", err
	}
	path += ".admin-key"
	// The file comes first: a key that cannot be written must not be the key of a client.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("the database has no client yet, but there is a file %s, which is of another database: move it away", path)
	}
	if err != nil {
		return "", fmt.Errorf("write the first API key: %w", err)
	}
	_, key, err := use.CreateClient(ctx, service.NewClient{ID: adminID, AllDepartments: true, Role: "admin"})
	if err == nil {
		_, err = file.WriteString(key + "\n")
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write the first API key: %w", err), os.Remove(path))
	}
	return path, nil
}

// applyCatalog applies the catalog file of the settings, if there is one. The latest version over again changes nothing.
func applyCatalog(ctx context.Context, cfg config.Server, use *service.Service, log *slog.Logger) error {
	if cfg.Catalog == "" {
		return nil
	}
	document, err := os.ReadFile(cfg.Catalog)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	applied, err := use.ApplyCatalog(ctx, service.ApplyCatalog{Name: cfg.Catalog, Document: string(document)})
	if err != nil {
		return catalogError(cfg.Catalog, err)
	}
	for _, warning := range applied.Warnings {
		log.LogAttrs(ctx, slog.LevelWarn, "warning about the catalog", slog.String("warning", warning))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "catalog", slog.String("file", cfg.Catalog), slog.Int64("version", applied.Version),
		slog.Bool("unchanged", applied.Unchanged))
	return nil
}

// catalogError tells every problem of a document, each with its line.
func catalogError(file string, err error) error {
	var refused *consent.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("apply the catalog %s: %w", file, err)
	}
	problems := []error{fmt.Errorf("apply the catalog %s: %w", file, refused)}
	for _, v := range refused.Violations {
		problems = append(problems, errors.New(v.Message))
	}
	return errors.Join(problems...)
}
