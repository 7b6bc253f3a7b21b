// Package pipeline works on a sequence of things, several at once, and hands them on in their order, in bounded memory.
package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Run hands what produce yields to work, at most width of them at once,
// and then to consume in the order in which they were yielded. It holds at most
// about twice width of them. It returns the first error; after one nothing more
// is consumed. All three have returned when it does.
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
	group, ctx := errgroup.WithContext(ctx)
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
	return group.Wait()
}
