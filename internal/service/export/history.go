package export

import (
	"context"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// HistoryRead is how many events are read at once where a filter may leave most of them out.
const HistoryRead = 500

// History returns a page of the events about an address by position: those of its exact form, of its folded form as far as they
// hold for it, and of its domains, and of these those that fit the filter. A client of one department sees the events that concern
// its channels, as far as they do, and those that concern all; free text only if a client of its department wrote it. Errors: INVALID_ADDRESS,
// INVALID_PAGE_TOKEN, INVALID_TIME, UNKNOWN_CHANNEL, OTHER_DEPARTMENT.
func (s *Exporter) History(ctx context.Context, in HistoryInput) (HistoryPage, error) {
	a, err := subjects.ParseAddress(in.Address)
	if err != nil {
		return HistoryPage{}, err
	}
	if in.Until != 0 && in.Until <= in.Since {
		return HistoryPage{}, fault.Errorf(fault.InvalidTime, "occurredUntilTime", "it must be later than occurredSinceTime")
	}
	list := in.historyQuery(a)
	page, err := token.ReadPage(s.Keys, list, in.Token)
	if err != nil {
		return HistoryPage{}, env.InvalidPage()
	}
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, true)
	if err != nil {
		return HistoryPage{}, err
	}
	limit := in.Size + 1
	if in.isSet() {
		limit = max(limit, HistoryRead)
	}
	var result HistoryPage
	for after := page.After; ; {
		records, who, cat, err := s.historyRecords(ctx, l.AllKeys(), after, limit)
		if err != nil {
			return HistoryPage{}, err
		}
		if _, stale := l.Digests.LacksDigest(s.Keys.DigestVersions()); stale {
			return HistoryPage{}, env.StaleKeys()
		}
		if err := in.validate(&who, cat); err != nil {
			return HistoryPage{}, err
		}
		if after == 0 { // A history that is read page by page is told once.
			if err := s.disclosures.CountWhole(ctx, &who, &at); err != nil {
				return HistoryPage{}, err
			}
		}
		for i := range records {
			after = records[i].Event.Position
			if !in.matches(&records[i].Event) {
				continue
			}
			event, concerns, err := s.historyEvent(&records[i], a, &who, cat)
			if err != nil {
				return HistoryPage{}, err
			}
			if !concerns {
				continue
			}
			if len(result.Events) == in.Size {
				result.Next, err = token.NewPage(s.Keys, list, token.Page{After: result.Events[in.Size-1].Position})
				return result, err
			}
			result.Events = append(result.Events, event)
		}
		if len(records) < limit {
			return result, nil
		}
	}
}

// historyRecords reads the records of the subjects, for a caller that may read them. It returns them with the catalog,
// which tells which department an event concerns.
func (s *Exporter) historyRecords(
	ctx context.Context, keys []storage.SubjectKey, after int64, limit int,
) ([]storage.Record, access.Caller, *catalog.Catalog, error) {
	var head storage.Head
	var records []storage.Record
	err := s.Traced(ctx, env.SpanRead, len(keys), func(ctx context.Context) (err error) {
		head, records, err = s.Store.Records(ctx, keys, after, limit)
		return err
	})
	if err != nil {
		return nil, access.Caller{}, nil, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return nil, access.Caller{}, nil, err
	}
	if err := who.Need(access.ScopeRead); err != nil {
		return nil, access.Caller{}, nil, err
	}
	versions, err := s.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return nil, access.Caller{}, nil, err
	}
	return records, who, reference.InForce(versions, max(s.Instant(), head.Recorded)).Parsed, nil
}

// validate refuses a filter by a channel that the catalog lacks, or that is not the caller's to know: a filter tells what it finds.
func (f *HistoryFilter) validate(who *access.Caller, cat *catalog.Catalog) error {
	if _, known := cat.Channel(f.Channel); f.Channel != "" && !known {
		return fault.Errorf(fault.UnknownChannel, "channel", "the catalog does not have this channel")
	}
	return who.NeedChannel(f.Channel, cat)
}

// historyQuery names what is asked for: a page token of another address or filter does not fit it.
func (in *HistoryInput) historyQuery(a address.Address) string {
	kinds := slices.Compact(slices.Sorted(slices.Values(in.Kinds)))
	return fmt.Sprintf("history %q %d %d %q %q %q", a.Exact(), in.Since, in.Until, kinds, in.Channel, in.Actor)
}

// isSet reports whether the filter may leave any event out.
func (f *HistoryFilter) isSet() bool {
	return f.Since != 0 || f.Until != 0 || len(f.Kinds) > 0 || f.Channel != "" || f.Actor != ""
}

// matches reports whether the filter lets an event through.
func (f *HistoryFilter) matches(e *consent.Event) bool {
	return e.Occurred >= f.Since && (f.Until == 0 || e.Occurred < f.Until) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind.String())) &&
		(f.Channel == "" || slices.Contains(e.Channels, f.Channel) || isOfChannel(e.Scope, f.Channel)) &&
		(f.Actor == "" || e.Actor == f.Actor)
}

func isOfChannel(scope consent.Scope, channel string) bool {
	kind, id := scope.Split()
	return kind == consent.ScopeChannel && id == channel
}

// historyEvent opens an event for the caller. It reports false for one that does not concern the address or the caller.
func (s *Exporter) historyEvent(r *storage.Record, a address.Address, who *access.Caller, cat *catalog.Catalog) (HistoryEvent, bool, error) {
	event := HistoryEvent{Event: r.Event}
	if event.Channels = ownChannels(r.Event.Channels, who, cat); !concernsDepartments(&event.Event, &r.Event, who, cat) {
		return event, false, nil
	}
	if spelled := r.Event.Spelling; r.Event.IsOfOneSpelling() && spelled.Key != 0 {
		// An event recorded for one spelling only may be about another person than the one with this spelling.
		own, err := s.Keys.Spelling(spelled.Key, a.Exact())
		if err != nil || own != spelled {
			return event, false, err
		}
	}
	if r.Evidence == nil {
		return event, true, nil
	}
	var err error
	event.Held = true
	if event.Evidence, err = s.OpenEvidence(&r.Event, r.Evidence); err != nil {
		return event, true, env.StoreFault(err)
	}
	if !s.mayReadText(who, r.Event.Actor) {
		v := &event.Evidence
		event.TextWithheld = v.Note != "" || v.Operator != "" || v.Justification != ""
		v.Note, v.Operator, v.Justification = "", "", ""
	}
	return event, true, nil
}

// mayReadText reports whether the caller may read free text that came with an event of the actor: it is of the actor's department, or of all.
// What people write about a person is meant for those they work with.
func (s *Exporter) mayReadText(who *access.Caller, actor string) bool {
	if who.AllDepartments {
		return true
	}
	// The clients were read under the head that the caller was admitted by, or later.
	department, known := s.guard.DepartmentOf(actor)
	return known && department == who.Department
}

// ownChannels returns the channels of an event that a caller may know: those of its department.
func ownChannels(channels []string, who *access.Caller, cat *catalog.Catalog) []string {
	if who.AllDepartments {
		return channels
	}
	var own []string
	for _, id := range channels {
		if ch, ok := cat.Channel(id); ok && ch.Department == who.Department {
			own = append(own, id)
		}
	}
	return own
}

// concernsDepartments reports whether the caller may see an event, of which the channels that it may know are shown:
// there are some, or the event reaches beyond single channels.
func concernsDepartments(shown, e *consent.Event, who *access.Caller, cat *catalog.Catalog) bool {
	if who.AllDepartments || len(e.Channels) > 0 {
		return who.AllDepartments || len(shown.Channels) > 0
	}
	return who.MayKnow(e.Scope, cat)
}

// HistoryEvent is an event with its evidence, as far as it is held.
type HistoryEvent struct {
	consent.Event
	Evidence consent.Evidence
	Held     bool // the sealed evidence is held; if not, and the header has its hash, it was deleted
	// TextWithheld is set where the evidence has text that only the department that wrote it may read.
	TextWithheld bool
}

// HistoryInput asks for a page of a person's history.
type HistoryInput struct {
	Address string
	HistoryFilter
	Size  int
	Token string // of the page before; empty for the first
}

// HistoryFilter narrows a history down to the events that all its fields fit; the zero value lets every event through.
type HistoryFilter struct {
	Since   consent.Instant // occurred at or after it
	Until   consent.Instant // occurred before it; zero: no end
	Kinds   []string        // names of kinds; none: all
	Channel string          // named by the event, among its channels or as its scope
	Actor   string          // the client that recorded it
}

// HistoryPage is a page of a person's history.
type HistoryPage struct {
	Events []HistoryEvent
	Next   string // token of the next page; empty after the last
}
