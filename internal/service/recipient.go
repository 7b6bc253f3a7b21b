package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// Lookup returns what holds for an address now, on the channels of the caller's department.
func (s *Service) Lookup(ctx context.Context, typed string) (Recipient, error) {
	a, err := parseAddress(typed)
	if err != nil {
		return Recipient{}, err
	}
	l := s.locator(1)
	at, err := l.places(a, false)
	if err != nil {
		return Recipient{}, err
	}
	v, who, err := s.look(ctx, l.keys, 0)
	if err != nil {
		return Recipient{}, err
	}
	if err := who.need(ScopeRead); err != nil {
		return Recipient{}, err
	}
	cat, version, err := s.inForce(ctx, v)
	if err != nil {
		return Recipient{}, err
	}
	known, err := at.known(s.keys, v.seen)
	if err != nil {
		return Recipient{}, err
	}
	r := Recipient{Basis: Basis{Position: v.head.Position, CatalogVersion: version, ForSending: true}}
	for i := range cat.Channels {
		ch := &cat.Channels[i]
		if who.channelOf(cat, ch.ID) != nil {
			continue
		}
		rules, err := consent.NewRules(cat, consent.Request{Channel: ch.ID})
		if err != nil {
			return Recipient{}, err
		}
		d := checkResult(rules.Decide(a, &known, v.at), r.Basis, cat)
		standing := known.Standing(ch.ID, v.at)
		r.Channels = append(r.Channels, ChannelState{
			Channel: ch.ID, Decision: d, Grants: standing.Grants, Refused: standing.Refused, Pending: standing.Pending,
		})
	}
	for _, p := range known.InForce(a, v.at) {
		if !who.mayKnow(cat, p.Scope) {
			continue
		}
		r.Suppressions = append(r.Suppressions, ActiveSuppression{Suppression: p.Suppression, Domain: p.Domain})
	}
	return r, nil
}

// History returns a page of the events about an address by position: those of its exact form, of its folded form as far as they
// hold for it, and of its domains. A client of one department sees the events that concern its channels, and those that concern
// all. Errors: INVALID_ADDRESS, INVALID_PAGE_TOKEN.
func (s *Service) History(ctx context.Context, typed string, size int, pageToken string) (HistoryPage, error) {
	a, err := parseAddress(typed)
	if err != nil {
		return HistoryPage{}, err
	}
	page, err := token.ReadPage(s.keys, "history "+a.Exact(), pageToken)
	if err != nil {
		return HistoryPage{}, invalidPage()
	}
	l := s.locator(1)
	if _, err := l.places(a, true); err != nil {
		return HistoryPage{}, err
	}
	var result HistoryPage
	for after := page.After; ; {
		var head storage.Head
		var records []storage.Record
		err := s.traced(ctx, spanRead, len(l.keys), func(ctx context.Context) (err error) {
			head, records, err = s.store.Records(ctx, l.keys, after, size+1)
			return err
		})
		if err != nil {
			return HistoryPage{}, fault(err)
		}
		who, err := s.admit(ctx, &head)
		if err != nil {
			return HistoryPage{}, err
		}
		if err := who.need(ScopeRead); err != nil {
			return HistoryPage{}, err
		}
		versions, err := s.catalogs.upTo(ctx, head.CatalogVersion)
		if err != nil {
			return HistoryPage{}, err
		}
		cat := effective(versions, max(s.instant(), head.Recorded)).parsed
		for i := range records {
			if len(result.Events) == size {
				last := result.Events[size-1].Position
				result.Next, err = token.NewPage(s.keys, "history "+a.Exact(), token.Page{After: last})
				return result, err
			}
			after = records[i].Event.Position
			event, concerns, err := s.historyEvent(&records[i], a, &who, cat)
			if err != nil {
				return HistoryPage{}, err
			}
			if concerns {
				result.Events = append(result.Events, event)
			}
		}
		if len(records) <= size {
			return result, nil
		}
	}
}

// historyEvent opens an event for the caller. It reports false for one that does not concern the address or the caller.
func (s *Service) historyEvent(r *storage.Record, a address.Address, who *Caller, cat *catalog.Catalog) (HistoryEvent, bool, error) {
	event := HistoryEvent{Event: r.Event}
	if !concerns(&r.Event, who, cat) {
		return event, false, nil
	}
	if spelled := r.Event.Spelling; holdsForOneSpelling(&r.Event) && spelled.Key != 0 {
		// What was recorded for one spelling only is another person's, as far as anybody knows, under any other.
		own, err := s.keys.Spelling(spelled.Key, a.Exact())
		if err != nil || own != spelled {
			return event, false, err
		}
	}
	if r.Evidence == nil {
		return event, true, nil
	}
	plain, err := s.keys.Open(seal.PurposeEvidence, r.Event.Key[:], r.Evidence)
	if err != nil {
		return event, false, fmt.Errorf("evidence of position %d: %w", r.Event.Position, err)
	}
	event.Held = true
	event.Evidence, err = consent.DecodeEvidence(plain)
	return event, true, err
}

// holdsForOneSpelling reports whether an event of a folded subject holds for the spelling only that it was recorded for.
func holdsForOneSpelling(e *consent.Event) bool {
	switch e.Kind {
	case consent.KindWithdraw, consent.KindRefuse:
		return e.Tagged
	case consent.KindSuppress, consent.KindLift:
		return e.Reason == consent.ReasonHardBounce
	default:
		return false
	}
}

// concerns reports whether a client of one department may see an event: it is about channels of the department, or reaches beyond
// single channels.
func concerns(e *consent.Event, who *Caller, cat *catalog.Catalog) bool {
	if who.AllDepartments {
		return true
	}
	if len(e.Channels) > 0 {
		return slices.ContainsFunc(e.Channels, func(id string) bool { return who.channelOf(cat, id) == nil })
	}
	return who.mayKnow(cat, e.Scope)
}

// mayKnow reports whether a scope concerns the client's department: it is the department's own, or reaches beyond departments.
func (c *Client) mayKnow(cat *catalog.Catalog, scope consent.Scope) bool {
	switch kind, _ := scope.Split(); kind {
	case consent.ScopeDepartment, consent.ScopeChannel, consent.ScopeSender:
		return c.scopeOf(cat, scope) == nil
	default:
		return true
	}
}
