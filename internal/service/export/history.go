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

// History returns a page of the events about an address by position, and of these those that fit the filter: those of its exact form, and
// without what came with them those of other spellings of the mailbox and of its domains that block. A client of one department sees the events that concern
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
	result, reader := HistoryPage{}, reader{address: a}
	if reader.forms, err = s.formsOf(ctx, l.AllKeys()); err != nil {
		return HistoryPage{}, err
	}
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
		if reader.audience, err = s.newAudience(&who, cat, ""); err != nil {
			return HistoryPage{}, err
		}
		if err := s.noteLinks(ctx, &reader, &at, records); err != nil {
			return HistoryPage{}, err
		}
		if after == 0 { // A history that is read page by page is told once.
			if err := s.disclosures.CountWhole(ctx, &who, &at); err != nil {
				return HistoryPage{}, err
			}
		}
		more, err := s.fillPage(&result, records, &reader, &in)
		if err != nil {
			return HistoryPage{}, err
		}
		if more {
			result.Next, err = token.NewPage(s.Keys, list, token.Page{After: result.Events[in.Size-1].Position})
			return result, err
		}
		if len(records) < limit {
			return result, nil
		}
		after = records[len(records)-1].Event.Position
	}
}

// noteLinks finds the links that hold, for a reader that is told of no others, for it is no officer, if there are any among the records.
func (s *Exporter) noteLinks(ctx context.Context, to *reader, at *subjects.Places, records []storage.Record) (err error) {
	to.officer = to.who.NeedOfficer() == nil
	if to.officer || to.links != nil || !slices.ContainsFunc(records, func(r storage.Record) bool { return isOfLink(&r.Event) }) {
		return nil
	}
	to.links, err = s.linksOf(ctx, at, 0)
	return err
}

func isOfLink(e *consent.Event) bool {
	return e.Kind == consent.KindLink || e.Kind == consent.KindUnlink
}

// fillPage appends what the reader is told of the records to the page, and reports whether there is more than the page has room for.
func (s *Exporter) fillPage(page *HistoryPage, records []storage.Record, reader *reader, in *HistoryInput) (more bool, err error) {
	for i := range records {
		reader.note(&records[i].Event)
		if !in.matches(&records[i].Event) {
			continue
		}
		event, err := s.told(&records[i], reader)
		if err != nil {
			return false, err
		}
		if event == nil || !in.matchesActor(event) {
			continue
		}
		if len(page.Events) == in.Size {
			return true, nil
		}
		page.Events = append(page.Events, *event)
	}
	return false, nil
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

// matches reports whether the filter lets an event through, by all but the client that recorded it.
func (f *HistoryFilter) matches(e *consent.Event) bool {
	return e.Occurred >= f.Since && (f.Until == 0 || e.Occurred < f.Until) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind.String())) &&
		(f.Channel == "" || slices.Contains(e.Channels, f.Channel) || isOfChannel(e.Scope, f.Channel))
}

// matchesActor reports whether the filter lets an event through by the client that recorded it, as the reader is told of it: a reader that is
// not told who it was must not find out by asking for one client after the other.
func (f *HistoryFilter) matchesActor(told *HistoryEvent) bool {
	return f.Actor == "" || told.Actor == f.Actor
}

func isOfChannel(scope consent.Scope, channel string) bool {
	kind, id := scope.Split()
	return kind == consent.ScopeChannel && id == channel
}

// HistoryEvent is an event with its evidence, as far as it is held.
type HistoryEvent struct {
	consent.Event
	Evidence consent.Evidence
	Held     bool // the sealed evidence is held; if not, and the header has its hash, it was deleted
	// TextWithheld is set where the evidence has text that only the department that wrote it may read.
	TextWithheld bool
	// Of says what else than the address the event was recorded for. Then only what blocks is told: the fact, its time, reason and scope.
	Of Of
	// Closed is set where there is evidence that the reader is not told, for it was recorded for something else or by a client of another
	// controller.
	Closed bool
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
	Actor   string          // the client that recorded it, as far as the reader is told
}

// HistoryPage is a page of a person's history.
type HistoryPage struct {
	Events []HistoryEvent
	Next   string // token of the next page; empty after the last
}
