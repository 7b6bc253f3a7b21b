package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/assent-io/assent/internal/storage"
)

// commitError is an error after which it is unknown whether the transaction was committed.
type commitError struct{ error }

func (e *commitError) Unwrap() error { return e.error }

// classify turns an error into one of the port's, with what was being done. If the context is done, its cause is the
// error; errors that are the port's already keep what they are. What the server says of rows (its detail) is left out.
func classify(ctx context.Context, doing string, err error) error {
	var commit *commitError
	err = advised(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &commit):
		return fmt.Errorf("%s: %w: %w", doing, storage.ErrCommitUnknown, err)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case isPort(err):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("%s: %w", doing, storage.ErrNotInitialised)
	case isOutage(err):
		return fmt.Errorf("%s: %w: %w", doing, storage.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

func isPort(err error) bool {
	for _, kind := range []error{
		storage.ErrUnavailable, storage.ErrCommitUnknown, storage.ErrNotInitialised, storage.ErrInitialised, storage.ErrClosed,
		storage.ErrText,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// isOutage reports whether the database is to blame, not the statement: it cannot be reached, went away, is starting,
// stopping or a standby, has no room, or asks to try again.
func isOutage(err error) bool {
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		return true
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return isOutageCode(answer)
	}
	return isBroken(err)
}

func isOutageCode(answer *pgconn.PgError) bool {
	switch answer.Code {
	case pgerrcode.ReadOnlySQLTransaction, pgerrcode.IdleInTransactionSessionTimeout, pgerrcode.SerializationFailure,
		pgerrcode.DeadlockDetected, pgerrcode.LockNotAvailable, pgerrcode.QueryCanceled:
		return true
	}
	return isLostStatement(answer) || isFatal(answer) || pgerrcode.IsConnectionException(answer.Code) || pgerrcode.IsInsufficientResources(answer.Code) ||
		pgerrcode.IsOperatorIntervention(answer.Code) || pgerrcode.IsSystemError(answer.Code)
}

// isFatal reports whether the server ended the connection with its answer.
func isFatal(answer *pgconn.PgError) bool {
	severity := answer.SeverityUnlocalized
	return severity == "FATAL" || severity == "PANIC"
}

// isBroken reports whether the connection broke.
func isBroken(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) || pgconn.SafeToRetry(err) ||
		pgconn.Timeout(err)
}
