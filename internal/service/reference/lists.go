package reference

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Lists caches the activations of external lists and the versions that are in force, in memory. Those in force now are found without a lock.
type Lists struct {
	store storage.Reader
	now   atomic.Pointer[listsNow]
	told  atomic.Pointer[toldNow] // what was answered last

	mu          sync.Mutex
	activations []activation    // by position
	versions    []loadedVersion // the one used last comes last
}

// activation is an event of kind list, with the sum of those up to it.
type activation struct {
	consent.Event
	sum [32]byte
}

// toldNow is the answer that a reader is told of no list anew under the activations of a sum if it was told by that at a position, until a time.
type toldNow struct {
	sum   [32]byte
	told  int64
	until consent.Instant
}

// listsNow are the lists in force where all activations of a sum count.
type listsNow struct {
	sum       [32]byte
	position  int64           // of the last activation
	since     consent.Instant // the latest time of them
	consulted *extlist.Consulted
	inForce   []*consent.Event // by which they came into force
}

type loadedVersion struct {
	sum     [32]byte
	form    string
	version *extlist.Version
}

func (v *loadedVersion) is(e *consent.Event) bool {
	return v.sum == e.Document256 && v.form == e.ListForm
}

// otherVersions is how many versions that are not in force now may stay in memory where no more lists than these are in force, for checks of the
// past; else as many as lists are.
const otherVersions = 2

func newLists(store storage.Reader) *Lists { return &Lists{store: store} }

// SumActivation returns the sum of an activation that follows those of a sum. Header is that of its event.
func SumActivation(sum [32]byte, header []byte) [32]byte {
	return sha256.Sum256(append(sum[:], header...))
}

// At returns the external lists that are in force at a time, of the activations that the head counts and that stand at or before a position.
// It is nil where there are none. What is not in memory is read: nobody is answered by the lists of before.
func (l *Lists) At(ctx context.Context, head *storage.Head, position int64, at consent.Instant) (*extlist.Consulted, error) {
	if head.ListsSum == ([32]byte{}) {
		return nil, nil //nolint:nilnil // No list is consulted.
	}
	if now := l.now.Load(); now != nil && now.sum == head.ListsSum && now.position <= position && now.since <= at {
		return now.consulted, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	counted, err := l.upTo(ctx, head)
	if err != nil {
		return nil, err
	}
	now := &listsNow{sum: head.ListsSum}
	events := make([]consent.Event, 0, len(counted))
	for i := range counted {
		now.position, now.since = counted[i].Position, max(now.since, counted[i].Occurred)
		if counted[i].Position <= position {
			events = append(events, counted[i].Event)
		}
	}
	now.inForce = extlist.InForce(events, at)
	if now.consulted, err = extlist.Consult(now.inForce, func(e *consent.Event) (*extlist.Version, error) {
		return l.version(ctx, e)
	}); err != nil {
		return nil, err
	}
	if now.position <= position && now.since <= at {
		l.now.Store(now)
	}
	l.trim(max(otherVersions, len(now.inForce)))
	return now.consulted, nil
}

// Activations returns the events by which versions of external lists came into force, of those that the head counts, by position.
func (l *Lists) Activations(ctx context.Context, head *storage.Head) ([]consent.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counted, err := l.upTo(ctx, head)
	events := make([]consent.Event, len(counted))
	for i := range counted {
		events[i] = counted[i].Event
	}
	return events, err
}

// Version returns the version that an event names. It stays in memory until others were asked for that are not in force either.
func (l *Lists) Version(ctx context.Context, e *consent.Event) (*extlist.Version, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, err := l.version(ctx, e)
	l.trim(otherVersions)
	return v, err
}

// Bytes returns how many bytes of memory the versions take that are in it.
func (l *Lists) Bytes() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.versions {
		n += int64(l.versions[i].version.Bytes())
	}
	return n
}

// Told returns the position of the last activation by which a reader is told at a time, under a head, if it was told by that at a position so far; 0
// is none. An activation of the digests that were in force already says nothing new but from when on the list is stale, which a reader was
// told, too: that it is later than it was told is told once three quarters of the time are over that the list was to be fresh.
func (l *Lists) Told(ctx context.Context, head *storage.Head, told int64, at consent.Instant) (int64, error) {
	if now := l.now.Load(); now != nil && now.sum == head.ListsSum && now.position == told {
		return told, nil
	}
	// The lock is held for seconds while a version is loaded, and every watcher asks in each window.
	if known := l.told.Load(); known != nil && known.sum == head.ListsSum && known.told == told && at < known.until {
		return told, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	counted, err := l.upTo(ctx, head)
	if err != nil || len(counted) == 0 {
		return told, err
	}
	from := toldAnewFrom(counted, told)
	if at >= from {
		return counted[len(counted)-1].Position, nil
	}
	l.told.Store(&toldNow{sum: head.ListsSum, told: told, until: from})
	return told, nil
}

// toldAnewFrom returns from when on a reader is told anew that was told by the activation at a position.
func toldAnewFrom(activations []activation, told int64) consent.Instant {
	from := consent.Instant(math.MaxInt64)
	of, last := map[string]*consent.Event{}, map[string]*consent.Event{} // by list, those that the reader was told by and those in force
	for i := range activations {
		e := &activations[i].Event
		before := last[e.List]
		last[e.List] = e
		if e.Position <= told {
			of[e.List] = e
			continue
		}
		if before == nil || before.Document256 != e.Document256 || consent.Earliest(before.StaleFrom(), e.StaleFrom()) != before.StaleFrom() {
			return 0
		}
	}
	for id, e := range of {
		if ends := e.StaleFrom(); last[id].StaleFrom() != ends {
			from = min(from, ends-(ends-e.Obtained)/4)
		}
	}
	return from
}

// upTo returns the activations that the head counts. The lock is held.
func (l *Lists) upTo(ctx context.Context, head *storage.Head) ([]activation, error) {
	if head.ListsSum == ([32]byte{}) {
		return nil, nil
	}
	for _, known := range [][]activation{l.activations, nil} {
		if n := countOf(known, head); n > 0 {
			return known[:n:n], nil
		}
		read, err := l.read(ctx, known)
		if err != nil {
			return nil, err
		}
		l.activations = read
		if n := countOf(read, head); n > 0 {
			return read[:n:n], nil
		}
	}
	return nil, env.OtherHistory()
}

// countOf returns how many of the activations the head counts; 0 if it counts others.
func countOf(known []activation, head *storage.Head) int {
	return slices.IndexFunc(known, func(a activation) bool { return a.sum == head.ListsSum }) + 1
}

// read reads the activations after those that are known.
func (l *Lists) read(ctx context.Context, known []activation) ([]activation, error) {
	var last activation
	if len(known) > 0 {
		last = known[len(known)-1]
	}
	rows, err := tables.ListActivations(ctx, l.store, last.Position)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	known = slices.Clone(known)
	for i := range rows {
		event, err := codec.DecodeHeader(rows[i].Header)
		if err != nil {
			return nil, fmt.Errorf("the activation of an external list at position %d: %w", rows[i].Position, err)
		}
		last = activation{Event: event, sum: SumActivation(last.sum, rows[i].Header)}
		known = append(known, last)
	}
	return known, nil
}

// version returns the version that an event names. The lock is held.
func (l *Lists) version(ctx context.Context, e *consent.Event) (*extlist.Version, error) {
	i := slices.IndexFunc(l.versions, func(v loadedVersion) bool { return v.is(e) })
	if i >= 0 {
		found := l.versions[i]
		l.versions = append(slices.Delete(l.versions, i, i+1), found)
		return found.version, nil
	}
	body, err := StoredList(ctx, l.store, e.Document256)
	if err != nil {
		return nil, err
	}
	v, err := extlist.Parse(extlist.Form(e.ListForm), body)
	if err != nil {
		return nil, fmt.Errorf("version %d of the external list %s: %w", e.ListVersion, e.List, err)
	}
	l.versions = append(l.versions, loadedVersion{sum: e.Document256, form: e.ListForm, version: v})
	return v, nil
}

// trim drops the versions that were used longest ago, all but those in force now and so many others. The lock is held.
func (l *Lists) trim(others int) {
	now := l.now.Load()
	kept := l.versions[:0:0]
	for i := range slices.Backward(l.versions) {
		v := &l.versions[i]
		isNow := now != nil && slices.ContainsFunc(now.inForce, v.is)
		if !isNow {
			others--
		}
		if isNow || others >= 0 {
			kept = append(kept, *v)
		}
	}
	slices.Reverse(kept)
	l.versions = kept
}
