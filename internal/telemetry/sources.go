package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// ObserveSources has the metrics tell which sources are held, whenever they are read. There are as many sources as an administrator made. An
// error of the function leaves them out.
func (m *Metrics) ObserveSources(held func(ctx context.Context) (map[string]bool, error)) error {
	meter := m.provider.Meter(scope)
	gauge, err := meter.Int64ObservableGauge("assent.source.held",
		metric.WithDescription("Whether the complaints of a source wait for a person: 1, else 0."))
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, held, func(o metric.Observer, all map[string]bool) {
		for source, is := range all {
			n := int64(0)
			if is {
				n = 1
			}
			o.ObserveInt64(gauge, n, metric.WithAttributes(attribute.String("source", source)))
		}
	}, gauge)
}

// SourceReported counts an event of a provider by what became of it. Kinds, events and outcomes are closed sets.
func (m *Metrics) SourceReported(kind, event, outcome string) {
	m.sourceEvents.WithLabelValues(kind, event, outcome).Inc()
}

// SourceRefused counts a request to a source that was not taken in. Kinds and reasons are closed sets.
func (m *Metrics) SourceRefused(kind, reason string) {
	m.sourceRefusals.WithLabelValues(kind, reason).Inc()
}
