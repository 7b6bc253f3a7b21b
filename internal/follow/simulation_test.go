package follow_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
)

const people = 12 // of the simulation: few, so that they meet

// simulation is a database that is written to, goes back to backups, fails and hangs, with an index that follows it and many callers.
type simulation struct {
	seed uint64
	d    *database
	x    *index.Index

	mu    sync.Mutex
	fault string // the first violation
	views int
	past  int // fences that were passed
}

func (s *simulation) violated(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == "" {
		s.fault = fmt.Sprintf("seed %d: ", s.seed) + fmt.Sprintf(format, args...)
	}
}

// source returns the random numbers of one participant.
func (s *simulation) source(who uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, who)) }

func simulate(t *testing.T, seed uint64, joinInFlight bool) *simulation {
	t.Helper()
	s := &simulation{seed: seed, d: newDatabase()}
	synctest.Test(t, func(t *testing.T) { s.run(t, joinInFlight) })
	return s
}

func (s *simulation) run(t *testing.T, joinInFlight bool) {
	t.Helper()
	r := s.source(0)
	way := time.Duration(r.IntN(3_000)+1) * time.Microsecond
	s.d.remember, s.d.latency = true, func() time.Duration { return uniform(r, way) } // under the database's lock
	s.d.commit(func(h *history) {
		for i := range r.IntN(people) {
			h.event(keyOf(i), stateOf(i, 0), uint64(i))
		}
	})
	s.x = index.New(s.d, index.Options{})
	s.x.Tune(follow.Tuning{
		Limit: 1 + r.IntN(4), Page: 1 + r.IntN(5), Gather: 2 + r.IntN(10), Timeout: time.Duration(100+r.IntN(900)) * time.Millisecond,
		JoinInFlight: joinInFlight,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var followed, asked sync.WaitGroup
	followed.Go(func() { s.x.Run(ctx) })
	asked.Go(s.write)
	for who := range uint64(3) {
		asked.Go(func() { s.ask(ctx, s.source(10+who)) })
	}
	asked.Wait()
	s.settle(ctx)
	cancel()
	followed.Wait()
	if _, ok := s.x.View(); ok || s.x.Ready() {
		s.violated("the index answers after its end")
	}
}

// write changes the store, one thing after the other.
func (s *simulation) write() {
	r := s.source(1)
	rebuilt := 0 // backups from before it are gone
	for n := range 70 {
		time.Sleep(uniform(r, 12*time.Millisecond)) //nolint:forbidigo // The clock is that of the simulation.
		who, version, unique := r.IntN(people), n+1, r.Uint64()
		seq := 0
		switch dice := r.IntN(100); {
		case dice < 60:
			state := stateOf(who, version)
			if r.IntN(8) == 0 {
				state = nil
			}
			seq = s.d.commit(func(h *history) { h.event(keyOf(who), state, unique) })
		case dice < 70: // an erasure: an event of one subject, and another subject's row is gone or a tombstone
			seq = s.d.commit(func(h *history) {
				h.event(keyOf(who), stateOf(who, version), unique)
				h.revise(keyOf((who+1)%people), nil, r.IntN(2) == 0)
			})
		case dice < 76:
			seq = s.d.commit(func(h *history) { h.head.ClientsVersion++ })
		case dice < 79:
			seq = s.d.commit(func(h *history) { h.rebuild(s.d.kept) })
			rebuilt = len(s.d.backups)
		case dice < 84: // an import
			seq = s.d.commit(func(h *history) {
				for i := range 10 + r.IntN(20) {
					h.event(keyOf(i%people), stateOf(i%people, 1000*version+i), unique+uint64(i))
				}
			})
		case dice < 90:
			s.d.backUp()
		case dice < 93 && len(s.d.backups) > rebuilt:
			seq = s.d.restore(rebuilt + r.IntN(len(s.d.backups)-rebuilt))
		default:
			s.d.breakFor(fault(r.IntN(int(losing)+1)), uniform(r, 600*time.Millisecond))
		}
		if seq != 0 {
			time.Sleep(uniform(r, time.Millisecond)) //nolint:forbidigo // The answer is under way.
			s.d.mu.Lock()
			s.d.acked = seq
			s.d.mu.Unlock()
		}
	}
}

// ask asks strictly, and in between without a fence.
func (s *simulation) ask(ctx context.Context, r *rand.Rand) {
	for range 90 {
		time.Sleep(uniform(r, 8*time.Millisecond)) //nolint:forbidigo // The clock is that of the simulation.
		s.look(0)
		s.d.mu.Lock()
		acked := s.d.acked
		s.d.mu.Unlock()
		limited, cancel := context.WithTimeout(ctx, uniform(r, 800*time.Millisecond))
		if s.x.Fence(limited) == nil {
			s.look(acked)
		}
		cancel()
	}
}

// look compares a view, if there is one, with what was so as of its head, which is not older than the acknowledgement.
func (s *simulation) look(acked int) (head string, ok bool) {
	v, ok := s.x.View()
	if !ok {
		return "", false
	}
	defer v.Close()
	head = nameOf(v.Head())
	s.d.mu.Lock()
	then, was := s.d.shown[head]
	s.d.mu.Unlock()
	if !was {
		s.violated("the head %s never was", head)
		return head, true
	}
	s.mu.Lock()
	s.views++
	if acked > 0 {
		s.past++
	}
	s.mu.Unlock()
	if then.seq < acked {
		s.violated("after the fence the view is of change %d, acknowledged before was %d", then.seq, acked)
	}
	for i := range people {
		key := keyOf(i)
		want, there := then.states[key]
		if got, ok := v.Find(&key); ok != there || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			s.violated("as of %s, subject %d is %q, %v, want %q, %v", head, i, got, ok, want, there)
		}
	}
	return head, true
}

// settle lets everything heal: then the fence passes, and the view is of the head.
func (s *simulation) settle(ctx context.Context) {
	s.d.breakFor(healthy, 0)
	time.Sleep(5 * time.Second) //nolint:forbidigo // The clock is that of the simulation.
	if err := s.x.Fence(ctx); err != nil || !s.x.Ready() {
		s.violated("all is well and the fence answers %v, ready %v", err, s.x.Ready())
		return
	}
	last := s.d.head()
	if head, ok := s.look(s.d.seq); !ok || head != nameOf(&last) {
		s.violated("the view is of %s, the database of %s", head, nameOf(&last))
	}
	if behind := s.x.Behind(); behind > 200*time.Millisecond {
		s.violated("all is well and the index is %v behind", behind)
	}
}

// TestSimulation_AnySeed_FenceShowsWhatWasAcknowledged holds the promises of the package over random runs: a few hundred, always the same
// ones, or thousands of others each time, where the proofs run long.
func TestSimulation_AnySeed_FenceShowsWhatWasAcknowledged(t *testing.T) {
	from, seeds := uint64(0), uint64(300)
	if os.Getenv("ASSENT_PROOF") == "long" {
		from, seeds = rand.Uint64()>>1, 5_000
		t.Logf("seeds from %d", from)
	}
	const parts = 4
	for part := range uint64(parts) {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			past, reloads := 0, int64(0)
			for seed := part; seed < seeds; seed += parts {
				s := simulate(t, from+seed, false)
				if s.fault != "" {
					t.Fatal(s.fault)
				}
				past, reloads = past+s.past, reloads+s.x.Stats().Reloads
			}
			if past < int(seeds) || reloads < int64(seeds)/parts/4 {
				t.Errorf("%d fences were passed and %d histories left: the simulation shows nothing", past, reloads)
			}
		})
	}
}

// TestSimulation_FenceThatJoinsAReadUnderWay_IsFound is the control: the simulation finds the fault that the fence is there to avoid.
func TestSimulation_FenceThatJoinsAReadUnderWay_IsFound(t *testing.T) {
	for seed := range uint64(100) {
		if s := simulate(t, seed, true); s.fault != "" {
			t.Logf("found: %s", s.fault)
			return
		}
	}
	t.Error("the simulation does not notice a fence that joins a read under way")
}
