package server

import (
	"context"
	"errors"
	"log/slog"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/retention"
)

// forget deletes what is remembered of expired requests.
func (s *server) forget(ctx context.Context) error {
	_, err := s.local.DeleteExpiredRequests(ctx)
	return err
}

// measure notes how large the database is, for the metrics.
func (s *server) measure(ctx context.Context) error {
	size, err := s.local.store.Size(ctx)
	if err == nil {
		s.local.bytes.Store(size)
	}
	return err
}

// retain removes what the policy does not keep. Where there is no catalog there is no policy.
func (s *server) retain(ctx context.Context) error {
	ctx = access.WithCaller(ctx, access.Process("retention"))
	report, err := s.local.RunRetention(ctx, false)
	if ctx.Err() == nil {
		s.logRetention(ctx, &report)
	}
	var told *fault.Error
	if errors.As(err, &told) && told.Code == fault.NoCatalog {
		return nil
	}
	return err
}

func (s *server) logRetention(ctx context.Context, report *retention.Report) {
	var attrs []slog.Attr
	for _, c := range report.Classes {
		if c.Count > 0 {
			attrs = append(attrs, slog.Int64(c.Class, c.Count))
		}
	}
	if len(attrs) > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "retention removed what the policy does not keep", attrs...)
	}
}
