package testkit_test

import (
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

func TestClock_NotMoved_StandsStill(t *testing.T) {
	start := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	clock := testkit.NewClock(start)
	for range 3 {
		if got := clock.Now(); !got.Equal(start) {
			t.Errorf("Now() = %v, want %v", got, start)
		}
	}
}

func TestClock_Set_MayGoBack(t *testing.T) {
	start := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	clock := testkit.NewClock(start)
	earlier := start.Add(-time.Hour)
	clock.Set(earlier)
	if got := clock.Now(); !got.Equal(earlier) {
		t.Errorf("Now() = %v, want %v", got, earlier)
	}
}

func TestClock_AdvancedConcurrently_LosesNoStep(t *testing.T) {
	start := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	clock := testkit.NewClock(start)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				clock.Advance(time.Second)
				clock.Now()
			}
		})
	}
	wg.Wait()
	if got, want := clock.Now(), start.Add(800*time.Second); !got.Equal(want) {
		t.Errorf("Now() = %v, want %v", got, want)
	}
}
