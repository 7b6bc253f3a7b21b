package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/assent-io/assent/internal/storage"
)

func TestClassify_ErrorsOfTheServer(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"57P01": storage.ErrUnavailable, // the administrator ends the connection
		"57P03": storage.ErrUnavailable, // starting up
		"08006": storage.ErrUnavailable, // connection failure
		"53300": storage.ErrUnavailable, // too many connections
		"53100": storage.ErrUnavailable, // disk full
		"40001": storage.ErrUnavailable, // serialisation failure
		"40P01": storage.ErrUnavailable, // deadlock
		"25006": storage.ErrUnavailable, // read-only
		"25P03": storage.ErrUnavailable, // idle in transaction
		"55P03": storage.ErrUnavailable, // lock timeout
		"26000": storage.ErrUnavailable, // a prepared statement is on another connection of a pooler
		"42P05": storage.ErrUnavailable, // likewise
		"23502": nil,                    // NULL where there must be none
		"42P01": nil,                    // no such table
		"22P02": nil,                    // bad value
	} {
		cause := &pgconn.PgError{Code: code, Message: "message", Detail: "Failing row contains (secret)"}
		err := classify(t.Context(), "test", fmt.Errorf("wrapped: %w", cause))
		if want != nil && !errors.Is(err, want) || want == nil && isPort(err) {
			t.Errorf("%s: %v, want %v", code, err, want)
		}
	}
	if err := classify(t.Context(), "test", io.ErrUnexpectedEOF); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a broken connection: %v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(storage.ErrClosed)
	if err := classify(ctx, "test", io.ErrUnexpectedEOF); !errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a call that Close ended: %v, want ErrClosed", err)
	}
}

func TestAsCommitError_OnlyWhereACommitMayHaveHappened(t *testing.T) {
	t.Parallel()
	refused := &pgconn.PgError{Code: "23502", SeverityUnlocalized: "ERROR"}
	ended := &pgconn.PgError{Code: "57P01", SeverityUnlocalized: "FATAL"}
	for _, c := range []struct {
		name     string
		err      error
		atCommit bool
		unknown  bool
	}{
		{"a statement was refused", refused, false, false},
		{"the commit was refused", refused, true, false},
		{"the connection was ended before the commit", ended, false, false},
		{"the connection was ended at the commit", ended, true, true},
		{"the connection broke", io.ErrUnexpectedEOF, false, true},
		{"the connection broke at the commit", io.ErrUnexpectedEOF, true, true},
		{"time ran out", context.DeadlineExceeded, false, true},
	} {
		err := classify(t.Context(), "write", asCommitError(c.err, c.atCommit))
		if got := errors.Is(err, storage.ErrCommitUnknown); got != c.unknown {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestClassify_ServerLetsNoConnectionIn_SaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, message, advice string }{
		{"53300", "sorry, too many clients already", "raise max_connections"},
		{"53300", "remaining connection slots are reserved for roles with the SUPERUSER attribute", "lower pool_max_conns"},
		{"57P03", "the database system is starting up", "is starting"},
		{"57P03", "the database system is in recovery mode", "try again"},
	} {
		cause := &pgconn.PgError{Code: c.code, Message: c.message, SeverityUnlocalized: "FATAL"}
		err := classify(t.Context(), "open the database", cause)
		if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), c.advice) {
			t.Errorf("%s: got the error %v, want ErrUnavailable with the words %q", c.message, err, c.advice)
		}
	}
}
