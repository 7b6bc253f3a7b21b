package txn

import (
	"context"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// LedgerSkew is how far the last recorded time may be ahead of this server's clock: two servers, each off the database's clock by as much
// as it may be, are no farther apart. Beyond it the clock was ahead when that was recorded, or is behind now.
const LedgerSkew = 2 * maxDatabaseSkew

// aheadOf returns how far the ledger is ahead of the clock, and 0 where it is within [LedgerSkew].
func (e *Engine) aheadOf(head *storage.Head) time.Duration {
	if ahead := head.Recorded.Time().Sub(e.Clock()); head.Recorded != 0 && ahead > LedgerSkew {
		return ahead
	}
	return 0
}

// noteClockLag keeps for the metrics how far the ledger is ahead, and logs when that begins and ends.
func (e *Engine) noteClockLag(ctx context.Context, ahead time.Duration) {
	was := e.ahead.Swap(int64(ahead))
	switch {
	case was == 0 && ahead > 0:
		e.Log.LogAttrs(ctx, slog.LevelError, "THE LEDGER IS AHEAD OF THE CLOCK: a clock was ahead when something was recorded, or this "+
			"server's is behind; consents are not recorded until the clock has caught up (docs/operations.md, Clocks)",
			slog.Duration("ahead", ahead.Round(time.Second)), slog.Bool("accepted", e.acceptAhead))
	case was > 0 && ahead == 0:
		e.Log.LogAttrs(ctx, slog.LevelInfo, "the ledger is no longer ahead of the clock")
	}
}

// LedgerAhead returns how far the ledger was ahead of the clock when the store was last asked; 0: it was not.
func (e *Engine) LedgerAhead() time.Duration { return time.Duration(e.ahead.Load()) }

func clockBehindLedger(ahead time.Duration) error {
	return fault.Errorf(fault.ClockSkew, "",
		"the last recorded event is %s ahead of this server's clock; until the clock has caught up only refusals are recorded",
		ahead.Round(time.Second))
}

// CheckClock returns an error while the head is ahead of the clock and that is not accepted.
func (e *Engine) CheckClock(ctx context.Context, head *storage.Head) error {
	ahead := e.aheadOf(head)
	if e.noteClockLag(ctx, ahead); ahead > 0 && !e.acceptAhead {
		return clockBehindLedger(ahead)
	}
	return nil
}
