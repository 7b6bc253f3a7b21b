package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// FeedStats are what the metrics tell of the change feed.
type FeedStats struct {
	Watchers, Entries, Cut, Windows, Events int64
}

// ConsumerLag is how many events a registered consumer of the feed is behind. There are as many consumers as an administrator made.
type ConsumerLag struct {
	Consumer string
	Events   int64
}

// ObserveFeed has the metrics tell of the change feed whenever they are read. An error of lags leaves them out.
func (m *Metrics) ObserveFeed(read func() FeedStats, lags func(ctx context.Context) ([]ConsumerLag, error)) error {
	meter := m.provider.Meter(scope)
	var made []metric.Observable
	var failed error
	keep := func(o metric.Observable, err error) {
		made = append(made, o)
		if failed == nil {
			failed = err
		}
	}
	counter := func(name, description string) metric.Int64ObservableCounter {
		o, err := meter.Int64ObservableCounter(name, metric.WithDescription(description))
		keep(o, err)
		return o
	}
	watchers, err := meter.Int64ObservableGauge("assent.feed.watchers", metric.WithDescription("Watchers of the change feed."))
	keep(watchers, err)
	lag, err := meter.Int64ObservableGauge("assent.feed.consumer.lag",
		metric.WithDescription("Events that were recorded since what a registered consumer is known to have."))
	keep(lag, err)
	entries := counter("assent.feed.entries", "Changes that were sent to readers of the change feed.")
	cut := counter("assent.feed.cuts", "Watchers that were cut because they did not read what was sent.")
	windows := counter("assent.feed.windows", "Parts of the ledger that were read for the change feed.")
	events := counter("assent.feed.events", "Events in the parts of the ledger that were read for the change feed.")
	if failed != nil {
		return fmt.Errorf("make the metrics: %w", failed)
	}
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		stats := read()
		o.ObserveInt64(watchers, stats.Watchers)
		o.ObserveInt64(entries, stats.Entries)
		o.ObserveInt64(cut, stats.Cut)
		o.ObserveInt64(windows, stats.Windows)
		o.ObserveInt64(events, stats.Events)
		behind, err := lags(ctx)
		if err != nil {
			return nil //nolint:nilerr // The database is away, which other metrics tell.
		}
		for _, c := range behind {
			o.ObserveInt64(lag, c.Events, metric.WithAttributes(attribute.String("consumer", c.Consumer)))
		}
		return nil
	}, made...)
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}
