package blocklist

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"
)

var errPanicked = errors.New("a part of the list panicked")

// InParts does so many parts at once, and returns the first error. A panic in one of them is one of the caller: in a goroutine of its own it
// would end the program.
func InParts(ctx context.Context, parts int, do func(ctx context.Context, n int) error) error {
	group, doing := errgroup.WithContext(ctx)
	thrown := make([]any, parts)
	for n := range thrown {
		group.Go(func() (err error) {
			defer func() {
				if thrown[n] = recover(); thrown[n] != nil {
					err = errPanicked // It ends the other parts.
				}
			}()
			return do(doing, n)
		})
	}
	err := group.Wait()
	for _, t := range thrown {
		if t != nil {
			panic(t)
		}
	}
	return err
}

// Parts gives the entries in their order, so many at a time and a few more where the last ones are about one subject: what is told of it at once
// is one disclosure. A page without entries has one part, which is empty.
func (p *Page) Parts(size int) iter.Seq[[]Entry] {
	return func(yield func([]Entry) bool) {
		for rest := p.Entries; ; {
			n := min(max(size, 1), len(rest))
			for n > 0 && n < len(rest) && rest[n].sharesSubject(&rest[n-1]) {
				n++
			}
			if !yield(rest[:n]) {
				return
			}
			if rest = rest[n:]; len(rest) == 0 {
				return
			}
		}
	}
}

// sharesSubject reports whether both are about one subject.
func (e *Entry) sharesSubject(other *Entry) bool {
	return e.About != nil && other.About != nil && e.About.Key == other.About.Key
}

// InOrder returns the rows in order; those that compare as equal stay as they are. Places are ordered, and the rows moved once: they are large.
func InOrder[Row any](rows []Row, compare func(a, b *Row) int) []Row {
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(i, j int) int { return cmp.Or(compare(&rows[i], &rows[j]), cmp.Compare(i, j)) })
	ordered := make([]Row, len(rows))
	for n, i := range places {
		ordered[n] = rows[i]
	}
	return ordered
}
