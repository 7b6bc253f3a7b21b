package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/telemetry"
	"github.com/assent-io/assent/internal/webhook"
)

// signals are what a server tells of itself besides its log.
type signals struct {
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
}

func newSignals(ctx context.Context, log *slog.Logger) (*signals, error) {
	metrics, err := telemetry.NewMetrics(ctx)
	if err != nil {
		return nil, err
	}
	traces, err := telemetry.NewTraces(ctx, log)
	if err != nil {
		return nil, errors.Join(err, metrics.Shutdown(ctx))
	}
	return &signals{metrics: metrics, traces: traces}, nil
}

// shutdown ends both, whatever has become of the context.
func (s *signals) shutdown(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(s.traces.Shutdown(ctx), s.metrics.Shutdown(ctx))
}

// observe has the metrics tell of a server whenever they are read.
func (s *signals) observe(local *Local, l *listeners) error {
	return errors.Join(s.metrics.ObserveIndex(indexStates(), local.observe), s.metrics.ObserveLedger(local.LedgerAhead),
		s.metrics.ObserveServer(serverStats(local, l)), s.metrics.ObserveFeed(local.feedStats, local.feedLags),
		s.metrics.ObserveWebhooks(local.webhookStats), s.metrics.ObserveImports(local.ImportStates), s.metrics.ObserveLists(local.listStats),
		s.metrics.ObserveHints(local.CountHints), s.metrics.ObserveSources(local.HeldSources),
		s.metrics.ObserveSends(local.SendStates), s.metrics.ObserveNotices(local.noticeStats))
}

// countSources returns what counts what providers tell.
func (s *signals) countSources() sources.Options {
	return sources.Options{Counted: s.metrics.SourceReported, Refused: s.metrics.SourceRefused}
}

// countReport counts what came back.
func (s *signals) countReport(c intake.Counted) {
	s.metrics.Returned(telemetry.Returned{
		Source: c.Source, Kind: string(c.Kind), Class: string(c.Class), Outcome: string(c.Outcome), Sender: c.Sender,
	})
}

// feedStats returns what the metrics tell of the change feed.
func (l *Local) feedStats() telemetry.FeedStats { return telemetry.FeedStats(l.FeedStats()) }

// feedLags returns how far the consumers of the feed are behind.
func (l *Local) feedLags(ctx context.Context) ([]telemetry.ConsumerLag, error) {
	lags, err := l.FeedLags(ctx)
	list := make([]telemetry.ConsumerLag, len(lags))
	for i := range lags {
		list[i] = telemetry.ConsumerLag(lags[i])
	}
	return list, err
}

// webhookStats returns what metrics tell of webhooks.
func (l *Local) webhookStats(ctx context.Context) ([]telemetry.WebhookStats, error) {
	backlogs, err := l.WebhookBacklogs(ctx)
	stats := make([]telemetry.WebhookStats, len(backlogs))
	for i, b := range backlogs {
		stats[i] = telemetry.WebhookStats{Webhook: b.Webhook, Waiting: b.Waiting, Dead: b.Dead}
		if !b.Oldest.IsZero() {
			stats[i].Oldest = b.Oldest.Time()
		}
	}
	return stats, err
}

// listStats returns what metrics tell of external lists.
func (l *Local) listStats(ctx context.Context) ([]telemetry.ListStats, error) {
	standings, err := l.Standings(ctx)
	stats := make([]telemetry.ListStats, len(standings))
	for i, s := range standings {
		stats[i] = telemetry.ListStats{List: s.List, Entries: s.Entries, Obtained: s.Obtained.Time()}
		if !s.Stale.IsZero() {
			stats[i].Stale = s.Stale.Time()
		}
	}
	return stats, err
}

// countDecisions counts decisions.
func (s *signals) countDecisions(channel string, d *consent.Decision, n int) {
	s.metrics.Decided(channel, d.Verdict.String(), string(d.Reason), n)
	if i := slices.Index(d.Reasons, consent.CodeWouldDefer); i >= 0 {
		for _, code := range d.Reasons[i+1:] {
			s.metrics.WouldDefer(channel, string(code), n)
		}
	}
}

// countAttempts counts attempts to send messages to webhooks.
func (s *signals) countAttempts(id string, outcome webhook.Outcome) {
	s.metrics.WebhookAttempted(id, string(outcome))
}

// countCheckpoints returns what counts checkpoints that were to be kept.
func (s *signals) countCheckpoints(ctx context.Context) func(kept bool) {
	return func(kept bool) { s.metrics.CheckpointKept(ctx, kept) }
}
