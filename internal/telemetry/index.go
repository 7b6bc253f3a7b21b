package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// IndexStats are what the metrics tell of an index.
type IndexStats struct {
	State      string // one of those that ObserveIndex was given
	Recipients int64
	Bytes      int64
	Rounds     int64 // in which news were asked for
	Reloads    int64 // after another history, or after what could not be told
	Follows    bool  // whether it holds what there is, so that Behind says something
	Behind     time.Duration
	Loaded     time.Duration // what the last loading took
	Compared   int64         // answers that were decided again
	Differing  int64
	Skipped    int64 // answers that were to be decided again, and could not be
}

// ObserveIndex has the metrics tell of an index whenever they are read: in which of the states it is, and its figures. False from read:
// there is none.
func (m *Metrics) ObserveIndex(states []string, read func() (stats IndexStats, there bool)) error {
	meter := m.provider.Meter(scope)
	var made []metric.Observable
	var failed error
	keep := func(o metric.Observable, err error) {
		made = append(made, o)
		if failed == nil {
			failed = err
		}
	}
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		o, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		keep(o, err)
		return o
	}
	counter := func(name, description string) metric.Int64ObservableCounter {
		o, err := meter.Int64ObservableCounter(name, metric.WithDescription(description))
		keep(o, err)
		return o
	}
	state := gauge("assent.index.state", "", "What the index is doing: 1 for the present state.")
	recipients := gauge("assent.index.recipients", "", "Subjects with states in the index.")
	bytes := gauge("assent.index.size", "By", "Memory of the index.")
	rounds := counter("assent.index.rounds", "How often the index asked the database what is new.")
	reloads := counter("assent.index.reloads", "How often the index was loaded anew after the start.")
	compared := counter("assent.index.samples", "Answers of the index that were decided again from the ledger.")
	differing := counter("assent.index.samples.differing", "Answers of the index that the ledger contradicts.")
	duration := func(name, description string) metric.Float64ObservableGauge {
		o, err := meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
		keep(o, err)
		return o
	}
	skipped := counter("assent.index.samples.skipped", "Answers of the index that were to be decided again, and could not be.")
	behind := duration("assent.index.behind", "How old what the index holds is at most: everything acknowledged longer ago is in it.")
	loaded := duration("assent.index.load", "What the last loading of the index took.")
	if failed != nil {
		return fmt.Errorf("make the metrics: %w", failed)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats, there := read()
		if !there {
			return nil
		}
		observeState(o, state, states, stats.State)
		o.ObserveInt64(recipients, stats.Recipients)
		o.ObserveInt64(bytes, stats.Bytes)
		o.ObserveInt64(rounds, stats.Rounds)
		o.ObserveInt64(reloads, stats.Reloads)
		o.ObserveInt64(compared, stats.Compared)
		o.ObserveInt64(differing, stats.Differing)
		o.ObserveInt64(skipped, stats.Skipped)
		if stats.Follows {
			o.ObserveFloat64(behind, stats.Behind.Seconds())
		}
		o.ObserveFloat64(loaded, stats.Loaded.Seconds())
		return nil
	}, made...)
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}

func observeState(o metric.Observer, gauge metric.Int64Observable, states []string, present string) {
	for _, name := range states {
		var value int64
		if name == present {
			value = 1
		}
		o.ObserveInt64(gauge, value, metric.WithAttributes(attribute.String("state", name)))
	}
}
