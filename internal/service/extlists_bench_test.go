package service

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/extlists"
)

// digests is a file of so many digests that are made while it is read.
type digests struct {
	random *rand.ChaCha8
	left   int // bytes
}

func newDigests(entries int, seed byte) *digests {
	return &digests{random: rand.NewChaCha8([32]byte{seed}), left: entries * extlist.ECGFile.Width()}
}

// Read implements io.Reader.
func (d *digests) Read(into []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	n, err := d.random.Read(into[:min(len(into), d.left)])
	d.left -= n
	return n, err
}

func listEntries(b *testing.B) int {
	b.Helper()
	text := os.Getenv("ASSENT_LIST_ENTRIES")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("ASSENT_LIST_ENTRIES is %q, and should be a number", text)
	}
	return n
}

// BenchmarkExternalList uploads a list of ASSENT_LIST_ENTRIES entries, activates it, and once more another one with the same entries and one more,
// which is held against the first. Then it compares checks of a service with the list with those of one without, in turns. The figures of
// docs/performance.md are of -benchtime 1x with 5,000,000 entries.
func BenchmarkExternalList(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		entries := listEntries(b)
		for b.Loop() {
			listOnce(b, kind, entries)
		}
	})
}

func listOnce(b *testing.B, kind string, entries int) {
	b.Helper()
	const people = 1000
	w := newWorld(b, kind)
	with, address := populatedIn(b, w, people)
	process := access.WithCaller(b.Context(), access.Process("bench"))
	w.ecg(process, with)
	other := newWorld(b, kind)
	without, _ := populatedIn(b, other, people)
	other.ecg(process, without) // It stores the same list, and never activates it.
	if _, err := without.UploadVersion(process, extlists.Upload{List: "ecg", File: newDigests(entries, 1)}); err != nil {
		b.Fatal(err)
	}
	before := heap()
	took := func(name string, do func()) {
		began := time.Now()
		do()
		b.ReportMetric(time.Since(began).Seconds(), name)
	}
	put := func(file io.Reader) {
		if _, err := with.UploadVersion(process, extlists.Upload{List: "ecg", File: file}); err != nil {
			b.Fatal(err)
		}
	}
	took("upload-s", func() { put(newDigests(entries, 1)) })
	took("activate-s", func() { w.activate(process, with, 0, false) })
	checked(process, b, with, address, 1)
	put(io.MultiReader(newDigests(entries, 1), newDigests(1, 2)))
	w.clock.Advance(time.Minute)
	took("activate-next-s", func() {
		w.activate(process, with, 0, false)
		checked(process, b, with, address, 1)
	})
	b.ReportMetric(float64(heap()-before)/1e6, "list-MB")
	b.ReportMetric(0, "ns/op")
	const rounds = 200 // The fastest round of each is the one in which the machine did nothing else.
	fastest := map[*Service]float64{}
	for range rounds {
		for _, on := range []*Service{without, with} {
			if took := checked(process, b, on, address, 250); fastest[on] == 0 || took < fastest[on] {
				fastest[on] = took
			}
		}
	}
	b.ReportMetric(fastest[without], "check-without-ns")
	b.ReportMetric(fastest[with], "check-with-ns")
}

// heap returns how many bytes are in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// checked makes checks, one after the other, and returns how many nanoseconds one took.
func checked(ctx context.Context, b *testing.B, s *Service, address func(n int) string, times int) float64 {
	b.Helper()
	began := time.Now()
	for n := range times {
		got, err := s.Check(ctx, check.Input{Address: address(n), Request: consent.Request{Channel: "newsletter"}})
		if err != nil || got.Verdict != consent.Allow {
			b.Fatal(got.Reason, err)
		}
	}
	return float64(time.Since(began).Nanoseconds()) / float64(times)
}
