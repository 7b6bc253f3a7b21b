package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/assent-io/assent/internal/storage"
)

// commitError is an error of a COMMIT.
type commitError struct{ error }

func (e *commitError) Unwrap() error { return e.error }

// classify turns an error into one of the port's, with what was being done. Errors of the context, of the port and of the
// caller's own code keep what they are.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", doing, kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// kindOf returns the error of the port that an error of SQLite is, or nil.
func kindOf(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return storage.ErrUnavailable
	}
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return nil
	}
	var commit *commitError
	switch fault.Code() & 0xff {
	case sqlite3.SQLITE_IOERR:
		// A failed write or sync of the log: what of it the disk has is seen only when the file is opened again.
		if errors.As(err, &commit) {
			return storage.ErrCommitUnknown
		}
		return storage.ErrUnavailable
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL:
		return storage.ErrUnavailable
	default:
		return nil
	}
}
