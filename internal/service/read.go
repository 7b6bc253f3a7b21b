package service

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// view is what a read saw of the store: a head, and the states of the subjects that were asked for.
type view struct {
	head   storage.Head
	at     consent.Instant // the time that is decided for
	states map[storage.SubjectKey]seen
}

// seen returns what was seen at the place.
func (v *view) seen(where *place) (seen, error) {
	for _, k := range where.keys {
		if s, ok := v.states[k]; ok {
			return s, nil
		}
	}
	return seen{}, nil
}

// look reads what is known under the keys: the states of now, strictly, or, for a time of the past, the fold of the events up to
// it. The caller is admitted under the head that was read.
func (s *Service) look(ctx context.Context, keys []storage.SubjectKey, asOf consent.Instant) (*view, Caller, error) {
	var v *view
	err := s.traced(ctx, spanRead, len(keys), func(ctx context.Context) (err error) {
		if asOf == 0 {
			v, err = s.lookNow(ctx, keys)
		} else {
			v, err = s.lookBack(ctx, keys, asOf)
		}
		return err
	})
	if err != nil {
		return nil, Caller{}, fault(err)
	}
	who, err := s.admit(ctx, &v.head)
	if err != nil {
		return nil, Caller{}, err
	}
	// A clock that lags behind the ledger must not hide what was acknowledged.
	now := max(s.instant(), v.head.Recorded)
	if v.at = now; asOf != 0 {
		if v.at = asOf; asOf > now {
			return nil, Caller{}, consent.Faultf(consent.FaultTimeInFuture, "asOf", "the time lies in the future; leave it out to ask for now")
		}
	}
	return v, who, nil
}

func (s *Service) lookNow(ctx context.Context, keys []storage.SubjectKey) (*view, error) {
	head, rows, err := s.store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, states: make(map[storage.SubjectKey]seen, len(rows))}
	var unread []storage.SubjectKey
	for i := range rows {
		state, err := s.unpack(ctx, rows[i].State.Packed)
		if errors.Is(err, consent.ErrEncoding) {
			unread = append(unread, rows[i].Key)
			continue
		}
		if err != nil {
			return nil, err
		}
		v.states[rows[i].Key] = seen{state: state, keyVersion: rows[i].KeyVersion}
	}
	if len(unread) == 0 {
		return v, nil
	}
	// States are a cache: those of another program's version are folded from their events instead.
	return s.lookBack(ctx, keys, consent.MaxInstant)
}

// unpack returns a packed state; a subject without one has none.
func (s *Service) unpack(ctx context.Context, packed []byte) (*consent.State, error) {
	if packed == nil {
		return nil, consent.ErrEncoding
	}
	state, err := consent.UnpackState(packed, s.names.table.Load())
	if !errors.Is(err, consent.ErrUnknownName) {
		return state, err
	}
	table, err := s.names.refresh(ctx)
	if err != nil {
		return nil, err
	}
	return consent.UnpackState(packed, table)
}

func (s *Service) lookBack(ctx context.Context, keys []storage.SubjectKey, until consent.Instant) (*view, error) {
	head, bySubject, err := s.store.EventsOf(ctx, keys, until, 0)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, states: make(map[storage.SubjectKey]seen, len(bySubject))}
	for key, headers := range bySubject {
		state, spelled, err := foldHeaders(headers)
		if err != nil {
			return nil, err
		}
		v.states[key] = seen{state: state, keyVersion: spelled}
	}
	return v, nil
}

// foldHeaders returns the fold of the events with the headers, and the key version of their spellings.
func foldHeaders(headers [][]byte) (*consent.State, uint32, error) {
	events := make([]consent.Event, len(headers))
	var spelled uint32
	for i, h := range headers {
		var err error
		if events[i], err = consent.DecodeHeader(h); err != nil {
			return nil, 0, err
		}
		if spelled == 0 {
			spelled = events[i].Spelling.Key
		}
	}
	return consent.Fold(events), spelled, nil
}

// inForce returns the catalog in force at the view's time, with its version.
func (s *Service) inForce(ctx context.Context, v *view) (*catalog.Catalog, int64, error) {
	versions, err := s.catalogs.upTo(ctx, v.head.CatalogVersion)
	if err != nil {
		return nil, 0, err
	}
	c := effective(versions, v.at)
	return c.parsed, c.Version, nil
}
