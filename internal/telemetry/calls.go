package telemetry

import (
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
)

// durationBounds is how many bounds there are between the durations of calls that are told apart.
const durationBounds = 18

// bounds returns them.
func bounds() [durationBounds]time.Duration {
	const ms, us = time.Millisecond, time.Microsecond
	return [durationBounds]time.Duration{
		250 * us, 500 * us, 1 * ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 75 * ms, 100 * ms, 250 * ms, 500 * ms, 750 * ms,
		1000 * ms, 2500 * ms, 5000 * ms, 7500 * ms, 10_000 * ms,
	}
}

// calls counts calls by their methods, codes and durations, under the name and the labels that OpenTelemetry gave them. Its own way of
// counting costs more than all else that is around a call: this one takes no lock and allocates nothing. As with decisions, the table
// of the kinds is copied when one comes up for the first time.
type calls struct {
	kinds  atomic.Pointer[map[callKind]*durations]
	grow   sync.Mutex
	bounds [durationBounds]time.Duration
	desc   *prometheus.Desc
}

// callKind is what calls are told apart by.
type callKind struct {
	fullMethod string
	code       codes.Code
}

// countStripes is over how many places a count is spread, so that processors do not wait for each other. It is a power of two.
const countStripes = 8

// durations are the counts of one kind.
type durations [countStripes]durationStripe

type durationStripe struct {
	counts [durationBounds + 1]atomic.Int64 // by the lowest bound that is not below the duration
	sum    atomic.Int64                     // in nanoseconds
	_      [64]byte
}

func newCalls() *calls {
	return &calls{bounds: bounds(), desc: prometheus.NewDesc("rpc_server_call_duration_seconds",
		"Measures the duration of an incoming Remote Procedure Call (RPC).", []string{"rpc_method", "rpc_response_status_code"}, nil)}
}

// add counts a call.
func (c *calls) add(kind callKind, took time.Duration) {
	if kind.code > codes.Unauthenticated { // That is the last one there is.
		kind.code = codes.Unknown
	}
	stripe := &c.of(kind)[rand.Uint32()%countStripes]
	at := 0
	for at < durationBounds && took > c.bounds[at] {
		at++
	}
	stripe.counts[at].Add(1)
	stripe.sum.Add(int64(took))
}

func (c *calls) of(kind callKind) *durations {
	if kinds := c.kinds.Load(); kinds != nil {
		if d, ok := (*kinds)[kind]; ok {
			return d
		}
	}
	c.grow.Lock()
	defer c.grow.Unlock()
	next := map[callKind]*durations{}
	if kinds := c.kinds.Load(); kinds != nil {
		maps.Copy(next, *kinds)
	}
	if next[kind] == nil {
		next[kind] = &durations{}
	}
	c.kinds.Store(&next)
	return next[kind]
}

// Describe describes the metric.
func (c *calls) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect tells the counts.
func (c *calls) Collect(to chan<- prometheus.Metric) {
	kinds := c.kinds.Load()
	if kinds == nil {
		return
	}
	for kind, d := range *kinds {
		var total uint64
		var sum time.Duration
		upTo := make(map[float64]uint64, durationBounds)
		for at := range durationBounds + 1 {
			for i := range d {
				total += uint64(d[i].counts[at].Load())
			}
			if at < durationBounds {
				upTo[c.bounds[at].Seconds()] = total
			}
		}
		for i := range d {
			sum += time.Duration(d[i].sum.Load())
		}
		to <- prometheus.MustNewConstHistogram(c.desc, total, sum.Seconds(), upTo,
			strings.TrimPrefix(kind.fullMethod, "/"), code.Code(kind.code).String())
	}
}
