package service

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/recipient"
)

// clickers is how many clicks are under way at once at most.
const clickers = 64

// mailed returns a service over people who each were sent a message, and the tokens of its links.
func mailed(b *testing.B, kind string, people int) (*Service, []string) {
	b.Helper()
	w := newWorld(b, kind)
	w.links = recipient.Options{PublicURL: "https://consent.example"}
	s, address := populatedIn(b, w, people)
	wanted := make([]recipient.Wanted, people)
	for n := range wanted {
		wanted[n] = recipient.Wanted{Address: address(n), Verdict: consent.Allow, Decided: consent.InstantOf(w.clock.Now())}
	}
	made, err := s.Links.Issue(b.Context(), "newsletter", wanted)
	if err != nil {
		b.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	tokens := make([]string, people)
	for n := range made {
		tokens[n] = made[n].Token
	}
	return s, tokens
}

// click makes one click, which has to come to an outcome.
func click(ctx context.Context, s *Service, token string, want recipient.Outcome) error {
	got, err := s.Links.OneClick(ctx, token, recipient.By{IP: "192.0.2.7", UserAgent: "a mailbox provider"})
	if err == nil && got != want {
		err = fmt.Errorf("a click came to %s, want %s", got, want)
	}
	return err
}

// processorTime returns the time of processors that this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkClick makes the first click of as many persons, each as soon as one before is answered.
func BenchmarkClick(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, tokens := mailed(b, kind, b.N)
		clickEach(b, s, tokens, recipient.Done)
	})
}

// BenchmarkClickAgain clicks again and again on links of messages that a hundred persons have answered already.
func BenchmarkClickAgain(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, few := mailed(b, kind, 100)
		for _, token := range few {
			if err := click(b.Context(), s, token, recipient.Done); err != nil {
				b.Fatal(err)
			}
		}
		clickEach(b, s, slices.Repeat(few, b.N/len(few)+1)[:b.N], recipient.Known)
	})
}

func clickEach(b *testing.B, s *Service, tokens []string, want recipient.Outcome) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for range clickers {
		group.Go(func() {
			for n := next.Add(1); n <= int64(len(tokens)); n = next.Add(1) {
				if err := click(b.Context(), s, tokens[n-1], want); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(len(tokens))/b.Elapsed().Seconds(), "clicks/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(len(tokens)), "processor-µs/op")
}

// BenchmarkClicksAtRate makes 2,000 clicks a second, each of another person, whether or not those before are answered. The time of each counts
// from when it was to begin.
func BenchmarkClicksAtRate(b *testing.B) {
	const every = time.Second / 2000
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, tokens := mailed(b, kind, b.N)
		took := make([]time.Duration, len(tokens))
		var next atomic.Int64
		var group sync.WaitGroup
		b.ResetTimer()
		before, began := processorTime(b), time.Now()
		for range 4 * clickers {
			group.Go(func() {
				timer := time.NewTimer(0)
				defer timer.Stop()
				for n := next.Add(1) - 1; n < int64(len(tokens)); n = next.Add(1) - 1 {
					due := time.Duration(n) * every
					if wait := due - time.Since(began); wait > 0 {
						timer.Reset(wait)
						<-timer.C
					}
					if err := click(b.Context(), s, tokens[n], recipient.Done); err != nil {
						b.Error(err)
					}
					took[n] = time.Since(began) - due
				}
			})
		}
		group.Wait()
		b.ReportMetric(float64(len(tokens))/b.Elapsed().Seconds(), "clicks/s")
		b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(len(tokens)), "processor-µs/op")
		slices.Sort(took)
		for _, percent := range []int{50, 99} {
			b.ReportMetric(float64(took[len(took)*percent/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
		}
	})
}
