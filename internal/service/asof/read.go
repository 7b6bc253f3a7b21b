package asof

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/tlv"
)

// Reader reads the store as of a moment.
type Reader struct {
	*env.Env
	*reference.Reference

	Guard  *access.Guard
	unsafe env.Unsafe
}

// NewReader returns a reader.
func NewReader(env *env.Env, reference *reference.Reference, guard *access.Guard, unsafe env.Unsafe) *Reader {
	return &Reader{Env: env, Reference: reference, Guard: guard, unsafe: unsafe}
}

// View is what a read saw of the store: a head, and the states of the subjects that were asked for.
type View struct {
	Head     storage.Head
	Position int64           // of the last event that counts as known: the head's, or an earlier one
	At       consent.Instant // the time that is decided for
	Asked    consent.Instant // the time of the question
	states   map[storage.SubjectKey]*consent.State
	lists    *extlist.Consulted
}

// Listings implements subjects.Source.
func (v *View) Listings(to []consent.Listing, a address.Address) ([]consent.Listing, error) {
	return v.lists.Append(to, a), nil
}

// Find implements subjects.Source.
func (v *View) Find(where *subjects.Place, _ *consent.State) (subjects.Found, error) {
	if env.CheckKeys(where.Digests.Keys, &v.Head) != nil {
		return subjects.Found{}, env.StaleKeys()
	}
	for i := range where.Keys {
		if state, ok := v.states[where.Keys[i]]; ok {
			return subjects.Found{Key: &where.Keys[i], State: state, KeyVersion: where.Digests.Versions[i]}, nil
		}
	}
	return subjects.Found{}, nil
}

// Look reads what is known under the keys: the states of now, strictly, or, for another moment, the fold of the events that count
// in it. The caller is admitted under the head that was read. Errors: TIME_IN_FUTURE, POSITION_UNKNOWN.
func (r *Reader) Look(ctx context.Context, keys []storage.SubjectKey, m Moment) (*View, access.Caller, error) {
	var v *View
	err := r.Traced(ctx, env.SpanRead, len(keys), func(ctx context.Context) (err error) {
		if m.IsNow() {
			v, err = r.LookNow(ctx, keys)
		} else {
			v, err = r.lookAt(ctx, keys, m)
		}
		return err
	})
	if err != nil {
		return nil, access.Caller{}, env.StoreFault(err)
	}
	who, err := r.Guard.Admit(ctx, &v.Head)
	if err != nil {
		return nil, access.Caller{}, err
	}
	// A clock that lags behind the ledger must not hide what was acknowledged.
	now := r.Instant()
	if !r.unsafe.DecideByOwnClock {
		now = max(now, v.Head.Recorded)
	}
	v.Asked = now
	switch {
	case m.KnownAsOf.Time > now:
		return nil, access.Caller{}, inFuture("knownAsOf.time")
	case v.At > now:
		return nil, access.Caller{}, inFuture("asOf")
	case m.IsNow():
		v.At = now
	}
	return v, who, r.Consult(ctx, v, v.At)
}

// Consult makes the view show the external lists in force at a time. Look does so for the view's time.
func (r *Reader) Consult(ctx context.Context, v *View, at consent.Instant) (err error) {
	v.lists, err = r.Lists.At(ctx, &v.Head, v.Position, at)
	return err
}

func inFuture(field string) error {
	return fault.Errorf(fault.TimeInFuture, field, "the time is in the future; omit it to ask for the current time")
}

// LookNow reads the states of now, and those of the addresses that are linked with them, without admitting a caller. Where a state cannot be
// read, all are folded from their events.
func (r *Reader) LookNow(ctx context.Context, keys []storage.SubjectKey) (*View, error) {
	return withLinked(keys, func(keys []storage.SubjectKey) (*View, error) { return r.lookNow(ctx, keys) })
}

// withLinked looks at the subjects with the keys and at all that are linked with them. Each look is a read of its own, so a link that is
// found makes all be read again, until what is seen together has all links in it.
func withLinked(keys []storage.SubjectKey, look func(keys []storage.SubjectKey) (*View, error)) (*View, error) {
	for {
		v, err := look(keys)
		if err != nil {
			return nil, err
		}
		more := v.linkedBeyond(keys)
		if len(more) == 0 {
			return v, nil
		}
		keys = slices.Concat(keys, more)
	}
}

// linkedBeyond returns the keys of subjects that those of the view are linked with and that are not among the given ones.
func (v *View) linkedBeyond(keys []storage.SubjectKey) []storage.SubjectKey {
	var more []storage.SubjectKey
	for _, state := range v.states {
		for i := range state.Links {
			key := storage.SubjectKey{Form: consent.FormFolded, Digest: state.Links[i].With.Folded}
			if !slices.Contains(keys, key) && !slices.Contains(more, key) {
				more = append(more, key)
			}
		}
	}
	return more
}

func (r *Reader) lookNow(ctx context.Context, keys []storage.SubjectKey) (*View, error) {
	head, rows, err := r.Store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	v := &View{Head: head, Position: head.Position, states: make(map[storage.SubjectKey]*consent.State, len(rows))}
	names, err := r.Names.Of(ctx, &head)
	if err != nil {
		return nil, err
	}
	var unread []storage.SubjectKey
	for i := range rows {
		if rows[i].ID == (consent.SubjectID{}) {
			continue // All events of it were erased.
		}
		state, err := UnpackState(names, rows[i].State.Packed, &head)
		if errors.Is(err, tlv.ErrEncoding) {
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
	return r.lookBack(ctx, keys, 0, 0)
}

// lookAt reads what is known at a moment that is not now.
func (r *Reader) lookAt(ctx context.Context, keys []storage.SubjectKey, m Moment) (*View, error) {
	position, recorded, err := r.knownAt(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.AsOf == 0 {
		m.AsOf = recorded
	}
	v, err := r.LookBack(ctx, keys, m.AsOf, position)
	if err != nil {
		return nil, err
	}
	if v.At = m.AsOf; position > v.Head.Position {
		return nil, beyondHead()
	}
	return v, nil
}

// knownAt returns the position of the last event that counts as known at the moment, 0 for no limit, and when that was so, which is
// read only if the moment does not say what time to decide for.
func (r *Reader) knownAt(ctx context.Context, m Moment) (int64, consent.Instant, error) {
	switch {
	case m.KnownAsOf.Time != 0:
		_, position, err := r.Store.PositionAt(ctx, m.KnownAsOf.Time)
		if err == nil && position == 0 {
			err = fault.Errorf(fault.PositionUnknown, "knownAsOf.time", "the ledger had no events at that time")
		}
		return position, m.KnownAsOf.Time, err
	case m.KnownAsOf.Position == 0 || m.AsOf != 0:
		return m.KnownAsOf.Position, m.AsOf, nil
	}
	_, records, err := r.Store.Ledger(ctx, m.KnownAsOf.Position-1, 1)
	if err != nil {
		return 0, 0, err
	}
	if len(records) == 0 || records[0].Event.Position != m.KnownAsOf.Position {
		return 0, 0, beyondHead()
	}
	return m.KnownAsOf.Position, records[0].Event.Recorded, nil
}

func beyondHead() error {
	return fault.Errorf(fault.PositionUnknown, "knownAsOf.position", "the ledger does not have this position yet")
}

// LookBack folds the events that occurred until a time and stand at or before a position; 0 is no limit. It looks at the addresses that are
// linked, too.
func (r *Reader) LookBack(
	ctx context.Context, keys []storage.SubjectKey, until consent.Instant, upTo int64,
) (*View, error) {
	return withLinked(keys, func(keys []storage.SubjectKey) (*View, error) { return r.lookBack(ctx, keys, until, upTo) })
}

func (r *Reader) lookBack(
	ctx context.Context, keys []storage.SubjectKey, until consent.Instant, upTo int64,
) (*View, error) {
	head, bySubject, err := r.Store.EventsOf(ctx, keys, until, upTo)
	if err != nil {
		return nil, err
	}
	v := &View{Head: head, Position: head.Position, states: make(map[storage.SubjectKey]*consent.State, len(bySubject))}
	if upTo != 0 {
		v.Position = upTo
	}
	undone, err := UndoneAt(ctx, r.Store, &head, v.Position)
	if err != nil {
		return nil, err
	}
	var empty []storage.SubjectKey
	for key, headers := range bySubject {
		if v.states[key], err = foldHeaders(headers, undone); err != nil {
			return nil, err
		}
		if len(headers) == 0 {
			empty = append(empty, key)
		}
	}
	return v, r.dropErased(ctx, v, empty)
}

// dropErased leaves out of the view, of the keys without events in it, those whose events were all erased, as a read of now does: nothing is
// known, or counted, for them. The others have events that do not count yet.
func (r *Reader) dropErased(ctx context.Context, v *View, empty []storage.SubjectKey) error {
	if len(empty) == 0 {
		return nil
	}
	_, rows, err := r.Store.States(ctx, empty)
	for i := range rows {
		if rows[i].ID == (consent.SubjectID{}) {
			delete(v.states, rows[i].Key)
		}
	}
	return err
}

// RewrittenAfter reports whether events of the keys from before a position may have gone since: an erasure takes some away, and records
// those that stay anew.
func (r *Reader) RewrittenAfter(ctx context.Context, keys []storage.SubjectKey, position int64) (bool, error) {
	_, bySubject, err := r.Store.EventsOf(ctx, keys, 0, 0)
	if err != nil {
		return false, err
	}
	for _, headers := range bySubject {
		events, err := DecodeHeaders(headers)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(events, func(e consent.Event) bool {
			return e.Position > position && (e.Kind == consent.KindErase || len(e.Was) > 0)
		}) {
			return true, nil
		}
	}
	return false, nil
}

// foldHeaders returns the fold of the events with the headers, as of the number of the last undo that is complete.
func foldHeaders(headers [][]byte, undone int64) (*consent.State, error) {
	events, err := DecodeHeaders(headers)
	if err != nil {
		return nil, err
	}
	return consent.Fold(consent.InEffect(events, undone)), nil
}

// DecodeHeaders returns the events with the headers.
func DecodeHeaders(headers [][]byte) ([]consent.Event, error) {
	events := make([]consent.Event, len(headers))
	for i, h := range headers {
		var err error
		if events[i], err = codec.DecodeHeader(h); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// InForce returns the catalog in force at the view's time, of the versions that count as known, with its number.
func (r *Reader) InForce(ctx context.Context, v *View) (*catalog.Catalog, int64, error) {
	versions, err := r.Catalogs.UpTo(ctx, &v.Head)
	if err != nil {
		return nil, 0, err
	}
	later := slices.IndexFunc(versions, func(c reference.CatalogVersion) bool { return c.Position > v.Position })
	if later == 0 {
		return nil, 0, fault.Errorf(fault.NoCatalog, "", "no catalog was applied yet at position %d", v.Position)
	}
	if later > 0 {
		versions = versions[:later]
	}
	c := reference.InForce(versions, v.At)
	return c.Parsed, c.Version, nil
}

// Present returns the catalog in force now, under the head that the view read, whatever moment it is about.
func (r *Reader) Present(ctx context.Context, v *View) (*catalog.Catalog, error) {
	versions, err := r.Catalogs.UpTo(ctx, &v.Head)
	if err != nil {
		return nil, err
	}
	return reference.InForce(versions, max(r.Instant(), v.Head.Recorded)).Parsed, nil
}

// Moment is what time is asked about, and up to where the ledger counts as known. The zero value is now, strictly, with all that
// was acknowledged.
type Moment struct {
	AsOf      consent.Instant // the time to decide for; zero: that at which Known was so, or now
	KnownAsOf KnownAsOf
}

// KnownAsOf is up to where the ledger counts as known; the zero value is all of it. At most one of the fields is set.
type KnownAsOf struct {
	Position int64           // of the last event that counts
	Time     consent.Instant // the last event recorded at or before it is the last that counts
}

// IsNow reports whether what is asked for may be sent on.
func (m Moment) IsNow() bool { return m == Moment{} }

// UnpackState returns a packed state as it holds for the head that it was read with; a subject without one has none.
func UnpackState(names codec.Names, packed []byte, head *storage.Head) (*consent.State, error) {
	if packed == nil {
		return nil, tlv.ErrEncoding
	}
	return codec.UnpackState(codec.InForce(packed, head.Undone), names)
}

// UndoneAt returns the number of the last undo that was complete at a position, which is of the head or from before it.
func UndoneAt(ctx context.Context, store storage.TableReader, head *storage.Head, position int64) (int64, error) {
	if head.Undone == 0 || position >= head.Position {
		return head.Undone, nil
	}
	undos, err := tables.CompleteUndos(ctx, store)
	return undos.At(position), err
}
