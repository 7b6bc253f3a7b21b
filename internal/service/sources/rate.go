package sources

import (
	"context"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// heldFrom is how many complaints of an hour are never too many: a small sender reaches any share with a few.
	heldFrom = 20
	// heldShare is one complaint in how many messages that were allowed is too many: 1 %.
	heldShare = 100
	// heldWindow is how far back the hour with most messages is looked for: complaints come up to days after the message.
	heldWindow = 72 * time.Hour
)

// countComplaints counts complaints of a source that were new, and reports whether it is held from now on.
func (s *Sources) countComplaints(ctx context.Context, source *tables.Source, complaints int) (held bool, err error) {
	now := s.Clock()
	err = s.Store.WriteTables(ctx, tables.CountComplaints(source.ID, hourOf(now), int64(complaints)))
	if err != nil {
		return false, env.StoreFault(err)
	}
	rows, err := tables.SourceOf(ctx, s.Store, source.ID)
	if err != nil || len(rows) == 0 {
		return false, env.StoreFault(err)
	}
	row := &rows[0]
	if row.Held != 0 || row.Complaints < heldFrom {
		return row.Held != 0, nil
	}
	most, err := s.mostAllowed(ctx, row.Department, hourOf(now.Add(-heldWindow)))
	if err != nil || row.Complaints*heldShare <= most {
		return false, err
	}
	if err := s.Store.WriteTables(ctx, tables.HoldSource(row.ID, s.Instant(), "")); err != nil {
		return false, env.StoreFault(err)
	}
	s.Log.LogAttrs(ctx, slog.LevelWarn, "a source is held: it reported more complaints in an hour than 1 % of what was allowed; its complaints "+
		"wait for a person until it is released", slog.String("source", row.ID), slog.Int64("complaints", row.Complaints), slog.Int64("allowed", most))
	return true, nil
}

// mostAllowed returns how many checks of a department, or of all if that is empty, were allowed in the hour in which most were, from an hour on.
func (s *Sources) mostAllowed(ctx context.Context, department string, since int64) (int64, error) {
	if err := s.allowed.FlushAllowed(ctx); err != nil {
		return 0, err
	}
	counts, err := tables.AllowedHours(ctx, s.Store, since)
	if err != nil {
		return 0, env.StoreFault(err)
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return 0, env.StoreFault(err)
	}
	versions, err := s.reference.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return 0, err
	}
	departments := map[string]string{}
	for i := range versions { // By the last catalog that has the channel.
		for _, channel := range versions[i].Parsed.Channels {
			departments[channel.ID] = channel.Department
		}
	}
	hours, most := map[int64]int64{}, int64(0)
	for _, c := range counts {
		if department == "" || departments[c.Channel] == department {
			hours[c.Hour] += c.Allowed
			most = max(most, hours[c.Hour])
		}
	}
	return most, nil
}

// HeldSources returns for each source whether it is held.
func (s *Sources) HeldSources(ctx context.Context) (map[string]bool, error) {
	rows, err := tables.Sources(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	held := make(map[string]bool, len(rows))
	for i := range rows {
		held[rows[i].ID] = rows[i].Held != 0
	}
	return held, nil
}

// ForgetSources deletes tokens whose time is over, and old counts of what was allowed.
func (s *Sources) ForgetSources(ctx context.Context) error {
	return env.StoreFault(s.Store.WriteTables(ctx, tables.DropSourceTokens(s.Instant()), tables.DropAllowed(hourOf(s.Clock().Add(-allowedKept)))))
}
