package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc/codes"
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
	observed    decisions
	checkpoints metric.Int64Counter
	calls       calls
	workers     workers
	counters

	storeDurations *prometheus.HistogramVec
}

// NewMetrics returns metrics that count from zero.
func NewMetrics(ctx context.Context) (*Metrics, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("make the metrics: %w", err)
	}
	m := &Metrics{
		registry: registry, provider: sdk.NewMeterProvider(sdk.WithReader(exporter)), calls: newCalls(), workers: newWorkers(),
		storeDurations: newStoreDurations(), counters: newCounters(),
	}
	for _, c := range append(m.allCounters(), m.calls, m.storeDurations, m.workers.runs, m.workers.last,
		newGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	) {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("make the metrics: %w", err)
		}
	}
	var errs [3]error
	_, errs[0] = m.provider.Meter(scope).Int64ObservableCounter("assent.decisions",
		metric.WithDescription("Decisions that checks were answered with."), metric.WithInt64Callback(m.decisions.observe))
	m.checkpoints, errs[1] = m.provider.Meter(scope).Int64Counter("assent.checkpoints",
		metric.WithDescription("Checkpoints for the checkpoint directory, by whether they are kept there."))
	_, errs[2] = m.provider.Meter(scope).Int64ObservableCounter("assent.decisions.would_defer",
		metric.WithDescription("Decisions to allow that a limit which is only observed would defer."), metric.WithInt64Callback(m.observed.observe))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(fmt.Errorf("make the metrics: %w", err), m.provider.Shutdown(ctx))
	}
	return m, nil
}

// Decided counts n decisions of checks on a channel of the catalog.
func (m *Metrics) Decided(channel, verdict, reason string, n int) {
	m.decisions.add(decision{channel, verdict, reason}, n)
}

// WouldDefer counts n decisions to allow that a limit which is only observed would defer, for the reason. A decision counts for each of its reasons.
func (m *Metrics) WouldDefer(channel, reason string, n int) {
	m.observed.add(decision{channel, "ALLOW", reason}, n)
}

// CheckpointKept counts a checkpoint that was to be kept, and whether it is.
func (m *Metrics) CheckpointKept(ctx context.Context, kept bool) {
	outcome := "failed"
	if kept {
		outcome = "kept"
	}
	m.checkpoints.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}

// Called counts a call of a method that exists: the name of one that does not is anything that a caller likes.
func (m *Metrics) Called(fullMethod string, code codes.Code, took time.Duration) {
	m.calls.add(fullMethod, code, took)
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
