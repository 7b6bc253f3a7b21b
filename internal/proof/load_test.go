package proof

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// load is what clients do at once to a few recipients, and the history that comes of it.
type load struct {
	t     testing.TB
	began time.Time
	who   []string
	// ask makes a check; through it a test can put something between client and server.
	ask asking

	mu      sync.Mutex
	history []porcupine.Operation
	granted map[string]int64 // the last acknowledged grant of a recipient
	pending []pending
	lost    int // attempts without an answer
	allowed int
}

// asking is how a check is made.
type asking = func(ctx context.Context, r remote, c call) (answer, error)

// pending is a write without an answer yet.
type pending struct {
	attempt

	called int64
}

const (
	recipients = 8
	// callTimeout is when a client gives up waiting.
	callTimeout = 1500 * time.Millisecond
)

func newLoad(t testing.TB, name string) *load {
	t.Helper()
	l := &load{t: t, began: time.Now(), granted: map[string]int64{}}
	for n := range recipients {
		l.who = append(l.who, fmt.Sprintf("%s-%d@example.at", name, n))
	}
	l.ask = func(ctx context.Context, r remote, c call) (answer, error) { return r.send(ctx, attempt{call: c}) }
	return l
}

// tick is the time of the history.
func (l *load) tick() int64 { return int64(time.Since(l.began)) }

// add takes a call with its answer into the history.
func (l *load) add(client int, c call, called int64, a answer, returned int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history = append(l.history, porcupine.Operation{ClientId: client, Input: c, Call: called, Output: a, Return: returned})
	if a.allow {
		l.allowed++
	}
	if c.verb == grant && !a.unknown {
		l.granted[c.recipient] = max(l.granted[c.recipient], a.position)
	}
}

// begin grants each recipient an hour ago, so that something is there to be refused.
func (l *load) begin(r remote, d dice) {
	l.t.Helper()
	for _, who := range l.who {
		a := attempt{call: call{verb: grant, recipient: who}, id: d.request(), made: time.Now(), longAgo: true}
		called := l.tick()
		got, err := r.send(l.t.Context(), a)
		if err != nil {
			l.t.Fatalf("%s: %v", a, err)
		}
		l.add(0, a.call, called, got, l.tick())
	}
}

// client makes calls through any of the servers until stop is closed.
func (l *load) client(n int, d dice, through []remote, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		c := call{verb: l.draw(d), recipient: l.who[d.IntN(len(l.who))]}
		r := through[d.IntN(len(through))]
		if c.verb != check {
			l.write(n, r, attempt{call: c, id: d.request(), made: time.Now()})
			continue
		}
		if d.chance(50) {
			l.mu.Lock()
			c.atLeast = l.granted[c.recipient]
			l.mu.Unlock()
		}
		l.check(n, r, c)
	}
}

// afterFailure is how long a client waits when it got no answer.
const afterFailure = 20 * time.Millisecond

// draw chooses what to do: mostly checks, and more that opens than that closes, so that ALLOW is common.
func (l *load) draw(d dice) verb {
	choices := []struct {
		verb   verb
		weight int
	}{{check, 60}, {grant, 14}, {withdraw, 8}, {object, 3}, {suppress, 6}, {lift, 9}}
	roll := d.IntN(100)
	for _, choice := range choices {
		if roll -= choice.weight; roll < 0 {
			return choice.verb
		}
	}
	return check
}

// check asks once; without an answer it is as if it had not been asked.
func (l *load) check(n int, r remote, c call) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	called := l.tick()
	got, err := l.ask(ctx, r, c)
	if err == nil {
		l.add(n, c, called, got, l.tick())
		return
	}
	l.fail(c, err)
	wait(nil, afterFailure)
}

// write records, and leaves what has no answer for later.
func (l *load) write(n int, r remote, a attempt) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	called := l.tick()
	got, err := r.send(ctx, a)
	if err == nil {
		l.add(n, a.call, called, got, l.tick())
		return
	}
	l.fail(a.call, err)
	l.mu.Lock()
	l.pending = append(l.pending, pending{attempt: a, called: called})
	l.mu.Unlock()
	wait(nil, afterFailure)
}

func (l *load) fail(c call, err error) {
	if !open(err) {
		l.t.Errorf("%s: %v", c.verb, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost++
}

// settle repeats what has no answer until it has one, now that nothing is broken any more. Each is a client of its own, since the one
// that began it has gone on.
func (l *load) settle(r remote) {
	for n, p := range l.pending {
		got, returned := answer{unknown: true}, int64(never)
		for time.Since(p.made) < repeatable {
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			again, err := r.send(ctx, p.attempt)
			cancel()
			if err == nil {
				got, returned = again, l.tick()
				break
			}
			l.fail(p.call, err)
			if !open(err) {
				break
			}
			wait(nil, afterFailure)
		}
		l.add(1000+n, p.call, p.called, got, returned)
	}
	l.pending = nil
}

// run has clients make calls for a while, each server reached by each of them.
func (l *load) run(clients int, name string, seed uint64, through []remote, span time.Duration) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() { l.client(1+n, newDice(seed, fmt.Sprintf("%s client %d", name, n)), through, stop) })
	}
	wait(nil, span)
	close(stop)
	all.Wait()
}
