package service

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// view is what a read saw of the store: a head, and the states of the subjects that were asked for.
type view struct {
	head     storage.Head
	position int64           // of the last event that counts as known: the head's, or an earlier one
	at       consent.Instant // the time that is decided for
	asked    consent.Instant // the time of the question
	states   map[storage.SubjectKey]*consent.State
}

// seen implements sight.
func (v *view) seen(where *place, _ *consent.State) (seen, error) {
	if holds(where.by.Keys, &v.head) != nil {
		return seen{}, staleKeys()
	}
	for i := range where.keys {
		if state, ok := v.states[where.keys[i]]; ok {
			return seen{key: &where.keys[i], state: state, keyVersion: where.by.versions[i]}, nil
		}
	}
	return seen{}, nil
}

// look reads what is known under the keys: the states of now, strictly, or, for another moment, the fold of the events that count
// in it. The caller is admitted under the head that was read. Errors: TIME_IN_FUTURE, POSITION_UNKNOWN.
func (s *Service) look(ctx context.Context, keys []storage.SubjectKey, m Moment) (*view, Caller, error) {
	var v *view
	err := s.traced(ctx, spanRead, len(keys), func(ctx context.Context) (err error) {
		if m.isNow() {
			v, err = s.lookNow(ctx, keys)
		} else {
			v, err = s.lookAt(ctx, keys, m)
		}
		return err
	})
	if err != nil {
		return nil, Caller{}, faultOf(err)
	}
	who, err := s.admit(ctx, &v.head)
	if err != nil {
		return nil, Caller{}, err
	}
	// A clock that lags behind the ledger must not hide what was acknowledged.
	now := s.instant()
	if !s.unsafe.DecideByOwnClock {
		now = max(now, v.head.Recorded)
	}
	v.asked = now
	switch {
	case m.Known.Time > now:
		return nil, Caller{}, inFuture("knownAsOf.time")
	case v.at > now:
		return nil, Caller{}, inFuture("asOf")
	case m.isNow():
		v.at = now
	}
	return v, who, nil
}

func inFuture(field string) error {
	return fault.Errorf(fault.TimeInFuture, field, "the time lies in the future; leave it out to ask for now")
}

func (s *Service) lookNow(ctx context.Context, keys []storage.SubjectKey) (*view, error) {
	head, rows, err := s.store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, position: head.Position, states: make(map[storage.SubjectKey]*consent.State, len(rows))}
	names, err := s.names.of(ctx, &head)
	if err != nil {
		return nil, err
	}
	var unread []storage.SubjectKey
	for i := range rows {
		if rows[i].ID == (consent.SubjectID{}) {
			continue // All events of it were erased.
		}
		state, err := s.unpack(names, rows[i].State.Packed)
		if errors.Is(err, codec.ErrEncoding) {
			unread = append(unread, rows[i].Key)
			continue
		}
		if err != nil {
			return nil, err
		}
		v.states[rows[i].Key] = state
	}
	if len(unread) == 0 {
		return v, nil
	}
	// States are a cache: those of another program's version are folded from their events instead.
	return s.lookBack(ctx, keys, 0, 0)
}

// unpack returns a packed state; a subject without one has none.
func (s *Service) unpack(names *nameTable, packed []byte) (*consent.State, error) {
	if packed == nil {
		return nil, codec.ErrEncoding
	}
	return codec.UnpackState(packed, names)
}

// lookAt reads what is known at a moment that is not now.
func (s *Service) lookAt(ctx context.Context, keys []storage.SubjectKey, m Moment) (*view, error) {
	position, recorded, err := s.knownAt(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.AsOf == 0 {
		m.AsOf = recorded
	}
	v, err := s.lookBack(ctx, keys, m.AsOf, position)
	if err != nil {
		return nil, err
	}
	if v.at = m.AsOf; position > v.head.Position {
		return nil, beyondHead()
	}
	return v, nil
}

// knownAt returns the position of the last event that counts as known at the moment, 0 for no limit, and when that was so, which is
// read only if the moment does not say what time to decide for.
func (s *Service) knownAt(ctx context.Context, m Moment) (int64, consent.Instant, error) {
	switch {
	case m.Known.Time != 0:
		_, position, err := s.store.PositionAt(ctx, m.Known.Time)
		if err == nil && position == 0 {
			err = fault.Errorf(fault.PositionUnknown, "knownAsOf.time", "nothing was recorded yet by that time")
		}
		return position, m.Known.Time, err
	case m.Known.Position == 0 || m.AsOf != 0:
		return m.Known.Position, m.AsOf, nil
	}
	_, records, err := s.store.Ledger(ctx, m.Known.Position-1, 1)
	if err != nil {
		return 0, 0, err
	}
	if len(records) == 0 || records[0].Event.Position != m.Known.Position {
		return 0, 0, beyondHead()
	}
	return m.Known.Position, records[0].Event.Recorded, nil
}

func beyondHead() error {
	return fault.Errorf(fault.PositionUnknown, "knownAsOf.position", "the ledger has no such position yet")
}

// lookBack folds the events that occurred until a time and stand at or before a position; 0 is no limit.
func (s *Service) lookBack(
	ctx context.Context, keys []storage.SubjectKey, until consent.Instant, upTo int64,
) (*view, error) {
	head, bySubject, err := s.store.EventsOf(ctx, keys, until, upTo)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, position: head.Position, states: make(map[storage.SubjectKey]*consent.State, len(bySubject))}
	if upTo != 0 {
		v.position = upTo
	}
	for key, headers := range bySubject {
		if v.states[key], err = foldHeaders(headers); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// foldHeaders returns the fold of the events with the headers.
func foldHeaders(headers [][]byte) (*consent.State, error) {
	events := make([]consent.Event, len(headers))
	for i, h := range headers {
		var err error
		if events[i], err = codec.DecodeHeader(h); err != nil {
			return nil, err
		}
	}
	return consent.Fold(events), nil
}

// inForce returns the catalog in force at the view's time, of the versions that count as known, with its number.
func (s *Service) inForce(ctx context.Context, v *view) (*catalog.Catalog, int64, error) {
	versions, err := s.catalogs.upTo(ctx, &v.head)
	if err != nil {
		return nil, 0, err
	}
	later := slices.IndexFunc(versions, func(c catalogVersion) bool { return c.Position > v.position })
	if later == 0 {
		return nil, 0, fault.Errorf(fault.NoCatalog, "", "no catalog was applied yet at position %d", v.position)
	}
	if later > 0 {
		versions = versions[:later]
	}
	c := effective(versions, v.at)
	return c.parsed, c.Version, nil
}

// present returns the catalog in force now, under the head that the view read, whatever moment it is about.
func (s *Service) present(ctx context.Context, v *view) (*catalog.Catalog, error) {
	versions, err := s.catalogs.upTo(ctx, &v.head)
	if err != nil {
		return nil, err
	}
	return effective(versions, max(s.instant(), v.head.Recorded)).parsed, nil
}
