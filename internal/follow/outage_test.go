package follow_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/index"
)

func TestFailing_HungDatabase_IsKnownAfter250Milliseconds_UntilARoundIsComplete(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		if x.Failing() {
			t.Error("it fails before it is loaded")
		}
		pass(time.Second)
		d.breakFor(hanging, 20*time.Second)
		pass(time.Second)
		if x.Failing() {
			t.Error("it fails though nobody asked")
		}
		go func() { _ = x.Fence(t.Context()) }()
		pass(250 * time.Millisecond)
		if x.Failing() {
			t.Error("it fails after 250 ms, want later")
		}
		pass(time.Millisecond)
		for range 60 { // rounds and the waits between them
			if !x.Failing() || !x.Ready() {
				t.Fatalf("failing %v, ready %v while the database hangs", x.Failing(), x.Ready())
			}
			pass(300 * time.Millisecond)
		}
		pass(4 * time.Second) // it is well again, and the next round may have to be waited for
		if err := x.Fence(t.Context()); err != nil || x.Failing() {
			t.Errorf("after the outage: %v, failing %v", err, x.Failing())
		}
	})
}

func TestFailing_FailingDatabase_IsKnownWhenTheFenceReturns(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		if err := x.Fence(t.Context()); err != nil || x.Failing() {
			t.Errorf("all is well: %v, failing %v", err, x.Failing())
		}
		d.breakFor(failing, 10*time.Second)
		if err := x.Fence(t.Context()); err == nil || !x.Failing() {
			t.Errorf("the round failed: %v, failing %v", err, x.Failing())
		}
		pass(5 * time.Second)
		if !x.Failing() {
			t.Error("no round was complete, and it does not fail any more")
		}
		d.breakFor(healthy, 0)
		for range 20 { // until the next round
			if rounds := x.Stats().Rounds; x.Failing() != (rounds < 2) {
				t.Fatalf("failing %v after %d complete rounds", x.Failing(), rounds)
			}
			pass(100 * time.Millisecond)
		}
		if x.Failing() {
			t.Error("it fails after the outage")
		}
	})
}

func TestFailing_SlowRound_UntilItIsComplete(t *testing.T) {
	following(t, index.Options{Every: time.Hour}, func(t *testing.T, d *database, x *index.Index) {
		pass(time.Second)
		d.slowed(200*time.Millisecond, nil)
		go func() { _ = x.Fence(t.Context()) }()
		pass(300 * time.Millisecond)
		if !x.Failing() {
			t.Error("a round takes more than 250 ms, and it does not fail")
		}
		pass(time.Second / 5)
		if x.Failing() {
			t.Error("the round is complete, and it fails")
		}
	})
}

func TestFailing_IndexThatAnswersNothing_DoesNotFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		x := index.New(d, index.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { x.Run(ctx) })
		pass(time.Second)
		d.breakFor(failing, time.Minute)
		pass(time.Second)
		if !x.Failing() {
			t.Error("it does not fail while rounds do")
		}
		cancel()
		done.Wait()
		if x.Failing() {
			t.Error("it fails after its end")
		}
	})
}
