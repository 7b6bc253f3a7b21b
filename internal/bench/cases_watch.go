package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

// feedPatience is how long after the last change the last watcher may have it.
const feedPatience = time.Minute

// watchers measures how long after its acknowledgement a change is with each of many programs that watch, beside a server that does no more
// than update the head row and send.
func (e *env) watchers(ctx context.Context) ([]Figure, error) {
	var told [2]*arrivals
	for i, to := range []struct {
		writes  *target
		address string
		keys    []string
	}{{e.api, e.address, e.watching}, {e.bare, e.bareAddress, make([]string, len(e.watching))}} {
		told[i] = newArrivals(int(e.opts.Duration.Seconds()*feedRate) + 1)
		if err := told[i].measureThrough(ctx, to.writes, to.address, to.keys, e.opts.Duration); err != nil {
			return nil, err
		}
	}
	const baseline = "head row and broadcast"
	name := fmt.Sprintf("%d watchers", feedWatchers)
	called, bare, acknowledged := &told[0].called, &told[1].called, &told[0].acked
	return []Figure{
		figure(name+", changes", called.rate(), perSecond).against("rate asked for", feedRate),
		latency(name+", p50 from acknowledgement", acknowledged, 50), latency(name+", p99 from acknowledgement", acknowledged, 99).atMost(50),
		latency(name+", p50 from the call", called, 50).against(baseline, inMillis(bare.at(50))),
		latency(name+", p99 from the call", called, 99).against(baseline, inMillis(bare.at(99))),
	}, nil
}

// arrivals are the changes of one measurement and when they came.
type arrivals struct {
	prefix       string // of the addresses that the changes are about; the number of the change follows
	began        time.Time
	sent         []atomic.Int64 // by number, since began, as the next
	acknowledged []atomic.Int64
	written      atomic.Int64
	arrived      atomic.Int64

	// called and acked say how long after its call, and after its acknowledgement, each change was with each watcher.
	called, acked tally
}

func newArrivals(most int) *arrivals {
	return &arrivals{
		prefix: "w" + strings.ToLower(rand.Text()) + "-", began: time.Now(), sent: make([]atomic.Int64, most), acknowledged: make([]atomic.Int64, most),
	}
}

// arrival is a change that came to a watcher.
type arrival struct {
	number int
	at     time.Duration // since the measurement began
}

// measureThrough measures with connections of their own for those that watch.
func (x *arrivals) measureThrough(ctx context.Context, writes *target, address string, keys []string, duration time.Duration) (err error) {
	reads := &target{}
	defer func() { err = errors.Join(err, reads.close()) }()
	for _, key := range keys {
		more, err := dial(address, key, watchersOfClient*perConnection)
		if err != nil {
			return err
		}
		reads.conns = append(reads.conns, more.conns...)
	}
	return x.measure(ctx, writes, reads, duration)
}

// measure writes at the rate for the duration while all watch.
func (x *arrivals) measure(ctx context.Context, writes, reads *target, duration time.Duration) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, running := errgroup.WithContext(ctx)
	came := make([][]arrival, feedWatchers)
	began := make(chan struct{}, feedWatchers)
	for i := range came {
		group.Go(func() (err error) {
			came[i], err = x.watch(running, reads, i, began)
			return err
		})
	}
	group.Go(func() (err error) {
		defer cancel()
		for range came {
			select {
			case <-began:
			case <-running.Done():
				return nil // The watcher that failed says why.
			}
		}
		if x.called, err = open(running, running, duration, feedRate, side{"changes", mostWorkers, x.writing(writes)}); err != nil {
			return err
		}
		return x.wait(running)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	x.called.times, x.acked.times = newTimes(), newTimes()
	for _, one := range came {
		for _, a := range one {
			record(x.called.times, a.at-time.Duration(x.sent[a.number].Load()))
			record(x.acked.times, a.at-time.Duration(x.acknowledged[a.number].Load())) // Less than 0 where it came before.
		}
	}
	return nil
}

// writing returns work that records one change, of an address of its own.
func (x *arrivals) writing(t *target) work {
	return func(ctx context.Context, worker int) (int, error) {
		n := int(x.written.Add(1)) - 1
		in := &assentv1.WithdrawConsentRequest{
			Address: fmt.Sprintf("%s%d@example.com", x.prefix, n), Channels: []string{persons.Newsletter},
			Evidence: &assentv1.Evidence{Source: "web_form"},
		}
		x.sent[n].Store(int64(time.Since(x.began)))
		err := t.call(ctx, worker, "WithdrawConsent", in, &assentv1.WithdrawConsentResponse{})
		x.acknowledged[n].Store(int64(time.Since(x.began)))
		return 1, err
	}
}

// watch watches until the context ends, and returns what came. It tells when the server has begun to send.
func (x *arrivals) watch(ctx context.Context, t *target, number int, began chan<- struct{}) (came []arrival, err error) {
	stream, err := assentv1.NewFeedServiceClient(t.conn(number)).WatchChanges(ctx, &assentv1.WatchChangesRequest{
		Channels: []string{persons.Newsletter},
	})
	for first := true; err == nil; first = false {
		var m *assentv1.WatchChangesResponse
		if m, err = stream.Recv(); err != nil {
			break
		}
		at := time.Since(x.began)
		if first {
			began <- struct{}{}
		}
		for _, c := range m.GetChanges() {
			text, _, _ := strings.Cut(strings.TrimPrefix(c.GetAddress(), x.prefix), "@")
			n, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("a change came that was not made: %w", err)
			}
			came = append(came, arrival{n, at})
		}
		x.arrived.Add(int64(len(m.GetChanges())))
	}
	if ctx.Err() != nil {
		err = nil // The measurement is over.
	}
	return came, err
}

// wait waits until every change is with every watcher.
func (x *arrivals) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for x.arrived.Load() < feedWatchers*x.written.Load() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%d watchers have %d of %d changes: %w", feedWatchers, x.arrived.Load(), feedWatchers*x.written.Load(), ctx.Err())
		}
	}
	return nil
}
