package proof

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// long reports whether the long forms are asked for.
func long() bool { return os.Getenv("ASSENT_PROOF") == "long" }

// forms returns the value for the form that runs.
func forms[T any](short, longer T) T {
	if long() {
		return longer
	}
	return short
}

// dice makes random choices that can be repeated.
type dice struct{ *rand.Rand }

// seeded returns the seed of the run and names it in the log of the test, which is shown when it fails.
func seeded(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if given := os.Getenv("ASSENT_PROOF_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("ASSENT_PROOF_SEED: %v", err)
		}
	}
	t.Logf("ASSENT_PROOF_SEED=%d", seed)
	return seed
}

// newDice returns the dice of one goroutine, by its name: what others do changes nothing about it.
func newDice(seed uint64, name string) dice {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name))
	return dice{rand.New(rand.NewPCG(seed, sum.Sum64()))} //nolint:gosec // Repeatable on purpose.
}

// between returns a time span from low to high.
func (d dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Int64N(int64(high-low)+1))
}

// chance is true in so many of a hundred cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// wait waits, or until stop is closed; it reports whether the time has passed.
func wait(stop <-chan struct{}, span time.Duration) bool {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-stop:
		return false
	case <-timer.C:
		return true
	}
}
