package proof

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/service/env"
)

// memory answers checks by what it was answered a moment ago: a cache without a fence.
type memory struct {
	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	answer answer
	until  time.Time
}

func (m *memory) ask(ctx context.Context, r remote, c call) (answer, error) {
	m.mu.Lock()
	known, ok := m.known[c.recipient]
	m.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.answer, nil
	}
	got, err := r.send(ctx, attempt{call: c})
	if err == nil {
		m.mu.Lock()
		m.known[c.recipient] = remembered{answer: got, until: time.Now().Add(100 * time.Millisecond)}
		m.mu.Unlock()
	}
	return got, err
}

// patient takes an answer that the ledger does not reach a position yet for none: without a fence a server may not know of it.
func patient(ctx context.Context, r remote, c call) (answer, error) {
	got, err := r.send(ctx, attempt{call: c})
	if reason(err) == "POSITION_UNKNOWN" {
		return answer{}, status.Error(codes.Unavailable, "the server is behind")
	}
	return got, err
}

// A checker that never finds anything proves nothing: here each run has a fault that must be found.
func TestChecker_WithoutWhatKeepsThePromise_FindsTheViolation(t *testing.T) {
	lagging := func(off env.Unsafe) func(n int) serving {
		return func(n int) serving {
			how := serving{Unsafe: off}
			if n == 0 {
				how.Clock = -3 * time.Second
			}
			return how
		}
	}
	controls := []struct {
		name   string
		how    func(n int) serving
		ask    func() asking // nil: as any client asks
		denied bool          // what is found is a DENY that must not have been; else an ALLOW
	}{
		{name: "answers that are 100 ms old", how: lagging(env.Unsafe{}), ask: func() asking { return (&memory{known: map[string]remembered{}}).ask }},
		{name: "an index without a fence", how: lagging(env.Unsafe{NoFence: true}), ask: func() asking { return patient }},
		// It holds refusals of its future against the recipient, but does not know yet of the consent that ended them.
		{name: "a lagging server that decides by its own clock", how: lagging(env.Unsafe{DecideByOwnClock: true}), denied: true},
		// A refusal is recorded as older than the consent that it came after.
		{name: "a lagging server that records by its own clock", how: lagging(env.Unsafe{RecordByOwnClock: true})},
	}
	for _, control := range controls {
		t.Run(control.name, func(t *testing.T) {
			seed := seeded(t)
			c := newSoundCluster(t, newDice(seed, "cluster"), control.how)
			mustFindViolation(t, c, seed, control.ask, control.denied)
		})
	}
}

// onlyAllowed leaves out the answers DENY, so that what is found is an ALLOW that must not have been.
func onlyAllowed(history []porcupine.Operation) []porcupine.Operation {
	return slices.DeleteFunc(slices.Clone(history), func(op porcupine.Operation) bool {
		return op.Input.(call).verb == check && !op.Output.(answer).allow //nolint:errcheck,forcetypeassert // A panic says it.
	})
}

// mustFindViolation makes calls, without breaking anything, until a history is illegal.
func mustFindViolation(t *testing.T, c *cluster, seed uint64, ask func() asking, denied bool) {
	t.Helper()
	through := c.remotes(t)
	for epoch := range 30 {
		name := fmt.Sprintf("control-%d", epoch)
		l := newLoad(t, name)
		if ask != nil {
			l.ask = ask()
		}
		l.begin(through[1], newDice(seed, name+" begin"))
		l.run(clients, name, seed, through, 300*time.Millisecond)
		l.settle(through[1])
		history := l.history
		if !denied {
			history = onlyAllowed(history)
		}
		if !legal(t, history) {
			t.Logf("found in epoch %d, of %d calls", epoch, len(l.history))
			return
		}
	}
	t.Error("the checker found nothing")
}
