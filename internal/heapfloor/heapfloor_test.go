package heapfloor_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/heapfloor"
	"github.com/assent-io/assent/internal/testkit"
)

var (
	garbage []byte
	kept    [][]byte
)

// percent returns the percentage of the collector, and leaves it alone.
func percent() uint64 {
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	return now[0].Value.Uint64()
}

// collections returns how often the collector ran while so many megabytes of garbage were made.
func collections(megabytes int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range megabytes * 16 {
		garbage = make([]byte, 64<<10)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestSet_SmallHeap_IsCollectedSeldom_AndALargeOneAsGoDoes(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	runtime.GC()
	heapfloor.Set(32 << 20)
	if n := collections(320); n < 4 || n > 20 { // Go by itself does so some eighty times.
		t.Errorf("320 MB of garbage were collected %d times, want about ten times", n)
	}
	for range 100 {
		kept = append(kept, make([]byte, 1<<20))
	}
	defer func() { kept = nil }()
	testkit.Eventually(t, time.Minute, "with 100 MB in use the percentage is about that of Go", func() bool {
		runtime.GC()           // What is called after a collection runs beside the program.
		return percent() < 115 // What changes little is not set.
	})
}

func TestSet_PercentageOfTheEnvironment_Stays(t *testing.T) {
	t.Setenv("GOGC", "150")
	defer debug.SetGCPercent(debug.SetGCPercent(150))
	heapfloor.Set(1 << 30)
	if got := percent(); got != 150 {
		t.Errorf("the percentage is %d, want that of the environment, 150", got)
	}
}
