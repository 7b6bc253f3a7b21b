package recipient

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
)

// pauses are the suppressions by hand in force of one address and scope. The state of a subject does not tell whose they are: a later one takes
// the place of one that it outlasts there, and a lift ends them all.
type pauses struct {
	own    consent.Instant // when the last one of the person ends; 0: there is none
	others bool            // others recorded one, too
}

// pausesIn returns the suppressions by hand that events of the folded subject record for the very address.
func pausesIn(events []consent.Event, scope consent.Scope, s *sight) (found pauses) {
	events = consent.WithoutVoided(slices.Clone(events))
	for i := range events {
		e := &events[i]
		if e.Kind != consent.KindSuppress || e.Reason != consent.ReasonManual || e.Scope != scope || e.Spelling.Sum != s.Spelling ||
			consent.EndedBy(e.Expires, s.at) {
			continue
		}
		p := consent.Suppression{Reason: e.Reason, Scope: e.Scope, Spelling: e.Spelling.Sum, List: e.List, At: e.Occurred}
		if slices.ContainsFunc(events, func(l consent.Event) bool {
			return l.Kind == consent.KindLift && consent.LiftEnds(l.Occurred, &l.Facts, &p)
		}) {
			continue
		}
		if e.Actor == access.RecipientID {
			found.own = max(found.own, e.Expires)
		} else {
			found.others = true
		}
	}
	return found
}

// pauses reads the suppressions by hand of a channel. Most often there is none, which costs no read.
func (l *Links) pauses(ctx context.Context, h *holder, s *sight, channel string) (pauses, error) {
	scope := channelScope(channel)
	if len(s.Own(consent.ReasonManual, scope, s.at)) == 0 {
		return pauses{}, nil
	}
	events, err := l.eventsOf(ctx, &h.Folded)
	if err != nil {
		return pauses{}, err
	}
	return pausesIn(events, scope, s), nil
}

// eventsOf reads the events of the subject at a place that are in effect.
func (l *Links) eventsOf(ctx context.Context, place *subjects.Place) ([]consent.Event, error) {
	head, found, err := l.Store.EventsOf(ctx, place.Keys, 0, 0)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var all []consent.Event
	for _, headers := range found {
		events, err := asof.DecodeHeaders(headers)
		if err != nil {
			return nil, err
		}
		all = append(all, consent.InEffect(events, head.Undone)...)
	}
	return all, nil
}
