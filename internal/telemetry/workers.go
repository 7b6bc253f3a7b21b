package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// workers counts the runs of what a server does again and again.
type workers struct {
	runs *prometheus.CounterVec
	last *prometheus.GaugeVec
}

func newWorkers() workers {
	return workers{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "assent_worker_runs_total", Help: "Runs of the workers of the server, by whether they failed.",
		}, []string{"worker", "outcome"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "assent_worker_last_success_seconds", Help: "When a worker last did its work, as a Unix time.",
		}, []string{"worker"}),
	}
}

// AddWorker begins the counts of a worker at 0, so that an alert sees its first failure as one more.
func (m *Metrics) AddWorker(worker string) {
	for _, outcome := range []string{"done", "failed"} {
		m.workers.runs.WithLabelValues(worker, outcome)
	}
}

// WorkerRan counts a run of a worker. The names of workers are a closed set.
func (m *Metrics) WorkerRan(worker string, failed bool) {
	if failed {
		m.workers.runs.WithLabelValues(worker, "failed").Inc()
		return
	}
	m.workers.runs.WithLabelValues(worker, "done").Inc()
	m.workers.last.WithLabelValues(worker).SetToCurrentTime()
}

// WorkerSucceeded says when a worker last did its work, where that was before this process or in another one.
func (m *Metrics) WorkerSucceeded(worker string, at time.Time) {
	m.workers.last.WithLabelValues(worker).Set(float64(at.UnixMilli()) / 1000)
}
