package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	nometrics "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/stats"
)

// lastGrace is how long the last spans may take to be exported when a server ends.
const lastGrace = 300 * time.Millisecond

// Traces are the traces of one server. Shutdown ends them.
type Traces struct {
	provider   *sdk.TracerProvider // nil: nothing is traced
	tracer     trace.Tracer
	exit       *exit
	propagator propagation.TextMapPropagator
}

// NewTraces returns traces that are exported by OTLP over gRPC as the OTEL_* variables of the process say, which the SDK reads by
// itself. Without an endpoint among them, with OTEL_SDK_DISABLED or with OTEL_TRACES_EXPORTER=none nothing is traced, and nothing
// is made or dialled. Variables that ask for what there is not are an error; a collector that does not answer is none.
func NewTraces(ctx context.Context, log *slog.Logger) (*Traces, error) {
	wanted, err := tracesWanted(os.Getenv)
	if err != nil {
		return nil, err
	}
	if !wanted {
		return &Traces{tracer: noop.NewTracerProvider().Tracer(scope), propagator: propagation.NewCompositeTextMapPropagator()}, nil
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "assent")), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("make the traces: %w", err)
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the traces: %w", err)
	}
	t := &Traces{exit: newExit(context.WithoutCancel(ctx), exporter, log), propagator: parentOnly{}}
	t.provider = sdk.NewTracerProvider(sdk.WithBatcher(t.exit), sdk.WithResource(about))
	t.tracer = t.provider.Tracer(scope)
	return t, nil
}

// tracesWanted reports whether the variables ask for traces.
func tracesWanted(env func(string) string) (bool, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	name, endpoint := first(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	exporter := env("OTEL_TRACES_EXPORTER")
	if endpoint == "" || exporter == "none" {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		return false, errors.New("OTEL_TRACES_EXPORTER: traces are exported by otlp, or none")
	}
	if name, protocol := first(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol != "" && protocol != "grpc" {
		return false, fmt.Errorf("%s: traces are exported by grpc only", name)
	}
	// The SDK would take another endpoint instead of one that it cannot read.
	if u, err := url.Parse(endpoint); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return false, fmt.Errorf("%s: it must be a URL such as http://127.0.0.1:4317", name)
	}
	return true, nil
}

// first returns the first of the variables that is not empty.
func first(env func(string) string, names ...string) (name, value string) {
	for _, name := range names {
		if value := env(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// Span begins a span of a piece of work, as part of what ctx belongs to. The name is one of the program, size how many things it
// is about. The function returned ends it with its outcome, a word of a closed set, and whether that is a failure.
func (t *Traces) Span(ctx context.Context, name string, size int) (context.Context, func(outcome string, failed bool)) {
	if t.provider == nil {
		return ctx, func(string, bool) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attribute.Int(keySize, size)))
	return ctx, func(outcome string, failed bool) {
		span.SetAttributes(attribute.String(keyOutcome, outcome))
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// CallHandler returns what traces the calls of a gRPC server; nil where nothing is traced. Only methods for which traced holds are: the
// name of a method that does not exist is anything that a caller likes.
func (t *Traces) CallHandler(traced func(fullMethod string) bool) stats.Handler {
	if t.provider == nil {
		return nil
	}
	return otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(t.provider),
		otelgrpc.WithMeterProvider(nometrics.NewMeterProvider()), // Calls are counted by [Metrics.Called], traced or not.
		otelgrpc.WithPropagators(t.propagator),
		otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool { return traced(info.FullMethodName) }),
	)
}

// Shutdown exports what has not been exported yet, for a moment, and ends the traces. That the collector did not take the last
// spans is logged and no error.
func (t *Traces) Shutdown(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	cut := time.AfterFunc(lastGrace, t.exit.cut)
	defer cut.Stop()
	defer t.exit.cut()
	if err := t.provider.Shutdown(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("end the traces: %w", err)
	}
	return nil
}

// parentOnly reads the parent of a trace from traceparent alone: tracestate and baggage may hold any text.
type parentOnly struct{}

const traceParent = "traceparent"

// Extract returns ctx with the parent that the carrier names.
func (parentOnly) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParent: carrier.Get(traceParent)})
}

// Inject adds nothing: a server makes no calls to other servers.
func (parentOnly) Inject(context.Context, propagation.TextMapCarrier) {}

// Fields returns the only header that is read.
func (parentOnly) Fields() []string { return []string{traceParent} }
