package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// WebhookStats are what the metrics tell of a webhook. There are as many webhooks as an administrator made.
type WebhookStats struct {
	Webhook string
	Waiting int64     // messages
	Oldest  time.Time // when the oldest that waits was made; zero: none waits
	Dead    int64
}

// ObserveWebhooks has the metrics tell of webhooks whenever they are read. An error of the function leaves them out.
func (m *Metrics) ObserveWebhooks(stats func(ctx context.Context) ([]WebhookStats, error)) error {
	meter := m.provider.Meter(scope)
	waiting, err1 := meter.Int64ObservableGauge("assent.webhook.waiting", metric.WithDescription("Messages to a webhook that wait, on all servers."))
	dead, err2 := meter.Int64ObservableGauge("assent.webhook.dead",
		metric.WithDescription("Messages to a webhook that were given up and not replayed, on all servers."))
	oldest, err3 := meter.Float64ObservableGauge("assent.webhook.oldest.waiting", metric.WithUnit("s"),
		metric.WithDescription("When the oldest message was made that waits for a webhook, as a Unix time; absent if none waits."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, stats, func(o metric.Observer, all []WebhookStats) {
		for _, s := range all {
			of := metric.WithAttributes(attribute.String("webhook", s.Webhook))
			o.ObserveInt64(waiting, s.Waiting, of)
			o.ObserveInt64(dead, s.Dead, of)
			if !s.Oldest.IsZero() {
				o.ObserveFloat64(oldest, float64(s.Oldest.UnixMicro())/1e6, of)
			}
		}
	}, waiting, dead, oldest)
}

// WebhookAttempted counts an attempt to send a message.
func (m *Metrics) WebhookAttempted(webhook, outcome string) {
	m.webhookAttempts.WithLabelValues(webhook, outcome).Inc()
}
