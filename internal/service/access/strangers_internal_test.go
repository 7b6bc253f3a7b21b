package access

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/assent-io/assent/internal/fault"
)

func TestStrangers_ManyCalls_LookOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks, running atomic.Int32
		goOn := make(chan struct{})
		s := newClientRefresher(func(context.Context) error {
			if running.Add(1) > 1 {
				t.Error("two looks run at once")
			}
			defer running.Add(-1)
			looks.Add(1)
			<-goOn
			return nil
		})
		var calls sync.WaitGroup
		call := func() {
			calls.Go(func() {
				if err := s.waitForRefresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		call()
		synctest.Wait() // The first look runs; what comes now waits for the next one.
		for range maxUnknownKeyCalls - 1 {
			call()
		}
		synctest.Wait()
		var refused *fault.Error
		if err := s.waitForRefresh(t.Context()); !errors.As(err, &refused) || refused.Code != fault.Unavailable {
			t.Errorf("one call too many got %v", err)
		}
		close(goOn)
		calls.Wait()
		if n := looks.Load(); n != 2 {
			t.Errorf("%d calls looked %d times, want 2", maxUnknownKeyCalls, n)
		}
	})
}

func TestStrangers_CallThatGivesUp_LeavesTheLookToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := newClientRefresher(func(ctx context.Context) error {
			<-goOn
			return ctx.Err()
		})
		first, giveUp := context.WithCancel(t.Context())
		go func() { _ = s.waitForRefresh(first) }()
		synctest.Wait()
		second := make(chan error)
		go func() { second <- s.waitForRefresh(t.Context()) }()
		synctest.Wait()
		giveUp()
		close(goOn)
		if err := <-second; err != nil {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if s.waiting != 0 {
			t.Errorf("%d calls count as waiting", s.waiting)
		}
	})
}
