package storagetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

// Benchmark measures a store: appending with the state of each event's subject, adding disclosures of subjects that have none yet on that day,
// following, and a check's read among 20,000 subjects.
func Benchmark(b *testing.B, fresh Fresh) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("append/events=%d", n), func(b *testing.B) { benchmarkAppend(b, fresh(b), n) })
	}
	b.Run("disclosures/rows=1000", func(b *testing.B) { benchmarkDisclosures(b, fresh(b)) })
	b.Run("follow/events=1000", func(b *testing.B) { benchmarkFollow(b, fresh(b), 1000) })
	b.Run("states/keys=4", func(b *testing.B) { benchmarkStates(b, fresh(b)) })
}

// grow adds n events of new subjects after the head.
func grow(b *testing.B, store storage.Store, from, n int) {
	b.Helper()
	what := storage.Load{Subjects: keys(from, from+n)}
	for i := range n {
		what.Events = append(what.Events, storage.EventRef{Subject: key(from + i), Key: eventKey(int64(from + i))})
	}
	err := store.Write(b.Context(), what, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		position := tx.Loaded().Head.Position
		changes := &storage.Changes{Head: head(position + int64(n))}
		for i := range n {
			position++
			changes.Records = append(changes.Records, record(position, from+i))
			changes.Subjects = append(changes.Subjects, subject(from+i))
			changes.States = append(changes.States, state(from+i, position))
		}
		return changes, nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func benchmarkAppend(b *testing.B, open Open, n int) {
	store := Initialised(b, open)
	b.ReportAllocs()
	from := 0
	for b.Loop() {
		grow(b, store, from, n)
		from += n
	}
	b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "events/s")
}

func benchmarkDisclosures(b *testing.B, open Open) {
	const rows, people = 1000, 100_000
	store := Initialised(b, open)
	for from := 0; from < people; from += 1000 {
		grow(b, store, from, 1000)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		counts := make([]storage.Learnt, rows)
		for i := range counts {
			counts[i] = learnt(n*7919%people, 20_000+int64(n/people), 1)
			n++
		}
		if err := store.AddDisclosures(b.Context(), digest("addition", n), begin, counts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

func benchmarkStates(b *testing.B, open Open) {
	store := Initialised(b, open)
	for from := 0; from < 20_000; from += 1000 {
		grow(b, store, from, 1000)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = (n + 7) % 19_000
		_, subjects, err := store.States(b.Context(), keys(n, n+4))
		if err != nil {
			b.Fatal(err)
		}
		if len(subjects) != 4 {
			b.Fatalf("got %d subjects, want 4", len(subjects))
		}
	}
}

// benchmarkFollow reads what n events of as many subjects changed, among 20,000 subjects.
func benchmarkFollow(b *testing.B, open Open, n int) {
	store := Initialised(b, open)
	for from := 0; from < 20_000; from += 1000 {
		grow(b, store, from, 1000)
	}
	since := mark(int64(20_000 - n))
	b.ReportAllocs()
	for b.Loop() {
		_, news, err := store.Follow(b.Context(), since, n)
		if err != nil {
			b.Fatal(err)
		}
		if len(news.Leaves) != n {
			b.Fatalf("got %d leaves, want %d", len(news.Leaves), n)
		}
	}
}
