package testkit_test

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

// failing is a test that only remembers that it was failed.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	panic(f)
}

func TestEventually_ConditionComesTrue_Returns(t *testing.T) {
	asked := 0
	testkit.Eventually(t, time.Minute, "it was asked three times", func() bool {
		asked++
		return asked == 3
	})
	if asked != 3 {
		t.Errorf("asked %d times, want 3", asked)
	}
}

func TestEventually_NeverTrue_FailsTheTest(t *testing.T) {
	inner := &failing{TB: t}
	defer func() {
		if got := recover(); got != inner || !inner.failed {
			t.Errorf("recovered %v, want the failed test", got)
		}
	}()
	testkit.Eventually(inner, 30*time.Millisecond, "never", func() bool { return false })
}
