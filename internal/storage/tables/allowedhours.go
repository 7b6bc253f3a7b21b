package tables

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// AllowedHour is how many checks on a channel were answered with ALLOW in an hour, on all servers.
type AllowedHour struct {
	Hour    int64 // since 1970
	Channel string
	Allowed int64
}

// AllowedHours returns the counts from an hour on, by hour and channel.
func AllowedHours(ctx context.Context, from storage.TableReader, since int64) ([]AllowedHour, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read how much was allowed", SQL: `SELECT hour, channel, allowed FROM allowed_hours WHERE hour >= $1 ORDER BY hour, channel`,
		Args: []any{since},
	}, func(scan storage.Scan) (h AllowedHour, err error) { return h, scan(&h.Hour, &h.Channel, &h.Allowed) })
	return rows, err
}

// AddAllowed adds to the count of a channel in an hour.
func AddAllowed(h *AllowedHour) storage.Statement {
	return storage.Statement{
		Doing: "count what was allowed",
		SQL: portable.InsertInto("allowed_hours", "hour, channel, allowed") +
			" ON CONFLICT (hour, channel) DO UPDATE SET allowed = allowed_hours.allowed + excluded.allowed",
		Args: []any{h.Hour, h.Channel, h.Allowed},
	}
}

// DropAllowed deletes the counts of before an hour.
func DropAllowed(before int64) storage.Statement {
	return storage.Statement{
		Doing: "delete old counts of what was allowed", SQL: `DELETE FROM allowed_hours WHERE hour < $1`, Args: []any{before},
	}
}
