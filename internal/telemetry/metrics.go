package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc/stats"
)

// newGoCollector returns what the runtime tells of itself, with what the heap holds after a collection: the other figures of the heap go up
// and down with each collection, and do not show whether memory grows.
func newGoCollector() prometheus.Collector {
	return collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
		collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}))
}

// scope names the instruments of this program.
const scope = "github.com/assent-io/assent"

// Metrics are the metrics of one server. Shutdown ends them.
type Metrics struct {
	registry    *prometheus.Registry
	provider    *sdk.MeterProvider
	decisions   decisions
	checkpoints metric.Int64Counter
}

// NewMetrics returns metrics that count from zero.
func NewMetrics(ctx context.Context) (*Metrics, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("make the metrics: %w", err)
	}
	for _, c := range []prometheus.Collector{
		newGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("make the metrics: %w", err)
		}
	}
	m := &Metrics{
		registry: registry,
		provider: sdk.NewMeterProvider(sdk.WithReader(exporter), sdk.WithView(callsByMethod())),
	}
	var errs [2]error
	_, errs[0] = m.provider.Meter(scope).Int64ObservableCounter("assent.decisions",
		metric.WithDescription("Decisions that checks were answered with."), metric.WithInt64Callback(m.decisions.observe))
	m.checkpoints, errs[1] = m.provider.Meter(scope).Int64Counter("assent.checkpoints",
		metric.WithDescription("Checkpoints for the checkpoint directory, by whether they are kept there."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(fmt.Errorf("make the metrics: %w", err), m.provider.Shutdown(ctx))
	}
	return m, nil
}

// callsByMethod keeps the labels of calls to what comes from closed sets.
func callsByMethod() sdk.View {
	return sdk.NewView(sdk.Instrument{Name: "rpc.server.*"}, sdk.Stream{
		AttributeFilter: attribute.NewAllowKeysFilter("rpc.method", "rpc.response.status_code"),
	})
}

// Decided counts n decisions of checks on a channel of the catalog.
func (m *Metrics) Decided(channel, verdict, reason string, n int) {
	m.decisions.add(decision{channel, verdict, reason}, n)
}

// CheckpointKept counts a checkpoint that was to be kept, and whether it is.
func (m *Metrics) CheckpointKept(ctx context.Context, kept bool) {
	outcome := "failed"
	if kept {
		outcome = "kept"
	}
	m.checkpoints.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}

// CallHandler returns what measures and traces the calls of a gRPC server. Only methods for which measured holds are: the name of a
// method that does not exist is anything that a caller likes.
func (m *Metrics) CallHandler(traces *Traces, measured func(fullMethod string) bool) stats.Handler {
	return otelgrpc.NewServerHandler(
		otelgrpc.WithMeterProvider(m.provider),
		otelgrpc.WithTracerProvider(traces.tracerProvider()),
		otelgrpc.WithPropagators(traces.propagator),
		otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool { return measured(info.FullMethodName) }),
	)
}

// Handler returns the page that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Shutdown ends the metrics.
func (m *Metrics) Shutdown(ctx context.Context) error {
	if err := m.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("end the metrics: %w", err)
	}
	return nil
}
