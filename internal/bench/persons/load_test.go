package persons_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

// recorder answers batches as a server does that has what it was sent before.
type recorder struct {
	mu    sync.Mutex
	known map[string]bool
	calls int
	fail  string // the reason that every event is refused with
}

func (r *recorder) record(_ context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	out := &assentv1.BatchRecordEventsResponse{}
	for _, event := range in.GetEvents() {
		text := in.GetBatchId() + fmt.Sprint(event)
		result := &assentv1.RecordResult{Duplicate: r.known[text]}
		if r.fail != "" {
			result = &assentv1.RecordResult{Error: &assentv1.ItemError{Reason: r.fail}}
		}
		r.known[text] = true
		out.Results = append(out.Results, result)
	}
	return out, nil
}

func TestLoad_Again_RecordsNothingNew(t *testing.T) {
	to := &recorder{known: map[string]bool{}}
	load := persons.Loading{People: 500, Batch: 100, InFlight: 3}
	var last int64
	load.Recorded = func(people int64) { last = max(last, people) }
	first, err := persons.Load(t.Context(), to.record, load)
	if err != nil || first.People != 500 || first.Duplicates != 0 || int(first.Events) != len(to.known) {
		t.Fatalf("got %+v, %v; %d events came", first, err, len(to.known))
	}
	again, err := persons.Load(t.Context(), to.record, load)
	if err != nil || again.Duplicates != first.Events || again.Events != first.Events {
		t.Errorf("again: got %+v, %v", again, err)
	}
	if last != 500 {
		t.Errorf("the last that was told is %d", last)
	}
}

func TestLoad_RefusedEvent_EndsItWithItsReason(t *testing.T) {
	to := &recorder{known: map[string]bool{}, fail: "UNKNOWN_CHANNEL"}
	_, err := persons.Load(t.Context(), to.record, persons.Loading{People: 500, Batch: 100, InFlight: 1})
	if err == nil || !strings.Contains(err.Error(), "UNKNOWN_CHANNEL") {
		t.Errorf("got %v", err)
	}
	if to.calls > 2 {
		t.Errorf("%d calls were made after the first was refused", to.calls-1)
	}
}

func TestLoad_EndOfTheContext_EndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to := &recorder{known: map[string]bool{}}
	_, err := persons.Load(ctx, func(ctx context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error) {
		cancel()
		return to.record(ctx, in)
	}, persons.Loading{People: 5000, Batch: 10, InFlight: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
