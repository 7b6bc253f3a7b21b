package check

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// maxIndexAgeForDeny is how far the index may be behind for a denial to need no fence.
	maxIndexAgeForDeny = 5 * time.Second
	// addressesPerView is how many addresses are read from the index before others, and what is new, have their turn.
	addressesPerView = 1000
)

// errIndexUnusable means that the index cannot answer, and the database is read instead.
var errIndexUnusable = errors.New("the index cannot answer this request")

// Index is the packed states of all subjects in memory. It is the Index of package index.
type Index interface {
	// Head returns the head as of which a view would be now, another pointer whenever anything changed; nil if there is none.
	Head() *storage.Head
	// View returns the states as of one head until it is closed; false if there are none now.
	View() (index.View, bool)
	// Fence returns once everything that was acknowledged before is in every later View.
	Fence(ctx context.Context) error
	// Behind returns since when everything acknowledged by then has been in.
	Behind() time.Duration
	// Failing reports whether the database does not say what is new, or takes long to.
	Failing() bool
}

// decideByIndex decides by the index: a denial at once while the index is close behind, everything else once it has caught up with what
// was acknowledged before the call. Without the database only a denial can be answered.
func (s *Checker) decideByIndex(ctx context.Context, q *request, in *checkInput) (answer, error) {
	early := len(q.items) == 1 || !in.isStrict()
	var got answer
	var seen indexState
	var failed error
	if early {
		got, seen, failed = s.decideInMemory(ctx, q, in)
		if errors.Is(failed, errIndexUnusable) {
			return answer{}, errIndexUnusable
		}
		if failed == nil && s.isFreshEnough(q, in, &seen) {
			got.ForSending = true
			return got, s.hasReached(ctx, seen.head, &in.Consistency)
		}
	}
	if early && failed == nil && s.index.Failing() && q.deniesForSure() && in.AtLeast <= seen.head.Position {
		return got, nil // A DENY must not wait for a database that hangs. It may lack what was acknowledged since.
	}
	if err := s.waitForFence(ctx); err != nil {
		return s.decideWithoutFence(ctx, q, in, err)
	}
	if !early || failed != nil || s.index.Head() != seen.head {
		if got, seen, failed = s.decideInMemory(ctx, q, in); failed != nil {
			return answer{}, failed
		}
	}
	got.ForSending = true
	return got, s.hasReached(ctx, seen.head, &in.Consistency)
}

// isFreshEnough reports whether what was decided without a fence may be answered. Of strict checks only a DENY may: one that is a moment old
// at worst withholds a message that could have been sent. An ALLOW that is a moment old may miss a refusal (docs/decisions, record 0025).
func (s *Checker) isFreshEnough(q *request, in *checkInput, seen *indexState) bool {
	switch {
	case in.AtLeast > seen.head.Position:
		return false
	case !s.engine.Acknowledged.IsIn(seen.head):
		return false // The index must show everything that this process has acknowledged.
	case in.isStrict():
		return seen.behind <= maxIndexAgeForDeny && q.deniesForSure()
	default:
		return seen.behind <= in.Bounded
	}
}

// decideWithoutFence answers what may be answered when the database cannot say what is new.
func (s *Checker) decideWithoutFence(ctx context.Context, q *request, in *checkInput, outage error) (answer, error) {
	if errors.Is(outage, follow.ErrNotLoaded) {
		return answer{}, errIndexUnusable
	}
	if ctx.Err() != nil || !errors.Is(outage, storage.ErrUnavailable) {
		return answer{}, env.StoreFault(outage)
	}
	got, seen, err := s.decideInMemory(ctx, q, in)
	if err != nil || !q.deniesForSure() || in.AtLeast > seen.head.Position {
		return answer{}, env.StoreFault(outage)
	}
	got.ForSending = false
	return got, nil
}

func (s *Checker) waitForFence(ctx context.Context) error {
	if s.unsafe.NoFence {
		return nil
	}
	return s.Traced(ctx, env.SpanFence, 1, s.index.Fence)
}

// decideInMemory decides by the index as it is, with one view for each addressesPerView addresses, for now or, where the clock lags behind the
// ledger, for when that was written last. The error is errIndexUnusable where the index cannot tell.
func (s *Checker) decideInMemory(ctx context.Context, q *request, in *checkInput) (answer, indexState, error) {
	q.discardOutcomes()
	seen, now := indexState{behind: s.index.Behind()}, s.Instant()
	if seen.head = s.index.Head(); seen.head == nil {
		return answer{}, seen, errIndexUnusable
	}
	stand, err := s.requestContextOf(ctx, q.Digests.Keys, seen.head)
	if err != nil {
		return answer{}, seen, err
	}
	var got answer
	for from := 0; from < len(q.items); {
		v, err := s.viewWith(ctx, q.Digests.Keys, &stand)
		if err != nil {
			return answer{}, seen, err
		}
		to, head := min(from+addressesPerView, len(q.items)), v.Head()
		part, err := s.decidePart(q, from, to, &stand, v, in.Request, now)
		if err != nil {
			return answer{}, seen, err
		}
		if from == 0 {
			got, seen.head = part, head
		}
		from = to
	}
	return got, seen, nil
}

// viewWith returns a view, and makes the request context that of its head.
func (s *Checker) viewWith(ctx context.Context, digests *seal.Keys, stand *requestContext) (index.View, error) {
	for {
		v, ok := s.index.View()
		if !ok {
			return v, errIndexUnusable
		}
		head := v.Head()
		if stand.isFor(head) {
			return v, nil
		}
		v.Close() // The request context may have to be read from the database, which no caller does that holds a view.
		var err error
		if *stand, err = s.requestContextOf(ctx, digests, head); err != nil {
			return v, err
		}
	}
}

// timeOf returns the time that is decided for under a head: now, or, where the clock lags behind the ledger, when that was written last.
func (s *Checker) timeOf(now consent.Instant, head *storage.Head) consent.Instant {
	if s.unsafe.DecideByOwnClock {
		return now
	}
	return max(now, head.Recorded)
}

// decidePart decides about some addresses by one view, which it closes.
func (s *Checker) decidePart(q *request, from, to int, stand *requestContext, v index.View, r consent.Request, now consent.Instant) (answer, error) {
	defer v.Close()
	head := v.Head()
	at := s.timeOf(now, head)
	force := reference.InForce(stand.versions, at)
	if err := stand.caller.NeedChannel(r.Channel, force.Parsed); err != nil {
		return answer{}, err
	}
	rules, err := s.Rulebook.Rules(force.Parsed, r)
	if err != nil {
		return answer{}, err
	}
	got := answer{
		Snapshot: Snapshot{Position: head.Position, CatalogVersion: force.Version},
		catalog:  force.Parsed, Caller: stand.caller, decidedAt: at, decidedInView: to, revision: head.Revision,
	}
	return got, q.decideItems(from, to, rules, &indexSource{view: v, names: stand.names, lists: stand.lists, undone: head.Undone}, at)
}

// mayAskIndex reports whether the caller may ask by what the index knows. Where it does not say so, the database may.
func (s *Checker) mayAskIndex(ctx context.Context, r consent.Request) bool {
	if s.index == nil {
		return false
	}
	head := s.index.Head()
	if head == nil {
		return false
	}
	stand, err := s.requestContextOf(ctx, s.Keys, head)
	return err == nil && stand.caller.NeedChannel(r.Channel, reference.InForce(stand.versions, max(s.Instant(), head.Recorded)).Parsed) == nil
}

// indexState is the index as it was when a check looked at it.
type indexState struct {
	head   *storage.Head
	behind time.Duration
}

// requestContext is what a request is decided with: the caller, the versions of the catalog, and the names behind the
// numbers in states. It is read from the database once, and stays valid while the head names the same versions.
type requestContext struct {
	head     *storage.Head
	caller   access.Caller
	versions []reference.CatalogVersion
	names    *reference.Table
	lists    *extlist.Consulted
}

// requestContextOf returns that of the caller under a head, for what was found by the digests.
func (s *Checker) requestContextOf(ctx context.Context, digests *seal.Keys, head *storage.Head) (stand requestContext, err error) {
	stand.head = head
	if stand.caller, err = s.guard.Admit(ctx, head); err != nil {
		return stand, err
	}
	if env.CheckKeys(digests, head) != nil {
		return stand, env.StaleKeys() // The server has taken up a key since.
	}
	if stand.versions, err = s.Catalogs.UpTo(ctx, head); err != nil {
		return stand, err
	}
	if stand.lists, err = s.Lists.At(ctx, head, head.Position, max(s.Instant(), head.Recorded)); err != nil {
		return stand, err
	}
	stand.names, err = s.Names.Of(ctx, head)
	return stand, err
}

// isFor reports whether the request context is the same under another head.
func (s *requestContext) isFor(head *storage.Head) bool {
	return s.head == head || s.head.CatalogVersion == head.CatalogVersion && s.head.CatalogsSum == head.CatalogsSum &&
		s.head.ClientsVersion == head.ClientsVersion && s.head.Refs == head.Refs && s.head.RefsSum == head.RefsSum &&
		s.head.ListsSum == head.ListsSum && slices.Equal(s.head.DigestKeys, head.DigestKeys)
}

// indexSource reads subjects from a view of the index.
type indexSource struct {
	view   index.View
	names  codec.Names
	lists  *extlist.Consulted
	undone int64 // of the head of the view
}

// Listings implements subjects.Source.
func (m *indexSource) Listings(to []consent.Listing, a address.Address) ([]consent.Listing, error) {
	return m.lists.Append(to, a), nil
}

// Find implements subjects.Source.
func (m *indexSource) Find(where *subjects.Place, into *consent.State) (subjects.Found, error) {
	for i := range where.Keys {
		packed, ok := m.view.Find(&where.Keys[i])
		if !ok {
			continue
		}
		if packed == nil {
			return subjects.Found{}, errIndexUnusable
		}
		err := codec.UnpackInto(into, codec.InForce(packed, m.undone), m.names)
		if err != nil {
			err = errIndexUnusable // It is of another program's version.
		}
		return subjects.Found{Key: &where.Keys[i], State: into, KeyVersion: where.Digests.Versions[i]}, err
	}
	return subjects.Found{}, nil
}
