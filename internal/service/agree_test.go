package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/testkit"
)

// bare returns a service over the store that reads the database for its checks.
func (w *world) bare(s *Service) *Service {
	w.t.Helper()
	other, err := New(w.t.Context(), s.Store, w.keys, Options{Now: w.clock.Now, Logger: s.Log, UndoPage: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(other.Close)
	return other
}

// agree wants the same decision from the index, from the states of the database and from a fold of the events.
func (o *story) agree(plain *Service, address, channel string) {
	in := check.Input{Address: address, Request: consent.Request{Channel: channel}}
	indexed, err := o.s.Check(o.ctx, in)
	if err != nil {
		o.rt.Fatalf("by the index: %v", err)
	}
	stored, err := plain.Check(o.ctx, in)
	if err != nil {
		o.rt.Fatalf("by the database: %v", err)
	}
	in.Moment = asof.Moment{AsOf: indexed.Decided, KnownAsOf: asof.KnownAsOf{Position: indexed.Snapshot.Position}}
	folded, err := plain.Check(o.ctx, in)
	if err != nil {
		o.rt.Fatalf("by the events: %v", err)
	}
	if diff := cmp.Diff(stored, indexed); diff != "" {
		o.rt.Fatalf("%s on %s (-database +index):\n%s", address, channel, diff)
	}
	if diff := cmp.Diff(folded.Decision, indexed.Decision); diff != "" {
		o.rt.Fatalf("%s on %s (-events +index):\n%s", address, channel, diff)
	}
}

// The index, the SQL path and a plain re-fold of the events agree (docs/decision-rules.md, invariant 10).
func TestProperty_IndexDatabaseAndEvents_Agree(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P2D, requests: P2D, hard_bounces: P3D")
		plain := w.bare(s)
		w.clock.Advance(200 * time.Hour)
		raw := w.raw()
		w.damaged = true // A rebuild in between mends what it damages itself.
		w.eachLife(t, 20, func(rt *rapid.T, number int) {
			o := &story{w: w, s: s, ctx: ctx, rt: rt, raw: raw, name: fmt.Sprint("p", number), hour: 30}
			w.endUndo(ctx, s) // Of the story before.
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				o.step() //nolint:contextcheck // Reading has the test's own context.
				for _, channel := range []string{"newsletter", "product-marketing"} {
					o.agree(plain, o.address("asked"), channel)
				}
			}
		})
	})
}

// While several servers write and erase, every answer of the index is what the events say at its position.
func TestIndex_UnderConcurrentWritesAndErasures_AnswersAsTheEvents(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := newPair(t, w)
		admin := access.WithCaller(t.Context(), access.Process("test"))
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		address := func(dice *rand.Rand) string { return fmt.Sprintf("person%d+%d@gmail.com", dice.IntN(4), dice.IntN(2)) }
		ctx, cancel := context.WithCancel(admin)
		defer cancel()
		turns := make(chan struct{}, 64) // Each is for one check.
		var writing, asking sync.WaitGroup
		for n, s := range []*Service{p.one, p.two} {
			writing.Go(func() {
				dice := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // It is to be repeatable.
				for range 100 {
					offer(ctx, turns, 16)
					_, _ = s.Record(admin, anyChange(dice, address(dice), w.clock.Now()), txn.Idempotency{}) // Some are refused by rule.
				}
			})
			asking.Go(func() {
				defer cancel()                                    // After an error nothing else is asked.
				dice := rand.New(rand.NewPCG(seed, uint64(10+n))) //nolint:gosec // It is to be repeatable.
				for take(ctx, turns) {
					in := check.Input{Address: address(dice), Request: consent.Request{Channel: "newsletter"}}
					if _, err := s.Check(admin, in); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		writing.Wait()
		testkit.Eventually(t, time.Minute, "enough answers were compared", func() bool {
			offer(ctx, turns, 16)
			return ctx.Err() != nil || p.one.Sampled().Compared > 100 && p.two.Sampled().Compared > 100
		})
		cancel()
		asking.Wait() // That none differs is said when the services end.
	})
}

// offer puts turns into a channel, and take takes one out of it, unless the context ends.
func offer(ctx context.Context, turns chan<- struct{}, n int) {
	for range n {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

func take(ctx context.Context, turns <-chan struct{}) bool {
	select {
	case <-turns:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func anyChange(dice *rand.Rand, address string, now time.Time) statement.Statement {
	switch dice.IntN(8) {
	case 6, 7:
		kind := consent.KindLink
		if dice.IntN(2) == 0 {
			kind = consent.KindUnlink
		}
		return statement.Statement{Kind: kind, Address: address, With: fmt.Sprintf("person%d@gmail.com", dice.IntN(4)), Justification: "case 7"}
	case 0, 1:
		return consentOn("newsletter", address, now.Add(-time.Minute))
	case 2:
		return withdrawal("newsletter", address)
	case 3:
		return statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonHardBounce}
	case 4:
		return statement.Statement{Kind: consent.KindLift, Address: address, Reason: consent.ReasonHardBounce, Justification: "it works again"}
	default:
		return statement.Statement{Kind: consent.KindErase, Address: address}
	}
}
