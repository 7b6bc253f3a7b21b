package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// ListStats are what the metrics tell of an external list. There are as many lists as a client with the scope for it created.
type ListStats struct {
	List     string
	Entries  int64
	Obtained time.Time // when the version in force was got from the keeper of the list
	Stale    time.Time // from when on it is too old; zero: never
}

// ObserveLists has the metrics tell of external lists whenever they are read. An error of the function leaves them out.
func (m *Metrics) ObserveLists(stats func(ctx context.Context) ([]ListStats, error)) error {
	meter := m.provider.Meter(scope)
	entries, err1 := meter.Int64ObservableGauge("assent.external.list.entries",
		metric.WithDescription("Entries of the version of an external list that is in force."))
	obtained, err2 := meter.Float64ObservableGauge("assent.external.list.obtained", metric.WithUnit("s"),
		metric.WithDescription("When the version of an external list that is in force was obtained, as a Unix time."))
	stale, err3 := meter.Float64ObservableGauge("assent.external.list.stale", metric.WithUnit("s"),
		metric.WithDescription("From when on the version of an external list that is in force is too old, as a Unix time; absent if never."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, stats, func(o metric.Observer, all []ListStats) {
		for _, s := range all {
			of := metric.WithAttributes(attribute.String("list", s.List))
			o.ObserveInt64(entries, s.Entries, of)
			o.ObserveFloat64(obtained, float64(s.Obtained.UnixMicro())/1e6, of)
			if !s.Stale.IsZero() {
				o.ObserveFloat64(stale, float64(s.Stale.UnixMicro())/1e6, of)
			}
		}
	}, entries, obtained, stale)
}

// ListFailed counts a step of bringing an external list up to date that failed.
func (m *Metrics) ListFailed(list, step string) { m.listFailures.WithLabelValues(list, step).Inc() }
