package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// ObserveImports has the metrics tell how many imports there are in each state whenever they are read. An error of the function leaves them out.
func (m *Metrics) ObserveImports(states func(ctx context.Context) (map[string]int64, error)) error {
	meter := m.provider.Meter(scope)
	imports, err := meter.Int64ObservableGauge("assent.imports", metric.WithDescription("Imports of lists, on all servers, by state."))
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, states, func(o metric.Observer, counts map[string]int64) {
		for state, n := range counts {
			o.ObserveInt64(imports, n, metric.WithAttributes(attribute.String("state", state)))
		}
	}, imports)
}

// ObserveSends has the metrics tell how many sends there are in each state, whenever they are read. An error of the function leaves them out.
func (m *Metrics) ObserveSends(states func(ctx context.Context) (map[string]int64, error)) error {
	meter := m.provider.Meter(scope)
	sends, err := meter.Int64ObservableGauge("assent.sends", metric.WithDescription("Planned mailings, on all servers, by state."))
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, states, func(o metric.Observer, counts map[string]int64) {
		for state, n := range counts {
			o.ObserveInt64(sends, n, metric.WithAttributes(attribute.String("state", state)))
		}
	}, sends)
}

// RowsImported counts rows of lists that were imported, previews left out.
func (m *Metrics) RowsImported(outcome string, n int64) {
	m.importRows.WithLabelValues(outcome).Add(float64(n))
}
