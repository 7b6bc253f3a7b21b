// Package pipeline works on a sequence of things, several at once, and hands them on in their order, in bounded memory.
package pipeline

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Run hands what produce yields to work, at most width of them at once,
// and then to consume in the order in which they were yielded. It holds at most
// about twice width of them. It returns the first error; after one nothing more
// is consumed. All three have returned when it does. A panic in one of them is one of Run: in a goroutine of its own it would end the process.
func Run[T any](
	ctx context.Context, width int,
	produce func(yield func(T) error) error,
	work func(context.Context, T) error,
	consume func(T) error,
) error {
	type job struct {
		item T
		done chan struct{}
	}
	all, ctx := errgroup.WithContext(ctx)
	group := guarded{Group: all}
	order := make(chan job, width)
	slots := make(chan struct{}, width)
	group.Go(func() error {
		defer close(order)
		return produce(func(item T) error {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			j := job{item, make(chan struct{})}
			group.Go(func() error {
				defer func() { <-slots }()
				if err := work(ctx, j.item); err != nil {
					return err
				}
				close(j.done)
				return nil
			})
			select {
			case order <- j:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	group.Go(func() error {
		for j := range order {
			select {
			case <-j.done:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := consume(j.item); err != nil {
				return err
			}
		}
		return nil
	})
	err := group.Wait()
	if thrown := group.thrown.Load(); thrown != nil {
		panic(*thrown)
	}
	return err
}

var errPanicked = errors.New("a part of the work panicked")

// guarded ends a group of goroutines by an error when one of them panics, and keeps what the first one threw.
type guarded struct {
	*errgroup.Group

	thrown atomic.Pointer[any]
}

// Go is that of the group.
func (g *guarded) Go(work func() error) {
	g.Group.Go(func() (err error) {
		defer func() {
			if thrown := recover(); thrown != nil {
				g.thrown.CompareAndSwap(nil, &thrown)
				err = errPanicked
			}
		}()
		return work()
	})
}
