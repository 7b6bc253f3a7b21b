package telemetry

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// StoreStats are what the metrics tell of the store of a server.
type StoreStats struct {
	InUse, Idle, Max int           // connections
	Waits            int64         // how often a connection had to be waited for
	Waited           time.Duration // all these waits together
	Queued           int           // writes that wait for their transaction
	Bytes            int64         // that the database takes on disk; 0: not known yet
}

// ServerStats are what the metrics read from a server.
type ServerStats struct {
	Store func() StoreStats
	// CertificateEnd returns when the certificate that is served ends; nil: there is no TLS.
	CertificateEnd func() time.Time
}

// ObserveServer has the metrics tell of a server whenever they are read.
func (m *Metrics) ObserveServer(stats ServerStats) error {
	if err := m.registry.Register(newServerCollector(stats)); err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}

type serverCollector struct {
	stats                                       ServerStats
	connections, maximum, waits, waited, queued *prometheus.Desc
	bytes, certificate, build                   *prometheus.Desc
}

func newServerCollector(stats ServerStats) *serverCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("assent_"+name, help, labels, nil)
	}
	return &serverCollector{
		stats:       stats,
		connections: desc("store_connections", "Connections to the database, by what they do.", "state"),
		maximum:     desc("store_connections_max", "How many connections to the database there may be."),
		waits:       desc("store_connection_waits_total", "How often a connection to the database had to be waited for."),
		waited:      desc("store_connection_wait_seconds_total", "How long connections to the database were waited for."),
		queued:      desc("store_queued_writes", "Writes that wait for their transaction."),
		bytes:       desc("store_bytes", "What the database takes on disk, its indexes included."),
		certificate: desc("tls_certificate_not_after_seconds", "When the certificate that is served ends, as a Unix time."),
		build:       desc("build_info", "Always 1, with the version of the program.", "version", "goversion"),
	}
}

// Describe describes the metrics.
func (c *serverCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.maximum, c.waits, c.waited, c.queued, c.bytes, c.certificate, c.build} {
		to <- d
	}
}

// Collect tells the metrics.
func (c *serverCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s := c.stats.Store()
	gauge(c.connections, float64(s.InUse), "in_use")
	gauge(c.connections, float64(s.Idle), "idle")
	gauge(c.maximum, float64(s.Max))
	to <- prometheus.MustNewConstMetric(c.waits, prometheus.CounterValue, float64(s.Waits))
	to <- prometheus.MustNewConstMetric(c.waited, prometheus.CounterValue, s.Waited.Seconds())
	gauge(c.queued, float64(s.Queued))
	if s.Bytes > 0 {
		gauge(c.bytes, float64(s.Bytes))
	}
	if c.stats.CertificateEnd != nil {
		gauge(c.certificate, float64(c.stats.CertificateEnd().Unix()))
	}
	gauge(c.build, 1, BuildVersion(), runtime.Version())
}

// newStoreDurations returns the histogram of what the store is asked to do.
func newStoreDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "assent_store_operation_duration_seconds",
		Help:    "How long reads of the database took, and writes from when they were handed over until they were durable.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"operation", "outcome"})
}

// spansOfStore returns the operation of the spans that are one of the store.
func spansOfStore(name string) (operation string, ok bool) {
	switch name {
	case "store.read":
		return "read", true
	case "store.write":
		return "write", true
	default:
		return "", false
	}
}

// Timed returns a function that begins a span as begin does, and counts how long the spans of the store took.
func (m *Metrics) Timed(
	begin func(context.Context, string, int) (context.Context, func(string, bool)),
) func(context.Context, string, int) (context.Context, func(string, bool)) {
	return func(ctx context.Context, name string, size int) (context.Context, func(string, bool)) {
		ctx, end := begin(ctx, name, size)
		operation, ok := spansOfStore(name)
		if !ok {
			return ctx, end
		}
		began := time.Now()
		return ctx, func(outcome string, failed bool) {
			m.storeDurations.WithLabelValues(operation, outcome).Observe(time.Since(began).Seconds())
			end(outcome, failed)
		}
	}
}

// BuildVersion returns the version of the program, or the commit that it was built from.
func BuildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if commit == "" {
		return "devel"
	}
	return commit[:min(12, len(commit))] + changed
}
