package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// ObserveLedger has the metrics tell how far the ledger is ahead of the clock whenever they are read.
func (m *Metrics) ObserveLedger(ahead func() time.Duration) error {
	_, err := m.provider.Meter(scope).Float64ObservableGauge("assent.ledger.ahead", metric.WithUnit("s"),
		metric.WithDescription("How far the last recorded time is ahead of this server's clock; 0 where it is not, or by what clocks may differ."),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(ahead().Seconds())
			return nil
		}))
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}
