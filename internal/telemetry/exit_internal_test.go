package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// receiver is an exporter that fails while err is not nil.
type receiver struct {
	err   error
	spans []sdk.ReadOnlySpan
}

func (r *receiver) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	r.spans = append(r.spans, spans...)
	return r.err
}

func (r *receiver) Shutdown(context.Context) error { return nil }

func TestExit_HoldsBackWhatIsNotFromClosedSets(t *testing.T) {
	to := &receiver{}
	e := newExit(t.Context(), to, slog.New(slog.DiscardHandler))
	defer e.cut()
	span := tracetest.SpanStub{
		Name:       "store.read",
		Attributes: []attribute.KeyValue{attribute.String("user_agent", "anna"), attribute.Int(keySize, 3)},
		Events:     []sdk.Event{{Name: "exception anna"}}, Status: sdk.Status{Code: codes.Error, Description: "anna"},
	}.Snapshot()
	if err := e.ExportSpans(t.Context(), []sdk.ReadOnlySpan{span}); err != nil {
		t.Fatal(err)
	}
	got := to.spans[0]
	if a := got.Attributes(); len(a) != 1 || a[0] != attribute.Int(keySize, 3) {
		t.Errorf("attributes %v", a)
	}
	if got.Status() != (sdk.Status{Code: codes.Error}) || len(got.Events()) != 0 || got.Name() != "store.read" {
		t.Errorf("got %v, %v, %s", got.Status(), got.Events(), got.Name())
	}
}

func TestExit_FailuresInARow_AreLoggedOnce(t *testing.T) {
	var log strings.Builder
	to := &receiver{}
	e := newExit(t.Context(), to, slog.New(slog.NewTextHandler(&log, nil)))
	defer e.cut()
	for _, err := range []error{nil, errors.New("no way"), errors.New("no way"), nil, nil} {
		to.err = err
		if err := e.ExportSpans(t.Context(), nil); err != nil {
			t.Errorf("a failure reached the SDK, which tells a global handler of it: %v", err)
		}
	}
	for line, want := range map[string]int{"traces are not exported": 1, "traces are exported again": 1, "no way": 1} {
		if got := strings.Count(log.String(), line); got != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", line, got, want, log.String())
		}
	}
}

func TestParentOnly_ReadsTraceparentAndNothingElse(t *testing.T) {
	ctx := parentOnly{}.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "crm=anna@example.com", "baggage": "a=b",
	})
	got := trace.SpanContextFromContext(ctx)
	if got.SpanID().String() != "00f067aa0ba902b7" || !got.IsSampled() || !got.IsRemote() || got.TraceState().Len() != 0 {
		t.Errorf("got %v", got)
	}
	for _, wrong := range []string{"", "anna", "00-00000000000000000000000000000000-0000000000000000-01"} {
		ctx := parentOnly{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": wrong})
		if trace.SpanContextFromContext(ctx).IsValid() {
			t.Errorf("%q is a parent", wrong)
		}
	}
}
