package telemetry

import (
	"context"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// The attributes of this program's own spans.
const (
	keySize    = "assent.size"
	keyOutcome = "assent.outcome"
)

// exit is the way that spans leave the process. It holds back what is not from closed sets, and reports to the log what would
// otherwise reach a handler that is global.
type exit struct {
	exporter sdk.SpanExporter
	log      *slog.Logger
	life     context.Context // of exports, not of a call
	cut      context.CancelFunc

	mu      sync.Mutex
	failing bool
}

func newExit(ctx context.Context, exporter sdk.SpanExporter, log *slog.Logger) *exit {
	e := &exit{exporter: exporter, log: log}
	e.life, e.cut = context.WithCancel(ctx)
	return e
}

// ExportSpans exports spans. It returns nil even if that failed: only the first of several failures in a row is logged.
func (e *exit) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)() //nolint:contextcheck // The end of the server ends an export, too.
	held := make([]sdk.ReadOnlySpan, len(spans))
	for i, span := range spans {
		held[i] = closed{span}
	}
	e.report(ctx, e.exporter.ExportSpans(ctx, held))
	return nil
}

func (e *exit) report(ctx context.Context, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	failed := err != nil
	if failed == e.failing {
		return
	}
	e.failing = failed
	if failed {
		e.log.LogAttrs(ctx, slog.LevelWarn, "traces are not exported", slog.String("error", err.Error()))
	} else {
		e.log.LogAttrs(ctx, slog.LevelInfo, "traces are exported again")
	}
}

// Shutdown ends the exporter.
func (e *exit) Shutdown(ctx context.Context) error { return e.exporter.Shutdown(ctx) }

// closed is a span with nothing but what comes from closed sets, whatever a library puts into it.
type closed struct{ sdk.ReadOnlySpan }

// Attributes returns those with values from closed sets.
func (c closed) Attributes() []attribute.KeyValue {
	var kept []attribute.KeyValue
	for _, a := range c.ReadOnlySpan.Attributes() {
		switch a.Key {
		case "rpc.system.name", "rpc.method", "rpc.response.status_code", keySize, keyOutcome:
			kept = append(kept, a)
		}
	}
	return kept
}

// Status returns the status without its text.
func (c closed) Status() sdk.Status { return sdk.Status{Code: c.ReadOnlySpan.Status().Code} }

// Events returns none.
func (closed) Events() []sdk.Event { return nil }
