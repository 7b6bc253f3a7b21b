package export

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// Of says what else than the exact address that is asked about an event was recorded for.
type Of string

// What an event was recorded for.
const (
	OfAddress  Of = ""         // the address itself
	OfSpelling Of = "spelling" // another spelling of the same mailbox
	OfDomain   Of = "domain"   // its domain, or one above

	// ofOther is another address, which may be another person's: not even the fact is told.
	ofOther Of = "other"
)

// reader is the reader of a history of one address.
type reader struct {
	audience

	address   address.Address
	forms     map[consent.SubjectID]consent.Form
	requested map[consent.Instant]bool // when requests of the address were recorded
	links     []consent.Link           // with other addresses, that hold by the rules of checks
	file      bool                     // what is told leaves the house: never why a hold was placed, nor where a person moved to
	officer   bool                     // may place holds and move addresses
}

// formsOf returns the forms of the subjects that the keys lead to.
func (s *Exporter) formsOf(ctx context.Context, keys []storage.SubjectKey) (map[consent.SubjectID]consent.Form, error) {
	_, rows, err := s.Store.States(ctx, keys)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	forms := make(map[consent.SubjectID]consent.Form, len(rows))
	for i := range rows {
		forms[rows[i].ID] = rows[i].Key.Form
	}
	return forms, nil
}

// linksOf returns the links of the address with others that hold, of the events at or before a position; 0 is no limit. Checks go by the
// same: the folded form, and the order in which the events occurred.
func (s *Exporter) linksOf(ctx context.Context, at *subjects.Places, upTo int64) ([]consent.Link, error) {
	_, bySubject, err := s.Store.EventsOf(ctx, at.Folded.Keys, 0, upTo)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var links []consent.Link
	for _, headers := range bySubject {
		events, err := asof.DecodeHeaders(headers)
		if err != nil {
			return nil, err
		}
		links = append(links, consent.Fold(events).Links...) // No void leaves out a link.
	}
	return links, nil
}

// isLinked reports whether the address is linked with the other one that an event names: in this spelling, or in another one of a mailbox
// that the provider is known to have for both.
func (r *reader) isLinked(e *consent.Event, other string) bool {
	return slices.ContainsFunc(r.links, func(l consent.Link) bool {
		if l.With.Folded != e.Linked.Folded {
			return false
		}
		a, err := address.Parse(other)
		return l.With.Spelling == e.Linked.Spelling || err == nil && a.SharesMailbox()
	})
}

// note takes notice of an event that says whose others are.
func (r *reader) note(e *consent.Event) {
	if e.Kind != consent.KindRequest {
		return
	}
	if r.requested == nil {
		r.requested = map[consent.Instant]bool{}
	}
	r.requested[e.Recorded] = true
}

// told returns an event as the reader may see it; nil for one that does not concern the address or the reader. What came with it is opened
// only where it was recorded for the exact address.
func (s *Exporter) told(r *storage.Record, to *reader) (*HistoryEvent, error) {
	event := &HistoryEvent{Event: r.Event}
	if event.Channels = to.channels(r.Event.Channels); !to.concerns(&event.Event, &r.Event) {
		return nil, nil //nolint:nilnil // No event is an answer here.
	}
	var opened consent.Evidence
	var err error
	if r.Evidence != nil {
		if opened, err = s.OpenEvidence(&r.Event, r.Evidence); err != nil {
			return nil, env.StoreFault(err)
		}
	}
	if event.Of, err = s.recordedFor(&r.Event, &opened, to); err != nil || event.Of == ofOther {
		return nil, err
	}
	if event.Of != OfAddress {
		event.leaveOnlyWhatBlocks(&opened)
		return event, nil
	}
	if !to.namesClient(r.Event.Actor) {
		event.Actor, event.Batch, event.Closed = "", consent.BatchID{}, r.Evidence != nil
		return event, nil
	}
	if r.Evidence != nil {
		event.Held, event.Evidence = true, opened
		event.leaveOutText(to)
	}
	return event, nil
}

// recordedFor says what an event was recorded for, whose evidence was opened as far as it is held.
func (s *Exporter) recordedFor(e *consent.Event, opened *consent.Evidence, to *reader) (Of, error) {
	form, known := to.forms[e.Subject]
	switch {
	case e.Kind == consent.KindMail:
		// Mails are counted for all tags of a mailbox together, at providers that ignore tags and at those that do not.
		if opened.Address == to.address.Exact() || opened.Address == "" && to.requested[e.Recorded] {
			return OfAddress, nil
		}
		return ofOther, nil
	case e.Spelling.Key == 0 && (form == consent.FormDomain || !known && !e.Kind.IsOf(consent.FormExact)):
		return OfDomain, nil
	case e.Spelling.Key == 0:
		return OfAddress, nil
	}
	own, err := s.Keys.Spelling(e.Spelling.Key, to.address.Exact())
	switch {
	case err != nil || own == e.Spelling:
		return OfAddress, err
	case subjects.MayBeOfAnother(e, own, to.address.SharesMailbox()) || e.IsOfOneSpelling() || !blocksOrEnds(e.Kind):
		return ofOther, nil
	default:
		return OfSpelling, nil
	}
}

// blocksOrEnds reports whether an event of the kind blocks, or ends what does.
func blocksOrEnds(kind consent.Kind) bool {
	return kind.IsNo() || kind == consent.KindLift || kind == consent.KindVoid
}

// leaveOnlyWhatBlocks takes out of an event all but the fact, its time, its reason and what it covers.
func (h *HistoryEvent) leaveOnlyWhatBlocks(opened *consent.Evidence) {
	e := &h.Event
	h.Closed = e.Evidence != [32]byte{}
	h.Event = consent.Event{
		Position: e.Position, Recorded: e.Recorded, Occurred: e.Occurred, Subject: e.Subject,
		Facts: consent.Facts{
			Kind: e.Kind, Channels: e.Channels, Expires: e.Expires, Reason: e.Reason, Scope: e.Scope, List: e.List, Binds: e.Binds,
			Spelling: e.Spelling, Tagged: e.Tagged, VoidPosition: e.VoidPosition,
		},
	}
	if h.Of == OfDomain {
		h.Evidence.Address = opened.Address // the name of the domain is what the event covers
	}
}

// leaveOutText takes out the free text that the reader may not read, where a person moved to, and with what address there is no link any
// more: that one is another person's.
func (h *HistoryEvent) leaveOutText(to *reader) {
	v := &h.Evidence
	texts := v.Note != "" || v.Operator != "" || v.Justification != ""
	internal := h.Kind == consent.KindHold || h.Kind == consent.KindRelease
	away := h.Kind == consent.KindMove && h.Move == consent.MovedAway
	another := away || isOfLink(&h.Event) && !to.isLinked(&h.Event, v.Other)
	if another && (to.file || !to.officer) {
		v.Other = ""
	}
	switch {
	case internal && to.file, another && to.file:
		v.Note, v.Operator, v.Justification = "", "", ""
	case !to.readsText(h.Actor), internal && !to.officer:
		v.Note, v.Operator, v.Justification, h.TextWithheld = "", "", "", texts
	}
}
