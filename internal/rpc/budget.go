package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/assent-io/assent/internal/fault"
)

// Limits bound what calls under way take of a server. The zero value of a field is its default.
type Limits struct {
	// Calls and Streams are how many calls, and how many of them streams, one client may have under way.
	Calls   int64
	Streams int64
	// Memory is how many bytes the messages under way may take: once as they were received, once decoded, and once in bodies by HTTP. One
	// client may have half of each.
	Memory int64
}

// The defaults of Limits.
const (
	defaultCalls   = 1000
	defaultStreams = 64
	defaultMemory  = 256 << 20
)

const (
	// maxOpenStreams is how many streams without a key there may be, which are those that watch health.
	maxOpenStreams = 256
	// patience is how long a unary call waits for room before it is refused. A stream waits as long as it lasts.
	patience = 10 * time.Second
)

func (l Limits) withDefaults() Limits {
	if l.Calls == 0 {
		l.Calls = defaultCalls
	}
	if l.Streams == 0 {
		l.Streams = defaultStreams
	}
	if l.Memory == 0 {
		l.Memory = defaultMemory
	}
	return l
}

// budget is what all calls under way may take.
type budget struct {
	limits  Limits
	total   room
	open    share // that of the calls without a key
	mu      sync.RWMutex
	clients map[string]*share // by the id of the client
}

// room is the memory that messages under way may take. A call reserves room for the bytes of a message before it receives them, and
// room for the decoded message before it decodes it. A request by HTTP reserves room for its body before it makes such a call. None waits
// for one of the three while it holds a later one, so calls cannot wait for each other in a circle.
type room struct {
	bodies   *semaphore.Weighted
	received *semaphore.Weighted
	decoded  *semaphore.Weighted
	size     int64
}

// share is what the calls of one client may take.
type share struct {
	room
	calls   atomic.Int64
	streams atomic.Int64
}

func newRoom(size int64) room {
	return room{bodies: semaphore.NewWeighted(size), received: semaphore.NewWeighted(size), decoded: semaphore.NewWeighted(size), size: size}
}

func newBudget(limits Limits) *budget {
	limits = limits.withDefaults()
	return &budget{limits: limits, total: newRoom(limits.Memory), open: share{room: newRoom(limits.Memory / 2)}, clients: map[string]*share{}}
}

// shareOf returns the share of a client. The number of clients is small: an administrator creates each.
func (b *budget) shareOf(client string) *share {
	b.mu.RLock()
	known, ok := b.clients[client]
	b.mu.RUnlock()
	if ok {
		return known
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, ok = b.clients[client]; !ok {
		known = &share{room: newRoom(b.limits.Memory / 2)}
		b.clients[client] = known
	}
	return known
}

// begin counts a call that begins; each that begins without an error is to be ended.
func (b *budget) begin(c *call) error {
	maxCalls, maxStreams := b.limits.Calls, b.limits.Streams
	if c.row.open {
		if !c.streaming {
			return nil // A probe of health is small and answered from memory: it has to get its answer under any load.
		}
		c.share, maxCalls, maxStreams = &b.open, maxOpenStreams, maxOpenStreams
	} else {
		c.share = b.shareOf(c.client)
	}
	if n := c.share.calls.Add(1); n > maxCalls {
		b.end(c)
		return fault.Errorf(fault.TooManyCalls, "", "the client has %d calls under way, which is the limit; try again when "+
			"some have ended", maxCalls)
	}
	if !c.streaming {
		return nil
	}
	if n := c.share.streams.Add(1); n > maxStreams {
		c.share.streams.Add(-1)
		b.end(c)
		return fault.Errorf(fault.TooManyCalls, "", "the client has %d streams open, which is the limit; end some first",
			maxStreams)
	}
	c.inStreams = true
	return nil
}

// end counts a call that has ended.
func (b *budget) end(c *call) {
	if c.share == nil {
		return
	}
	c.share.calls.Add(-1)
	if c.inStreams {
		c.share.streams.Add(-1)
	}
	c.share, c.inStreams = nil, false
}

// reserve waits for room for n bytes in the share of the client and then in that of all. What it returns gives the room back.
func (in *intake) reserve(ctx context.Context, own, total *semaphore.Weighted, n int64) (release func(), err error) {
	n = min(n, in.own.size)
	if !in.waits {
		timed, cancel := context.WithTimeoutCause(ctx, patience, errNoRoom())
		defer cancel()
		ctx = timed
	}
	return acquire(ctx, own, total, n)
}

func acquire(ctx context.Context, own, total *semaphore.Weighted, n int64) (release func(), err error) {
	if err := own.Acquire(ctx, n); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := total.Acquire(ctx, n); err != nil {
		own.Release(n)
		return nil, context.Cause(ctx)
	}
	return func() {
		total.Release(n)
		own.Release(n)
	}, nil
}

func errNoRoom() *fault.Error {
	return fault.Errorf(fault.TooManyCalls, "", "the messages of the calls under way use all the memory that is allowed for them; try again "+
		"later, or send smaller batches")
}
