package check

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/service/subjects"
)

const (
	// maxQueuedSamples is how many samples wait at most; what comes then is not compared.
	maxQueuedSamples = 256
	// sampleTimeout is how long deciding one again may take.
	sampleTimeout = 5 * time.Second
)

// sampler decides a share of what the index answered again in the background: from the events, as known at the same position, and, if
// nothing was recorded since, from the states of the database. What differs is a fault of the program or of the data, and is logged.
type sampler struct {
	checker *Checker
	share   float64
	queue   chan sample
	end     context.CancelFunc
	ended   chan struct{}

	compared  atomic.Int64
	differing atomic.Int64
	skipped   atomic.Int64 // too many waited, or there was nothing to compare with any more
}

// sample is a check that the index answered.
type sample struct {
	address  address.Address
	request  consent.Request
	decision consent.Decision
	basis    Snapshot
	catalog  *catalog.Catalog
	revision int64
	contacts []consent.Contact // that it was decided by; nil: by none
}

// newSampler returns a sampler of the share of all checks, from 0 to 1.
func newSampler(s *Checker, share float64) *sampler {
	stop, end := context.WithCancel(context.Background())
	r := &sampler{checker: s, share: share, queue: make(chan sample, maxQueuedSamples), end: end, ended: make(chan struct{})}
	go r.compareSamples(stop)
	return r
}

func (r *sampler) close() {
	r.end()
	<-r.ended
}

// trySample takes some of the answers to a request. It does not wait.
func (r *sampler) trySample(q *request, in *checkInput, got *answer) {
	for i := range got.decidedInView {
		if q.items[i].err != nil || rand.Float64() >= r.share {
			continue
		}
		one := sample{
			address: q.items[i].Address, request: in.Request, decision: q.decisionAt(i),
			basis: got.Snapshot, catalog: got.catalog, revision: got.revision, contacts: q.contactsOf(i),
		}
		select {
		case r.queue <- one:
		default:
			r.skipped.Add(1)
		}
	}
}

func (r *sampler) compareSamples(ctx context.Context) {
	defer close(r.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case one := <-r.queue:
			r.compareSample(ctx, &one)
		}
	}
}

func (r *sampler) compareSample(ctx context.Context, one *sample) {
	timed, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	again, can, err := r.checker.decideAgain(timed, one)
	if err != nil || !can {
		r.skipped.Add(1)
		return // The database is away, or an erasure took away what it rested on. Others will be compared.
	}
	r.compared.Add(1)
	for source, d := range again {
		if reflect.DeepEqual(*d, one.decision) {
			continue
		}
		r.differing.Add(1)
		r.checker.Log.LogAttrs(ctx, slog.LevelError, "the index and the ledger gave different answers; run `assent ledger verify`",
			slog.String("source", source), slog.String("channel", one.request.Channel), slog.Int64("position", one.basis.Position),
			slog.String("index", string(one.decision.Reason)), slog.String("ledger", string(d.Reason)))
	}
}

// decideAgain decides a sample by the events as known then, and by the states of the database if they are still those of then. They
// cannot be compared if rows have changed since that events do not tell of, or if the address was erased since.
func (s *Checker) decideAgain(ctx context.Context, one *sample) (again map[string]*consent.Decision, can bool, err error) {
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(one.address, false)
	if err != nil {
		return nil, false, err
	}
	rules, err := s.Rulebook.Rules(one.catalog, one.request)
	if err != nil {
		return nil, false, err
	}
	then, err := s.reader.LookBack(ctx, l.AllKeys(), one.decision.Decided, one.basis.Position)
	if err != nil {
		return nil, false, err
	}
	now, err := s.reader.LookNow(ctx, l.AllKeys())
	if err != nil {
		return nil, false, err
	}
	if err := errors.Join(s.reader.Consult(ctx, then, one.decision.Decided), s.reader.Consult(ctx, now, one.decision.Decided)); err != nil {
		return nil, false, err
	}
	var before, after subjects.Knowledge
	if err := errors.Join(before.Gather(&at, then), after.Gather(&at, now)); err != nil {
		return nil, false, err
	}
	before.Contacts, after.Contacts = one.contacts, one.contacts
	// Read last, so that an erasure that came between the two reads is seen.
	if gone, err := s.reader.RewrittenAfter(ctx, l.AllKeys(), one.basis.Position); err != nil || gone || now.Head.Revision != one.revision {
		return nil, false, err
	}
	folded := operational.Decide(rules, one.address, &before.Known, one.decision.Decided)
	again = map[string]*consent.Decision{"events": &folded}
	if now.Head.Position == one.basis.Position {
		stored := operational.Decide(rules, one.address, &after.Known, one.decision.Decided)
		again["states"] = &stored
	}
	return again, true, nil
}

// Sampled counts the results of the answers of the index that were selected to be decided again.
type Sampled struct {
	Compared  int64
	Differing int64 // of those compared
	Skipped   int64 // could not be compared: too many waited, the database was away, or an erasure took away what it rested on
}

// Sampled returns the results of the answers of the index that were selected to be decided again.
func (s *Checker) Sampled() Sampled {
	if s.sampler == nil {
		return Sampled{}
	}
	return Sampled{s.sampler.compared.Load(), s.sampler.differing.Load(), s.sampler.skipped.Load()}
}
