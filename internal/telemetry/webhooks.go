package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// WebhookStats are what the metrics tell of a webhook.
type WebhookStats struct {
	Webhook string
	Waiting int64     // messages
	Oldest  time.Time // when the oldest that waits was made; zero: none waits
	Dead    int64
}

// webhookCollector tells of webhooks whenever metrics are read.
type webhookCollector struct {
	stats                 func() []WebhookStats
	waiting, oldest, dead *prometheus.Desc
}

// ObserveWebhooks has the metrics tell of webhooks whenever they are read. The ids of webhooks are labels: administrators choose them, and
// there are few.
func (m *Metrics) ObserveWebhooks(stats func() []WebhookStats) error {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("assent_webhook_"+name, help, []string{"webhook"}, nil)
	}
	err := m.registry.Register(&webhookCollector{
		stats: stats, waiting: desc("waiting", "Messages to a webhook that wait, as the database has them."),
		oldest: desc("oldest_waiting_seconds", "When the oldest message was made that waits for a webhook, as a Unix time; absent if none waits."),
		dead:   desc("dead", "Messages to a webhook that were given up and not replayed, as the database has them."),
	})
	if err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return nil
}

// Describe describes the metrics.
func (c *webhookCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.waiting, c.oldest, c.dead} {
		to <- d
	}
}

// Collect tells the metrics.
func (c *webhookCollector) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.stats() {
		to <- prometheus.MustNewConstMetric(c.waiting, prometheus.GaugeValue, float64(s.Waiting), s.Webhook)
		to <- prometheus.MustNewConstMetric(c.dead, prometheus.GaugeValue, float64(s.Dead), s.Webhook)
		if !s.Oldest.IsZero() {
			to <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, float64(s.Oldest.UnixMicro())/1e6, s.Webhook)
		}
	}
}

// WebhookAttempted counts an attempt to send a message.
func (m *Metrics) WebhookAttempted(webhook, outcome string) {
	m.webhookAttempts.WithLabelValues(webhook, outcome).Inc()
}

func newWebhookAttempts() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "assent_webhook_attempts_total", Help: "Attempts of this server to send messages to webhooks, by what came of them.",
	}, []string{"webhook", "outcome"})
}
