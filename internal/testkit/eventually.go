package testkit

import (
	"testing"
	"time"
)

// Eventually waits until condition holds and fails the test when it does not
// within the time given. It is for what happens outside the test's control, in
// another process or behind a socket; what runs inside one process is tested
// with testing/synctest and needs no waiting.
func Eventually(t testing.TB, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("still not true after %v: %s", within, what)
		}
	}
}
