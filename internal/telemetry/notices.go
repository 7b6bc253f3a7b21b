package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// NoticeStats are what the metrics tell of notices and the mails with them.
type NoticeStats struct {
	Unplanned int64     // notices of the last days of which no mail tells
	Mails     int64     // that wait
	Oldest    time.Time // when the oldest of these was made; zero: none waits
	Dropped   int64     // mails that were given up
}

// ObserveNotices has the metrics tell of notices whenever they are read. An error of the function leaves them out.
func (m *Metrics) ObserveNotices(stats func(ctx context.Context) (NoticeStats, error)) error {
	meter := m.provider.Meter(scope)
	listed, err1 := meter.Int64ObservableGauge("assent.notices.listed",
		metric.WithDescription("Notices of the last three days that are only listed so far: no mail was planned for them."))
	waiting, err2 := meter.Int64ObservableGauge("assent.notice.mails.waiting", metric.WithDescription("Mails with notices that wait, on all servers."))
	dropped, err3 := meter.Int64ObservableGauge("assent.notice.mails.dropped",
		metric.WithDescription("Mails with notices of the last 90 days that were given up, on all servers."))
	oldest, err4 := meter.Float64ObservableGauge("assent.notice.mails.oldest.waiting", metric.WithUnit("s"),
		metric.WithDescription("When the oldest mail with notices was made that waits, as a Unix time; absent if none waits."))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return fmt.Errorf("make the metrics: %w", err)
	}
	return observeStored(meter, stats, func(o metric.Observer, s NoticeStats) {
		o.ObserveInt64(listed, s.Unplanned)
		o.ObserveInt64(waiting, s.Mails)
		o.ObserveInt64(dropped, s.Dropped)
		if !s.Oldest.IsZero() {
			o.ObserveFloat64(oldest, float64(s.Oldest.UnixMicro())/1e6)
		}
	}, listed, waiting, dropped, oldest)
}

// NoticeMailed counts an attempt to send a mail with notices. Outcomes are a closed set.
func (m *Metrics) NoticeMailed(outcome string) { m.noticeMails.WithLabelValues(outcome).Inc() }
