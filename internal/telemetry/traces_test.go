package telemetry_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/telemetry"
)

// newTraces returns traces under the variables, with no other OTEL_* one set.
func newTraces(t *testing.T, env map[string]string) *telemetry.Traces {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	traces, err := telemetry.NewTraces(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := traces.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return traces
}

func TestTraces_Unset_SpansLeaveTheContextAsItIs(t *testing.T) {
	traces := newTraces(t, nil)
	ctx, end := traces.Span(t.Context(), "store.read", 1)
	end("ok", false)
	if ctx != t.Context() {
		t.Error("something is traced")
	}
}

func TestTraces_EndpointOfTraces_GoesOverTheGeneralOne(t *testing.T) {
	traces := newTraces(t, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "not a URL",
	})
	ctx, end := traces.Span(t.Context(), "store.read", 1)
	end("ok", false)
	if ctx == t.Context() {
		t.Error("nothing is traced")
	}
}
