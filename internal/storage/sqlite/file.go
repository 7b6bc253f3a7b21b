package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// ErrInUse is wrapped by the error for a database that another process, or another store of this one, has open.
var ErrInUse = errors.New("the database is in use")

// file is a database file that this process has locked.
type file struct {
	path  string // absolute, without symbolic links
	guard *flock.Flock
}

// lock takes the lock of the database at the path and, if asked to, makes the file.
func lock(path string, create bool) (*file, error) {
	resolved, err := resolve(path, create)
	if err != nil {
		return nil, err
	}
	guard := flock.New(resolved+".lock", flock.SetPermissions(0o600))
	locked, err := guard.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock file %s: %w", guard.Path(), err)
	}
	if !locked {
		return nil, errors.Join(fmt.Errorf("%w: the lock file %s is held, by another server or command", ErrInUse, guard.Path()),
			guard.Close())
	}
	f := &file{path: resolved, guard: guard}
	if err := f.checkLinks(); err != nil {
		return nil, errors.Join(err, f.unlock())
	}
	return f, nil
}

// resolve returns the one path of the file, so that it has one lock, however it is called.
func resolve(path string, create bool) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if create {
		made, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		switch {
		case err == nil:
			err = made.Close()
		case errors.Is(err, fs.ErrExist):
			err = nil
		}
		if err != nil {
			return "", err
		}
	}
	return filepath.EvalSymlinks(path)
}

// unlock lets others have the database. The lock file stays: to delete it would let two processes hold it.
func (f *file) unlock() error { return f.guard.Close() }

// dsn says how connections are opened.
func (f *file) dsn(readOnly bool) string {
	q := url.Values{
		"_pragma": {
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"secure_delete(ON)", // what is erased is not left in free pages
			"cache_size(-16384)",
			"wal_autocheckpoint(16384)", // 64 MB; before that the log is moved beside the writes
			"temp_store(MEMORY)",
			"trusted_schema(OFF)",
		},
		"_busy_timeout": {"5000"}, // for backup programs; the lock file keeps out other servers
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
	}
	if readOnly {
		q.Set("_query_only", "1")
	}
	u := url.URL{Scheme: "file", Path: f.path, RawQuery: q.Encode()}
	return u.String()
}

func openDB(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
