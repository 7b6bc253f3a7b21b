package proof

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/server"
)

// sample is what a server says of itself at a moment.
type sample struct {
	heap       float64 // bytes that were live after the last collection
	goroutines float64
}

// Names of what /metrics says.
const (
	heapMetric       = "go_gc_heap_live_bytes"
	goroutinesMetric = "go_goroutines"
)

func TestServer_UnderSteadyLoad_MemoryAndGoroutinesStayFlat(t *testing.T) {
	eachStore(t, func(t *testing.T, settings config.Server) {
		seed := seeded(t)
		key := createAdmin(t, settings)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ready, ended := make(chan server.Addresses, 1), make(chan error, 1)
		go func() {
			ended <- server.Run(ctx, settings, server.Options{
				Logger: slog.New(slog.DiscardHandler), Ready: func(at server.Addresses) { ready <- at },
			})
		}()
		select {
		case at := <-ready:
			samples := soak(t, seed, at, key, forms(3*time.Second, 5*time.Minute))
			mustBeFlat(t, samples)
		case err := <-ended:
			t.Fatal(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// soak has clients make calls at a steady rate and takes samples.
func soak(t *testing.T, seed uint64, at server.Addresses, key string, span time.Duration) []sample {
	t.Helper()
	stop := make(chan struct{})
	var all sync.WaitGroup
	for n := range 4 {
		w := newCrashWriter(t, newDice(seed, fmt.Sprint("soak ", n)), n)
		r := connect(t, at.GRPC, key)
		all.Go(func() { w.steadily(r, stop) })
	}
	defer all.Wait()
	defer close(stop)
	var samples []sample
	for end := time.Now().Add(span); time.Now().Before(end); {
		wait(nil, span/60)
		runtime.GC() // The server runs in this process: what it holds is told as of now.
		samples = append(samples, measure(t, at.HTTP, key))
	}
	return samples
}

// steadily writes and asks, some hundred times a second, and forgets what it did.
func (w *crashWriter) steadily(r remote, stop <-chan struct{}) {
	for wait(stop, 2*time.Millisecond) {
		if w.dice.chance(70) {
			if !w.ask(r, w.who[w.dice.IntN(len(w.who))]) {
				w.t.Error("no answer")
			}
			continue
		}
		next := w.draw()
		w.begun = &next
		if !w.send(r) {
			w.t.Error("no answer")
		}
		w.done = w.done[:0]
	}
}

// measure reads what the server says of itself.
func measure(t *testing.T, at, key string) sample {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Close = true
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	found := map[string]float64{}
	for lines := bufio.NewScanner(got.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name == heapMetric || name == goroutinesMetric {
			if found[name], err = strconv.ParseFloat(value, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(found) != 2 {
		t.Fatalf("/metrics says only %v", found)
	}
	return sample{heap: found[heapMetric], goroutines: found[goroutinesMetric]}
}

// moreGoroutines is how many may be more at the end, for connections come and go.
const moreGoroutines = 5

// moreHeap is how many bytes of heap may be more at the end. The heap of so small a server moves by a quarter of that with what is under way at
// the moment. The short form so notices some kilobytes kept of each call, the long form some tens of bytes.
const moreHeap = 1 << 20

// mustBeFlat compares the middle third of the run with the last; the first warms up.
func mustBeFlat(t *testing.T, samples []sample) {
	t.Helper()
	for _, what := range []struct {
		name string
		of   func(sample) float64
		more float64
	}{
		{"bytes of heap", func(s sample) float64 { return s.heap }, moreHeap},
		{"goroutines", func(s sample) float64 { return s.goroutines }, moreGoroutines},
	} {
		var values []float64
		for _, s := range samples {
			values = append(values, what.of(s))
		}
		third := len(values) / 3
		before, after := median(values[third:2*third]), median(values[2*third:])
		t.Logf("%s: %.0f, then %.0f", what.name, before, after)
		if after > before+what.more {
			t.Errorf("%s grew from %.0f to %.0f: %.0f", what.name, before, after, values)
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
