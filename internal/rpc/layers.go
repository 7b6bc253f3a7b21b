package rpc

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/fault"
)

// requestIDKey is the name of the request id in metadata.
const requestIDKey = "x-request-id"

// end is deferred around a call. It turns a panic into an INTERNAL error and logs the call: who called what, and what came of it;
// never what it was about.
func (a *API) end(ctx context.Context, c *call, err *error) {
	if thrown := recover(); thrown != nil {
		*err = a.recovered(ctx, c, thrown)
	}
	a.budget.end(c)
	a.logCall(ctx, c, status.Code(*err))
}

// recovered returns the error that a panic becomes, and logs of it what [fault.PanicText] allows.
func (a *API) recovered(ctx context.Context, c *call, thrown any) error {
	a.causes.log.LogAttrs(ctx, slog.LevelError, "a call panicked", slog.String("method", c.method),
		slog.String("request_id", c.id), slog.String("panic", fault.PanicText(thrown)), slog.String("stack", string(debug.Stack())))
	return internal(c.id)
}

// idOf returns the request id that was given, if it was given once and may stand in logs, else a new one.
func idOf(given []string) string {
	if len(given) == 1 && isSaneID(given[0]) {
		return given[0]
	}
	return newID()
}

// newID returns a request id. It identifies a call and is not a secret.
func newID() string {
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	var id [16]byte
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[i], id[8+i] = digits[high>>(5*i)&31], digits[low>>(5*i)&31]
	}
	return string(id[:])
}

// isSaneID reports whether a request id may stand in logs: it is short and no address.
func isSaneID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch b := id[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_', b == '.':
		default:
			return false
		}
	}
	return true
}

func (a *API) logCall(ctx context.Context, c *call, code codes.Code) {
	level, log := levelOf(code, c.row.quiet), a.causes.log
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.method), slog.String("code", code.String()),
		slog.Duration("duration", time.Since(c.began)), slog.String("client", c.client), slog.String("request_id", c.id),
	}
	if c.reason != "" {
		attrs = append(attrs, slog.String("reason", c.reason))
	}
	log.LogAttrs(ctx, level, "call", attrs...)
}

func levelOf(code codes.Code, quiet bool) slog.Level {
	switch {
	case code == codes.OK && quiet:
		return slog.LevelDebug
	case code == codes.Internal || code == codes.Unknown || code == codes.DataLoss:
		return slog.LevelError
	case code == codes.Unavailable:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// mapped returns the status that an error of the call leaves as, and logs what the status does not say.
func (s *causes) mapped(ctx context.Context, c *call, err error) error {
	reason, mapped := statusOf(c, err)
	c.reason = reason
	if reason == reasonInternal {
		s.log.LogAttrs(ctx, slog.LevelError, "a call failed", slog.String("method", c.method),
			slog.String("request_id", c.id), slog.String("error", err.Error()))
	} else {
		s.report(ctx, c, reason, err)
	}
	return mapped
}
