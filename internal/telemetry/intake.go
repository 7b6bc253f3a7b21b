package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// Returned is what metrics tell of a report that came back. Each text is from a closed set, or an id of the catalog.
type Returned struct{ Source, Kind, Class, Outcome, Sender string }

// Returned counts a report that came back of a message.
func (m *Metrics) Returned(r Returned) {
	m.returned.WithLabelValues(r.Source, r.Kind, r.Class, r.Outcome, r.Sender).Inc()
}

// ObserveHints has the metrics tell how many hints wait for a person whenever they are read. An error of the function leaves it out.
func (m *Metrics) ObserveHints(count func(ctx context.Context) (int64, error)) error {
	meter := m.provider.Meter(scope)
	hints, err := meter.Int64ObservableGauge("assent.hints", metric.WithDescription("Hints that wait for a person, on all servers."))
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, count, func(o metric.Observer, n int64) { o.ObserveInt64(hints, n) }, hints)
}
