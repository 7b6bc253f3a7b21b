package export

import (
	"cmp"
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// putCourses finds what checks answer about the address at each time, on the channels that the reader may know. Where the folded form has
// events of another person, too, only the person's own count, as in all of the dossier.
func (s *Exporter) putCourses(ctx context.Context, g *dossierBuilder) error {
	told := &replay{states: map[storage.SubjectKey]*replayed{}, consult: func(at consent.Instant) (*extlist.Consulted, error) {
		return s.Lists.At(ctx, &g.head, g.head.Position, at)
	}}
	if err := s.readEvents(ctx, g, told); err != nil {
		return err
	}
	history := timeline.History{Address: g.address, KnownAt: func(at consent.Instant) (*consent.Known, error) {
		told.at = at
		err := told.known.Gather(&g.Places, told)
		return &told.known.Known, err
	}}
	var err error
	if history.Lists, err = s.Lists.Activations(ctx, &g.head); err != nil {
		return err
	}
	for _, state := range told.states {
		history.Events = append(history.Events, state.events...)
	}
	if history.Contacts, err = s.contactsOf(ctx, g); err != nil {
		return err
	}
	for i := range g.versions {
		history.Catalogs = append(history.Catalogs, timeline.Version{Effective: g.versions[i].Effective, Catalog: g.versions[i].Parsed})
	}
	courses, err := history.Courses(consent.Instant(g.dossier.Made.Time))
	if err != nil {
		return err
	}
	g.courses = slices.DeleteFunc(courses, func(c timeline.Course) bool { return !g.reader.hasChannel(c.Channel) })
	for i := range g.courses {
		for k := range g.courses[i].Spans {
			span := &g.courses[i].Spans[k]
			span.Blocks = slices.DeleteFunc(span.Blocks, func(p consent.InForce) bool { return !g.reader.hasScope(p.Scope) })
		}
	}
	return nil
}

// contactsOf returns what was sent to the person, if under any version of the catalog a consent may live by it; else nil.
func (s *Exporter) contactsOf(ctx context.Context, g *dossierBuilder) ([]consent.Contact, error) {
	if !slices.ContainsFunc(g.versions, func(v reference.CatalogVersion) bool {
		return slices.ContainsFunc(v.Parsed.Channels, func(ch catalog.Channel) bool { return ch.ConsentLapsesFrom == catalog.FromLastContact })
	}) {
		return nil, nil
	}
	return s.checker.ContactsOf(ctx, g.address)
}

// readEvents reads the events that answers about the address rest on, up to the position of the dossier: those of the address, and those
// of every address that was ever linked with it.
func (s *Exporter) readEvents(ctx context.Context, g *dossierBuilder, into *replay) error {
	asked := slices.Clone(g.keys)
	for keys := g.keys; len(keys) > 0; {
		head, bySubject, err := s.Store.EventsOf(ctx, keys, 0, g.checkpoint.Size)
		if err != nil {
			return env.StoreFault(err)
		}
		undone, err := asof.UndoneAt(ctx, s.Store, &head, g.checkpoint.Size)
		if err != nil {
			return env.StoreFault(err)
		}
		keys = nil
		for key, headers := range bySubject {
			events, err := asof.DecodeHeaders(headers)
			if err != nil {
				return err
			}
			if g.beside && slices.Contains(g.Places.Folded.Keys, key) {
				events = slices.Clone(g.folded)
			}
			into.add(key, consent.InEffect(events, undone))
			for i := range events {
				with := storage.SubjectKey{Form: consent.FormFolded, Digest: events[i].Linked.Folded}
				if events[i].Kind == consent.KindLink && !slices.Contains(asked, with) {
					keys, asked = append(keys, with), append(asked, with)
				}
			}
		}
	}
	return nil
}

// replay is what was known at one instant after the other, as the events tell it. It is a source as the database is one.
type replay struct {
	at     consent.Instant
	states map[storage.SubjectKey]*replayed
	known  subjects.Knowledge

	consult func(at consent.Instant) (*extlist.Consulted, error)
}

// Listings implements subjects.Source.
func (r *replay) Listings(to []consent.Listing, a address.Address) ([]consent.Listing, error) {
	lists, err := r.consult(r.at)
	return lists.Append(to, a), err
}

// replayed is a subject with its fold up to an instant.
type replayed struct {
	events []consent.Event // in the order in which they occurred, without what was voided
	folded int             // how many of them are in the state
	state  *consent.State
}

func (r *replay) add(key storage.SubjectKey, events []consent.Event) {
	events = consent.WithoutVoided(events)
	slices.SortStableFunc(events, func(a, b consent.Event) int { return cmp.Compare(a.Occurred, b.Occurred) })
	r.states[key] = &replayed{events: events}
}

// Find implements subjects.Source.
func (r *replay) Find(where *subjects.Place, _ *consent.State) (subjects.Found, error) {
	for i := range where.Keys {
		if of := r.states[where.Keys[i]]; of != nil {
			of.advance(r.at)
			return subjects.Found{Key: &where.Keys[i], State: of.state, KeyVersion: where.Digests.Versions[i]}, nil
		}
	}
	return subjects.Found{}, nil
}

// advance folds the events up to an instant. One that is later than all before it is added to the state, and else all are folded anew.
func (r *replayed) advance(to consent.Instant) {
	from := r.folded
	for r.folded < len(r.events) && r.events[r.folded].Occurred <= to {
		r.folded++
	}
	switch {
	case r.folded == from:
	case from > 0 && r.folded == from+1 && r.state.Apply(&r.events[from]):
	default:
		r.state = consent.Fold(slices.Clone(r.events[:r.folded]))
	}
}
