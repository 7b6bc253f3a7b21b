package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/assent-io/assent/internal/atomicfile"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/administration"
)

// adminID is the id of the first client of a new SQLite database. Where its key was lost with a crash the next one is admin-2.
const adminID = "admin"

// The files beside a SQLite file: the key of the first client, and that key while it is being made. As long as the
// latter exists, no administrator can have been given a key.
const (
	adminKeySuffix = ".admin-key"
	pendingSuffix  = ".new.admin-key"
)

// first makes the first client of a SQLite database and writes its key to a file. A start that breaks off anywhere in it is
// taken up by the next one.
type first struct {
	use     *service.Service
	file    string
	pending string
}

// createAdmin gives a SQLite database that has no client yet its first one, and writes the key to FILE.admin-key. It returns the
// client's id and the path of that file; both are empty if there was nothing to do.
func createAdmin(ctx context.Context, cfg config.Server, use *service.Service) (id, file string, err error) {
	path, embedded := cfg.SQLitePath()
	if !embedded || cfg.Open {
		return "", "", nil
	}
	f := first{use: use, file: path + adminKeySuffix, pending: path + pendingSuffix}
	due, err := f.due(ctx)
	if err != nil || !due {
		return "", "", err
	}
	if id, err = f.finish(ctx); err == nil && id == "" {
		id, err = f.create(ctx)
	}
	if err != nil {
		return "", "", fmt.Errorf("write the first API key: %w", err)
	}
	return id, f.file, nil
}

// due reports whether a first client is to be made, or an earlier start broke off while it made one.
func (f *first) due(ctx context.Context) (bool, error) {
	page, err := f.use.ListClients(ctx, 1, "")
	if err != nil {
		return false, err
	}
	if len(page.Clients) > 0 {
		if _, err := os.Lstat(f.pending); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("look for the first API key: %w", err)
		}
	}
	// An empty file holds no key.
	if info, err := os.Stat(f.file); err == nil && info.Size() > 0 {
		return false, fmt.Errorf("the first API key is not written yet, but the file %s of another database exists: move it away",
			f.file)
	}
	return true, nil
}

// finish gives the file its name if only that was left to do, and returns the client's id; empty if there is more to do.
func (f *first) finish(ctx context.Context) (id string, err error) {
	key, err := os.ReadFile(f.pending)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	caller, err := f.use.Authenticate(ctx, strings.TrimSpace(string(key)))
	var unknown *fault.Error
	if errors.As(err, &unknown) && unknown.Code == fault.Unauthenticated {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return caller.ID, f.rename()
}

// create makes the client. The pending file comes before it: a key that cannot be written must not be the key of a client, and a
// client whose key was lost must be known as such. Its name is fixed, for the next start looks for it.
func (f *first) create(ctx context.Context) (id string, err error) {
	file, err := os.OpenFile(f.pending, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := errors.Join(file.Chmod(0o600), atomicfile.SyncFolder(f.pending)); err != nil {
		return "", err
	}
	id, key, err := f.client(ctx)
	if err != nil {
		return "", err
	}
	if _, err := file.WriteString(key + "\n"); err != nil {
		return "", err
	}
	if err := file.Sync(); err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return id, f.rename()
}

// client creates the client under the first free id. The ids before it belong to starts that broke off. Their keys were
// never handed out, so client revokes them.
func (f *first) client(ctx context.Context) (id, key string, err error) {
	id = adminID
	for n := 2; ; n++ {
		_, key, err := f.use.CreateClient(ctx, administration.NewClient{ID: id, AllDepartments: true, Role: "admin"})
		var exists *fault.Error
		if !errors.As(err, &exists) || exists.Code != fault.ClientExists {
			return id, key, err
		}
		if _, err := f.use.RevokeClient(ctx, id); err != nil {
			return "", "", err
		}
		id = fmt.Sprintf("%s-%d", adminID, n)
	}
}

func (f *first) rename() error {
	if err := os.Rename(f.pending, f.file); err != nil {
		return err
	}
	return atomicfile.SyncFolder(f.file)
}

// applyCatalog applies the catalog file of the settings, if there is one. The latest version over again changes nothing.
func applyCatalog(ctx context.Context, cfg config.Server, use *service.Service, log *slog.Logger) error {
	if cfg.Catalog == "" {
		return missCatalog(ctx, cfg, use, log)
	}
	document, err := os.ReadFile(cfg.Catalog)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	applied, err := use.ApplyCatalog(ctx, administration.ApplyCatalog{Name: cfg.Catalog, Document: string(document)})
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

// missCatalog warns of a database without any catalog, over which no check and no record succeeds. The demo applies its own.
func missCatalog(ctx context.Context, cfg config.Server, use *service.Service, log *slog.Logger) error {
	_, err := use.GetCatalog(ctx, 0)
	var missing *fault.Error
	if !errors.As(err, &missing) || missing.Code != fault.NoCatalog {
		return err
	}
	if !cfg.Open {
		log.LogAttrs(ctx, slog.LevelWarn, "no catalog was applied yet: until then checks and records are refused with NO_CATALOG",
			slog.String("remedy", "`assent catalog apply FILE`, or `assent serve --catalog FILE`"))
	}
	return nil
}

// catalogError tells every problem of a document, each with its line.
func catalogError(file string, err error) error {
	var refused *fault.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("apply the catalog %s: %w", file, err)
	}
	problems := []error{fmt.Errorf("apply the catalog %s: %w", file, refused)}
	for _, v := range refused.Violations {
		problems = append(problems, errors.New(v.Message))
	}
	return errors.Join(problems...)
}
