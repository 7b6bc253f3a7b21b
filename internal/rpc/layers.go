package rpc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// requestIDKey is the name of the request id in metadata.
const requestIDKey = "x-request-id"

// recovery turns a panic into an INTERNAL error. What was thrown is logged only if it is an error of the runtime: any other
// value may hold what the message held.
func recovery(log *slog.Logger) layer {
	return func(ctx context.Context, c *call, next func(context.Context) error) (err error) {
		defer func() {
			thrown := recover()
			if thrown == nil {
				return
			}
			what := fmt.Sprintf("a value of type %T", thrown)
			if broken, ok := thrown.(runtime.Error); ok {
				what = broken.Error()
			}
			log.LogAttrs(ctx, slog.LevelError, "a call panicked", slog.String("method", c.method),
				slog.String("request_id", c.id), slog.String("panic", what), slog.String("stack", string(debug.Stack())))
			err = internal(c.id)
		}()
		return next(ctx)
	}
}

// requestID gives the call its id, which the caller may have chosen, and returns it as a header.
func requestID(ctx context.Context, c *call, next func(context.Context) error) error {
	c.id = idOf(metadata.ValueFromIncomingContext(ctx, requestIDKey))
	if err := grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.id)); err != nil {
		return fmt.Errorf("return the request id: %w", err)
	}
	return next(ctx)
}

// idOf returns the request id that was given, if it was given once and may stand in logs, else a new one.
func idOf(given []string) string {
	if len(given) == 1 && isSaneID(given[0]) {
		return given[0]
	}
	return rand.Text()
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

// accessLog logs every call at its end: who called what, and what came of it; never what it was about.
func accessLog(log *slog.Logger) layer {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		began := time.Now()
		code := codes.Internal // What a panic becomes further out.
		defer func() { logCall(ctx, log, c, began, code) }()
		err := next(ctx)
		code = status.Code(err)
		return err
	}
}

func logCall(ctx context.Context, log *slog.Logger, c *call, began time.Time, code codes.Code) {
	level := levelOf(code, c.row.quiet)
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.method), slog.String("code", code.String()),
		slog.Duration("duration", time.Since(began)), slog.String("client", c.client), slog.String("request_id", c.id),
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

// mapErrors turns errors into statuses. A stream that was ended with the cause stopping fails with that, whatever its handler
// makes of it.
func mapErrors(why *causes, stopping error) layer {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		err := next(ctx)
		if err == nil {
			return nil
		}
		if c.streaming && errors.Is(context.Cause(ctx), stopping) {
			err = stopping
		}
		return why.mapped(ctx, c, err)
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

// defaultDeadline gives a unary call a deadline that has none.
func defaultDeadline(ctx context.Context, c *call, next func(context.Context) error) error {
	if _, given := ctx.Deadline(); given || c.streaming {
		return next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, c.row.timeout)
	defer cancel()
	return next(ctx)
}
