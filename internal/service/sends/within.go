package sends

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
)

// commentUntil returns until when the other departments may comment on a send that is shown to them now: a period of the working time of each desk,
// so that every one of them has it. Departments without a desk, and a period of months, go by the clock.
func commentUntil(cat *catalog.Catalog, owner string, now consent.Instant, within period.Period) consent.Instant {
	until := consent.Instant(0)
	for i := range cat.Departments {
		desk := cat.Departments[i].Desk
		if desk == nil || cat.Departments[i].ID == owner {
			continue
		}
		calendar, err := desk.Calendar()
		if err != nil {
			continue // No catalog that was accepted has such a desk.
		}
		if end, err := calendar.Add(now.Time(), within); err == nil {
			until = max(until, consent.InstantOf(end))
		}
	}
	if until == 0 {
		until = now.Plus(within)
	}
	return max(until, now)
}
