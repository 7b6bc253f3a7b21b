package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// heapEvery is how often the size of the heap is looked at.
const heapEvery = 10 * time.Millisecond

func (e *env) feedCases() []benchCase {
	return []benchCase{{"snapshot", e.snapshot}, {"watchers", e.watchers}, {"follower", e.follower}, {"filter", e.filter}}
}

// snapshot measures a snapshot of everybody: how fast it is beside one statement that reads the same states, and what of it is in memory at
// once. That is the heap of this process, so of server and reader together; the reader keeps nothing.
func (e *env) snapshot(ctx context.Context) ([]Figure, error) {
	runtime.GC()
	before := heap()
	watched := watchHeap()
	began := time.Now()
	entries, err := e.exportSnapshot(ctx)
	took := time.Since(began)
	peak := watched()
	if err != nil {
		return nil, err
	}
	began = time.Now()
	read, err := e.db.ReadStates(ctx)
	if err != nil {
		return nil, err
	}
	plain := time.Since(began)
	return []Figure{
		figure("snapshot: entries", float64(entries), "").against("subjects", float64(read)),
		figure("snapshot: time", took.Seconds(), seconds).against("one statement", plain.Seconds()),
		figure("snapshot: live heap, at most", inMega(peak.live), megabytes).against("before it", inMega(before.live)),
		figure("snapshot: heap, at most", inMega(peak.all), megabytes).against("before it", inMega(before.all)),
	}, nil
}

// exportSnapshot takes a snapshot of all channels in clear, and returns how many entries it has.
func (e *env) exportSnapshot(ctx context.Context) (entries int, err error) {
	stream, err := assentv1.NewFeedServiceClient(e.api.conn(0)).ExportSuppressions(ctx, &assentv1.ExportSuppressionsRequest{})
	if err != nil {
		return 0, err
	}
	for complete := false; ; {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && complete:
			return entries, nil
		case err != nil:
			return 0, fmt.Errorf("the snapshot is not complete: %w", err)
		}
		entries, complete = entries+len(m.GetChanges()), m.GetComplete()
	}
}

// heapSize is what is on the heap, in bytes: in all, and what the last garbage collection found to be in use.
type heapSize struct{ all, live uint64 }

func heap() heapSize {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return heapSize{all: samples[0].Value.Uint64(), live: samples[1].Value.Uint64()}
}

// watchHeap looks at the heap until the function that it returns is called, which returns the most that there was.
func watchHeap() (end func() heapSize) {
	done, most := make(chan struct{}), make(chan heapSize)
	go func() {
		ticker := time.NewTicker(heapEvery)
		defer ticker.Stop()
		peak := heap()
		for {
			select {
			case <-done:
				most <- peak
				return
			case <-ticker.C:
				now := heap()
				peak.all, peak.live = max(peak.all, now.all), max(peak.live, now.live)
			}
		}
	}()
	return func() heapSize {
		close(done)
		return <-most
	}
}

func inMega(bytes uint64) float64 { return float64(bytes) / 1e6 }
