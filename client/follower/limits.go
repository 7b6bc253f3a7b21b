package follower

import (
	"fmt"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/wallclock"
)

// followed is what the set knows of a channel.
type followed struct {
	feed.Channel

	calendar *campaign.Calendar // nil: there are neither quiet hours nor freezes
}

// calendarOf returns the calendar of a channel; nil if it needs none. What this program cannot read is of a later version.
func calendarOf(m *assentv1.FeedChannel) (*campaign.Calendar, error) {
	var limits campaign.Limits
	for _, told := range m.GetQuietHours() {
		q := campaign.QuietHours{Zone: told.GetZone()}
		var err error
		if q.From, err = wallclock.ParseClock(told.GetFrom()); err != nil {
			return nil, fmt.Errorf("%w: quiet hours: %w", ErrVersion, err)
		}
		if q.Until, err = wallclock.ParseClock(told.GetUntil()); err != nil {
			return nil, fmt.Errorf("%w: quiet hours: %w", ErrVersion, err)
		}
		for _, name := range told.GetDays() {
			day, ok := wallclock.ParseDay(name)
			if !ok {
				return nil, fmt.Errorf("%w: quiet hours of the day %q", ErrVersion, name)
			}
			q.Days |= day
		}
		if q.Days == 0 || q.From == q.Until {
			return nil, fmt.Errorf("%w: quiet hours on no day, or of no length", ErrVersion)
		}
		limits.QuietHours = append(limits.QuietHours, q)
	}
	for _, told := range m.GetFreezes() {
		f := campaign.Freeze{From: told.GetFromTime().AsTime()}
		if told.GetUntilTime() != nil {
			f.Until = told.GetUntilTime().AsTime()
		}
		limits.Freezes = append(limits.Freezes, f)
	}
	if limits.IsZero() {
		return nil, nil //nolint:nilnil // Without limits there is no calendar.
	}
	c, err := campaign.NewCalendar(limits)
	if err != nil {
		return nil, fmt.Errorf("%w: quiet hours: %w", ErrVersion, err)
	}
	return c, nil
}

// deferred is the answer to a check of a message that the rules allow, at a moment at which it waits.
func deferred(m *campaign.Moment) Answer {
	reason := consent.CodeQuietHours
	if m.Freeze {
		reason = consent.CodeFreeze
	}
	return Answer{Deferred: true, Reason: string(reason), Retry: consent.Instant(m.Free).Time()}
}
