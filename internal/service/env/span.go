package env

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/fault"
)

// BeginSpan is told when something that a trace shows begins, as part of what ctx belongs to; what it returns, when that has
// ended. Names and outcomes are from closed sets; size is how many subjects or events it is about.
type BeginSpan func(ctx context.Context, name string, size int) (context.Context, func(outcome string, failed bool))

// The spans of traces inside a call.
const (
	// SpanRead is a reading of the store.
	SpanRead = "store.read"
	// SpanFence is the waiting until the index has caught up with what was acknowledged.
	SpanFence = "index.fence"
	// SpanWrite is a write from when it is handed over until it is durable: its waiting, deciding and committing.
	SpanWrite = "store.write"
)

// How what a span shows ended.
const (
	outcomeOK          = "ok"
	outcomeRefused     = "refused"
	outcomeUnavailable = "unavailable"
	outcomeCancelled   = "cancelled"
	outcomeFailed      = "failed"
)

// Traced does something inside a span.
func (e *Env) Traced(ctx context.Context, name string, size int, do func(ctx context.Context) error) error {
	ctx, end := e.BeginSpan(ctx, name, size)
	outcome := outcomeFailed // What a panic is.
	defer func() { end(outcome, outcome == outcomeFailed || outcome == outcomeUnavailable) }()
	err := do(ctx)
	outcome = outcomeOf(err)
	return err
}

func outcomeOf(err error) string {
	if err == nil {
		return outcomeOK
	}
	err = StoreFault(err)
	var told *fault.Error
	switch {
	case errors.As(err, &told):
		if told.Code == fault.Unavailable || told.Code == fault.ServerStopping {
			return outcomeUnavailable
		}
		return outcomeRefused
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return outcomeCancelled
	default:
		return outcomeFailed
	}
}
