package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// work is one piece of what is measured, done by one of several workers; it returns how many units it was.
type work func(ctx context.Context, worker int) (units int, err error)

// side is one of the things that are measured against each other.
type side struct {
	name    string
	workers int
	do      work
}

// tally is what was measured of a side.
type tally struct {
	units int64
	took  time.Duration
	times *hdrhistogram.Histogram // of one piece, in microseconds
}

// rate returns the units in a second.
func (t *tally) rate() float64 { return float64(t.units) / t.took.Seconds() }

// at returns the time that so many percent of the pieces took at most.
func (t *tally) at(percentile float64) time.Duration {
	return time.Duration(t.times.ValueAtPercentile(percentile)) * time.Microsecond
}

// newTimes returns a histogram up to a minute that is right to a thousandth.
func newTimes() *hdrhistogram.Histogram { return hdrhistogram.New(1, time.Minute.Microseconds(), 3) }

func record(times *hdrhistogram.Histogram, took time.Duration) {
	// Beyond the longest there is only the longest.
	_ = times.RecordValue(min(max(took.Microseconds(), 1), times.HighestTrackableValue()))
}

// The turns that sides take.
const (
	longestTurn = 500 * time.Millisecond
	fewestTurns = 4
)

// alternate measures each side for the duration in all. The sides take short turns, so that what else the machine does meanwhile
// hits all of them. Before that each runs for a turn that does not count.
func alternate(ctx context.Context, duration time.Duration, sides ...side) ([]tally, error) {
	turn := min(longestTurn, duration/fewestTurns)
	tallies := make([]tally, len(sides))
	for i := range sides {
		if _, err := closed(ctx, turn, sides[i]); err != nil {
			return nil, err
		}
		tallies[i].times = newTimes()
	}
	for tallies[len(sides)-1].took < duration {
		for i := range sides {
			t, err := closed(ctx, turn, sides[i])
			if err != nil {
				return nil, err
			}
			tallies[i].units += t.units
			tallies[i].took += t.took
			tallies[i].times.Merge(t.times)
		}
	}
	return tallies, nil
}

// closed has each worker of a side do one piece after the other for the duration.
func closed(ctx context.Context, duration time.Duration, s side) (tally, error) {
	began := time.Now()
	units := make([]int64, s.workers)
	times := make([]*hdrhistogram.Histogram, s.workers)
	group, running := errgroup.WithContext(ctx)
	for w := range s.workers {
		times[w] = newTimes()
		group.Go(func() error {
			for before := began; before.Sub(began) < duration; {
				n, err := s.do(running, w)
				if err != nil {
					return err
				}
				after := time.Now()
				units[w] += int64(n)
				record(times[w], after.Sub(before))
				before = after
			}
			return nil
		})
	}
	err := group.Wait()
	t := tally{took: time.Since(began), times: newTimes()}
	for w := range s.workers {
		t.units += units[w]
		t.times.Merge(times[w])
	}
	return t, err
}

// open begins pieces at a rate, whether or not those before are done, until the duration is over or enough ends; each takes as long
// as from when it was to begin, so that what waits for a slow one counts as slow, too.
func open(ctx, enough context.Context, duration time.Duration, rate float64, s side) (tally, error) {
	began := time.Now()
	every := time.Duration(float64(time.Second) / rate)
	times := make([]*hdrhistogram.Histogram, s.workers)
	var next, units atomic.Int64
	group, running := errgroup.WithContext(ctx)
	for w := range s.workers {
		times[w] = newTimes()
		group.Go(func() error {
			timer := time.NewTimer(0)
			defer timer.Stop()
			for {
				due := time.Duration(next.Add(1)-1) * every
				if due >= duration || !waitUntil(running, enough, timer, began.Add(due)) {
					return nil
				}
				n, err := s.do(running, w)
				if err != nil {
					return err
				}
				units.Add(int64(n))
				record(times[w], time.Since(began)-due)
			}
		})
	}
	err := errors.Join(group.Wait(), ctx.Err())
	t := tally{took: time.Since(began), units: units.Load(), times: newTimes()}
	for _, one := range times {
		t.times.Merge(one)
	}
	return t, err
}

// waitUntil waits for a time and reports whether it came before the ends of both contexts.
func waitUntil(ctx, enough context.Context, timer *time.Timer, at time.Time) bool {
	if wait := time.Until(at); wait > 0 {
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-enough.Done():
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil && enough.Err() == nil
}
