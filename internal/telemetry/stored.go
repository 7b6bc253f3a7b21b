package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// observeStored has instruments tell of what the database has whenever the metrics are read. Where it cannot be read they are left out: that the
// database is away other metrics tell.
func observeStored[T any](
	meter metric.Meter, read func(context.Context) (T, error), tell func(metric.Observer, T), instruments ...metric.Observable,
) error {
	_, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		if stored, err := read(ctx); err == nil {
			tell(o, stored)
		}
		return nil
	}, instruments...)
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}
