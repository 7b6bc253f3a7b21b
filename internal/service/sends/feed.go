package sends

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/icalendar"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

const (
	// feedBack is how long ago the window of a send may have ended that a calendar still shows.
	feedBack = 90 * 24 * time.Hour
	// feedRefresh is how often calendar programs are asked to read a calendar again at most.
	feedRefresh = "PT1H"
	// feedLimit is how many sends a calendar has at most.
	feedLimit = 10_000
	// fewest is how many persons a number in a calendar stands for at least: a smaller one may tell of one of them.
	fewest = 20
)

// CalendarFeed returns what a calendar program reads under an address with the token: the sends of all departments from the last months on. It
// needs no caller. Errors: SEND_CALENDAR_NOT_FOUND, also for a calendar that was revoked.
func (s *Sends) CalendarFeed(ctx context.Context, token string) ([]byte, error) {
	found, err := sendtable.SendCalendarAt(ctx, s.Store, hashOf(token))
	switch {
	case err != nil:
		return nil, env.StoreFault(err)
	case len(found) == 0 || found[0].Revoked != 0:
		return nil, fault.Errorf(fault.CalendarMissing, "token", "there is no such calendar, or it was revoked")
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	rows, err := sendtable.Sends(ctx, s.Store, &sendtable.SendFilter{From: consent.InstantOf(s.Clock().Add(-feedBack))}, &sendtable.Send{}, feedLimit)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	shown, err := s.showAll(ctx, rows)
	if err != nil {
		return nil, err
	}
	feed := icalendar.Feed{Name: "Assent: sends", Refresh: feedRefresh}
	for i := range shown {
		feed.Events = append(feed.Events, event(&shown[i], rows[i].Revision, head.StoreID[:4]))
	}
	return feed.Bytes(), nil
}

// event returns a send as a calendar shows it.
func event(s *Send, revision int64, store []byte) icalendar.Event {
	e := icalendar.Event{
		UID: "send-" + s.ID + "@" + hex.EncodeToString(store) + ".assent", Sequence: revision - 1, Changed: s.Updated.Time(),
		Begin: consent.Instant(s.From).Time(), End: consent.Instant(s.Until).Time(), Status: icalendar.Tentative,
		Summary: s.Department + ": " + s.Subject, Category: s.Department, Description: described(s),
	}
	switch {
	case s.State == campaign.Cancelled:
		e.Status = icalendar.Cancelled
	case s.IsCleared || s.State == campaign.Sending || s.State == campaign.Sent:
		e.Status = icalendar.Confirmed
	}
	return e
}

// described says what there is to know of a send, with no number that may stand for one person.
func described(s *Send) string {
	state := string(s.State)
	if s.State == campaign.Planned && s.IsCleared {
		state = string(campaign.Cleared)
	}
	lines := []string{
		"Send " + s.ID + " on the channel " + s.Channel + ", from " + s.SenderIdentity, fmt.Sprintf("State: %s, priority %d of %d", state, s.Priority, campaign.MaxPriority),
	}
	if s.State == campaign.Planned && !s.IsCleared && s.Objections == 0 {
		lines = append(lines, "Silence clears it at "+consent.Instant(s.CommentUntil).Time().Format("2006-01-02 15:04 UTC"))
	}
	if s.Objections > 0 {
		lines = append(lines, fmt.Sprintf("Departments that object: %d", s.Objections))
	}
	if s.ExpectedSize > fewest {
		lines = append(lines, fmt.Sprintf("Recipients expected: %d", s.ExpectedSize))
	}
	if s.Preview == nil {
		return strings.Join(lines, "\n")
	}
	if s.Preview.Recipients > fewest {
		lines = append(lines, fmt.Sprintf("Recipients counted: %d", s.Preview.Recipients))
	}
	for _, o := range s.Preview.Overlaps {
		switch {
		case o.Other != "" && o.Overlap > fewest:
			lines = append(lines, fmt.Sprintf("Recipients that the send %s of %s has, too: %d", o.Other, o.Department, o.Overlap))
		case o.Other == "" && o.Leavers > fewest:
			lines = append(lines, fmt.Sprintf("Recipients who left %s not long ago: %d", o.Department, o.Leavers))
		}
	}
	return strings.Join(lines, "\n")
}
