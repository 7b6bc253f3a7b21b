package pipeline

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRun_ConsumesInOrder_AndIsNeverWiderThanAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const width, items = 3, 50
		var running, most atomic.Int32
		next := 0
		err := Run(t.Context(), width,
			func(yield func(int) error) error {
				for n := range items {
					if err := yield(n); err != nil {
						return err
					}
				}
				return nil
			},
			func(_ context.Context, n int) error {
				now := running.Add(1)
				defer running.Add(-1)
				for most.Load() < now && !most.CompareAndSwap(most.Load(), now) {
				}
				// Later items are done earlier.
				<-time.After(time.Duration(items-n) * time.Millisecond)
				return nil
			},
			func(n int) error {
				if n != next {
					t.Errorf("item %d after %d", n, next-1)
				}
				next++
				return nil
			})
		if err != nil || next != items || most.Load() != width {
			t.Errorf("%v after %d items, at most %d at once", err, next, most.Load())
		}
	})
}

func TestRun_AnyError_EndsIt(t *testing.T) {
	broken := errors.New("broken")
	endless := func(yield func(int) error) error {
		for n := 0; ; n++ {
			if err := yield(n); err != nil {
				return err
			}
		}
	}
	fine := func(context.Context, int) error { return nil }
	take := func(int) error { return nil }
	for name, run := range map[string]func(context.Context) error{
		"produce": func(ctx context.Context) error {
			return Run(ctx, 2, func(func(int) error) error { return broken }, fine, take)
		},
		"work": func(ctx context.Context) error {
			return Run(ctx, 2, endless, func(_ context.Context, n int) error {
				if n == 10 {
					return broken
				}
				return nil
			}, func(n int) error {
				if n >= 10 {
					t.Errorf("item %d was consumed", n)
				}
				return nil
			})
		},
		"consume": func(ctx context.Context) error {
			return Run(ctx, 2, endless, fine, func(int) error { return broken })
		},
	} {
		if err := run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ended, 2, endless, fine, take); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func TestRun_PanicOfAPart_IsOneOfTheCall(t *testing.T) {
	endless := func(yield func(int) error) error {
		for n := 0; ; n++ {
			if err := yield(n); err != nil {
				return err
			}
		}
	}
	fine := func(context.Context, int) error { return nil }
	for name, run := range map[string]func() error{
		"produce": func() error {
			return Run(t.Context(), 2, func(func(int) error) error { panic("thrown") }, fine, func(int) error { return nil })
		},
		"work": func() error {
			return Run(t.Context(), 2, endless, func(context.Context, int) error { panic("thrown") }, func(int) error { return nil })
		},
		"consume": func() error { return Run(t.Context(), 2, endless, fine, func(int) error { panic("thrown") }) },
	} {
		func() {
			defer func() {
				if thrown := recover(); thrown != "thrown" {
					t.Errorf("%s: recovered %v", name, thrown)
				}
			}()
			t.Errorf("%s: returned %v", name, run())
		}()
	}
}
