package service

import (
	"context"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// ledgerSkew is how far the last recorded time may be ahead of this server's clock: two servers, each off the database's clock by as much
// as it may be, are no farther apart. Beyond it the clock was ahead when that was recorded, or is behind now.
const ledgerSkew = 2 * databaseSkew

// aheadOf returns how far the ledger is ahead of the clock, and 0 where it is within [ledgerSkew].
func (s *Service) aheadOf(head *storage.Head) time.Duration {
	if ahead := head.Recorded.Time().Sub(s.now()); head.Recorded != 0 && ahead > ledgerSkew {
		return ahead
	}
	return 0
}

// noteAhead keeps for the metrics how far the ledger is ahead, and logs when that begins and ends.
func (s *Service) noteAhead(ctx context.Context, ahead time.Duration) {
	was := s.ahead.Swap(int64(ahead))
	switch {
	case was == 0 && ahead > 0:
		s.log.LogAttrs(ctx, slog.LevelError, "THE LEDGER IS AHEAD OF THE CLOCK: a clock was ahead when something was recorded, or this "+
			"server's is behind; consents are not recorded until the clock has caught up (docs/operations.md, Clocks)",
			slog.Duration("ahead", ahead.Round(time.Second)), slog.Bool("accepted", s.acceptAhead))
	case was > 0 && ahead == 0:
		s.log.LogAttrs(ctx, slog.LevelInfo, "the ledger is no longer ahead of the clock")
	}
}

// LedgerAhead returns how far the ledger was ahead of the clock when the store was last asked; 0: it was not.
func (s *Service) LedgerAhead() time.Duration { return time.Duration(s.ahead.Load()) }

func ledgerAhead(ahead time.Duration) error {
	return fault.Errorf(fault.ClockSkew, "",
		"what was recorded last lies %s ahead of this server's clock; until the clock has caught up only refusals are recorded",
		ahead.Round(time.Second))
}

// whenAhead returns when an event counts that is recorded while the ledger is ahead of the clock. What was recorded ahead would win against
// a refusal that states its true time. So a refusal then counts from when it is recorded, and what could permit anything is refused, for
// nobody could tell whether it was before or after. What an erasure takes goes by its time: one with a time is refused, too.
func (w *work) whenAhead(st *statement.Statement, occurred consent.Instant) (consent.Instant, error) {
	switch {
	case w.ahead == 0:
		return occurred, nil
	case st.Kind == consent.KindWithdraw || st.Kind == consent.KindRefuse || st.Kind == consent.KindSuppress:
		return w.recorded, nil
	case w.service.acceptAhead || st.Kind == consent.KindErase && st.Occurred == 0:
		return occurred, nil
	default:
		return 0, ledgerAhead(w.ahead)
	}
}
