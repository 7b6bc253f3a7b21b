package persons

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Record sends a batch of events.
type Record func(ctx context.Context, in *assentv1.BatchRecordEventsRequest) (*assentv1.BatchRecordEventsResponse, error)

// Loading is how people of a population are recorded.
type Loading struct {
	Population Population
	// First is the number of the first person, People how many there are from there on.
	First, People int
	// Batch is about how many events one call records, InFlight how many calls are under way at once.
	Batch, InFlight int
	// Recorded is called after each call, by one goroutine at a time, with the number of people recorded so far. It may be
	// nil.
	Recorded func(people int64)
}

// Loaded is what became of it.
type Loaded struct {
	People     int64         `json:"people"`
	Events     int64         `json:"events"`
	Duplicates int64         `json:"duplicates"` // events that were recorded before
	Took       time.Duration `json:"-"`
}

// Rate returns how many events were recorded in a second.
func (l *Loaded) Rate() float64 { return float64(l.Events) / l.Took.Seconds() }

// The shape of calls that loads fastest: fewer in flight and the server waits, more and they wait for each other.
const (
	DefaultBatch    = 1000
	DefaultInFlight = 4
)

// Load records people of a population. What was recorded before is recognised: to load twice changes nothing.
func Load(ctx context.Context, record Record, l Loading) (Loaded, error) {
	var events, duplicates, people atomic.Int64
	var telling sync.Mutex
	began := time.Now()
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(l.InFlight)
	batch := l.Population.Batch().String()
	for first := l.First; first < l.First+l.People && running.Err() == nil; {
		from := first
		first = min(from+l.perCall(), l.First+l.People)
		upTo := first
		group.Go(func() error {
			in := &assentv1.BatchRecordEventsRequest{BatchId: batch}
			for n := from; n < upTo; n++ {
				in.Events = append(in.Events, l.Population.Person(n).Events...)
			}
			again, err := RecordAll(running, record, in)
			if err != nil {
				return err
			}
			events.Add(int64(len(in.GetEvents())))
			duplicates.Add(again)
			done := people.Add(int64(upTo - from))
			if l.Recorded != nil {
				telling.Lock()
				defer telling.Unlock()
				l.Recorded(done)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Loaded{}, err
	}
	return Loaded{
		People: people.Load(), Events: events.Load(), Duplicates: duplicates.Load(), Took: time.Since(began),
	}, ctx.Err()
}

// perCall is how many people have about as many events as one call records.
func (l *Loading) perCall() int { return max(1, l.Batch*2/3) }

// RecordAll records a batch of valid events only, and returns how many of them were known.
func RecordAll(ctx context.Context, record Record, in *assentv1.BatchRecordEventsRequest) (known int64, err error) {
	answer, err := record(ctx, in)
	if err != nil {
		return 0, err
	}
	if len(answer.GetResults()) != len(in.GetEvents()) {
		return 0, fmt.Errorf("%d events were answered with %d results", len(in.GetEvents()), len(answer.GetResults()))
	}
	for _, result := range answer.GetResults() {
		if problem := result.GetError(); problem != nil {
			return 0, fmt.Errorf("an event was refused: %s: %s", problem.GetReason(), problem.GetMessage())
		}
		if result.GetDuplicate() {
			known++
		}
	}
	return known, nil
}
