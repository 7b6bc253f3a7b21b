package bench_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/bench"
)

func TestPopulation_SameSeed_MakesTheSamePeople(t *testing.T) {
	one, other := bench.Population{Seed: 7}, bench.Population{Seed: 7}
	differ := bench.Population{Seed: 8}
	same := 0
	for n := range 500 {
		a, b := one.Person(n), other.Person(n)
		if a.Address != b.Address || a.Standing != b.Standing || len(a.Events) != len(b.Events) {
			t.Fatalf("person %d is %+v and %+v", n, a, b)
		}
		for i := range a.Events {
			if !proto.Equal(a.Events[i], b.Events[i]) {
				t.Fatalf("person %d: %v and %v", n, a.Events[i], b.Events[i])
			}
		}
		if differ.Address(n) == a.Address {
			same++
		}
	}
	if same > 50 {
		t.Errorf("another seed makes %d of 500 people the same", same)
	}
}

func TestPopulation_Mix(t *testing.T) {
	const people = 20_000
	population := bench.Population{Seed: 1}
	seen, standing, events := map[string]bool{}, map[bench.Standing]int{}, 0
	for n := range people {
		who := population.Person(n)
		if _, err := address.Parse(who.Address); err != nil || !strings.Contains(who.Address, "example.") {
			t.Fatalf("%s: %v", who.Address, err)
		}
		if seen[who.Address] {
			t.Fatalf("%s comes twice", who.Address)
		}
		seen[who.Address] = true
		standing[who.Standing]++
		events += len(who.Events)
	}
	for _, test := range []struct {
		what        string
		got         int
		least, most float64
	}{
		{"withdrawn", standing[bench.Withdrawn], 0.045, 0.055},
		{"suppressed", standing[bench.Suppressed], 0.007, 0.013},
		{"bounced", standing[bench.Bounced], 0.016, 0.024},
		{"events", events, 1.4, 1.6},
	} {
		if share := float64(test.got) / people; share < test.least || share > test.most {
			t.Errorf("%s: %.3f a person, want %.3f to %.3f", test.what, share, test.least, test.most)
		}
	}
}

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
	load := bench.Loading{People: 500, Batch: 100, InFlight: 3}
	var last int64
	load.Recorded = func(people int64) { last = max(last, people) }
	first, err := bench.Load(t.Context(), to.record, load)
	if err != nil || first.People != 500 || first.Duplicates != 0 || int(first.Events) != len(to.known) {
		t.Fatalf("got %+v, %v; %d events came", first, err, len(to.known))
	}
	again, err := bench.Load(t.Context(), to.record, load)
	if err != nil || again.Duplicates != first.Events || again.Events != first.Events {
		t.Errorf("again: got %+v, %v", again, err)
	}
	if last != 500 {
		t.Errorf("the last that was told is %d", last)
	}
}

func TestLoad_RefusedEvent_EndsItWithItsReason(t *testing.T) {
	to := &recorder{known: map[string]bool{}, fail: "UNKNOWN_CHANNEL"}
	_, err := bench.Load(t.Context(), to.record, bench.Loading{People: 500, Batch: 100, InFlight: 1})
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
	_, err := bench.Load(ctx, func(ctx context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error) {
		cancel()
		return to.record(ctx, in)
	}, bench.Loading{People: 5000, Batch: 10, InFlight: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
