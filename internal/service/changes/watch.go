package changes

import (
	"context"
	"math"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// askEvery is how often it is asked at most whether a consumer that watches was revoked. What its client may do is known in each round.
const askEvery = time.Second

// takesWithin is how long one message may wait until it is taken, of a watcher and of a snapshot.
const takesWithin = 2 * time.Minute

// WatchChanges sends what changes from where the request says until the context ends. The first page says where it begins. Errors: those of
// ListChanges, and SLOW_WATCHER, SERVER_STOPPING and STORE_UNAVAILABLE, after which the reader goes on by its last token. Send is called by one
// goroutine at a time; a call of it may still be under way when WatchChanges returns.
func (f *Feed) WatchChanges(ctx context.Context, in Request, send func(Page) error) error {
	r, at, err := f.begin(ctx, in)
	if err != nil {
		return env.StoreFault(err)
	}
	w := &watching{feed: f, reader: r, at: at, send: send, asked: time.Now(), has: at.Mark}
	return env.StoreFault(w.run(ctx))
}

// watching is a watcher under way.
type watching struct {
	feed   *Feed
	reader *reader
	at     *place
	send   func(Page) error
	hears  *subscription // nil: it has not caught up yet
	sent   time.Time     // when something was sent last
	asked  time.Time     // when it was asked last whether the consumer may still read
	has    storage.Mark  // up to which it had been sent everything by then
}

func (x *watching) run(ctx context.Context) error {
	read := x.feed.Instant()
	head, err := x.feed.Store.Head(ctx)
	if err != nil {
		return err
	}
	var first Page
	if first.Entries, err = x.feed.allOwed(ctx, x.reader, x.at, &head); err != nil {
		return err
	}
	if err := x.feed.sign(x.reader, x.at, &window{read: read, head: head, to: x.at.Mark}, &first); err != nil {
		return err
	}
	if err := x.tell(ctx, first); err != nil {
		return err
	}
	for more := true; more; {
		before := x.at.Mark
		p, err := x.feed.next(ctx, x.reader, x.at, defaultPage, math.MaxInt)
		if err != nil {
			return err
		}
		if more = p.More; len(p.Entries) > 0 || !more && x.at.Mark != before || x.isDue() {
			if err := x.tell(ctx, p); err != nil {
				return err
			}
		}
	}
	var joined storage.Mark
	x.hears, joined = x.feed.hub.subscribe(x.at.Mark)
	defer x.feed.hub.unsubscribe(x.hears)
	if err := x.catchUp(ctx, joined); err != nil {
		return err
	}
	return x.hear(ctx)
}

// hear sends what the hub hands out.
func (x *watching) hear(ctx context.Context) error {
	for {
		select {
		case <-x.hears.wake:
		case <-x.hears.ended:
			return x.hears.why
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for _, w := range x.feed.hub.take(x.hears) {
			if err := x.take(ctx, w); err != nil {
				return err
			}
		}
	}
}

// take sends what a window tells. One that does not begin where the watcher is only says up to where to read.
func (x *watching) take(ctx context.Context, w *window) error {
	if x.at.Mark != w.from {
		return x.catchUp(ctx, w.to)
	}
	if err := x.mayRead(ctx, w); err != nil {
		return err
	}
	p, err := x.feed.tell(ctx, x.reader, x.at, w)
	if err != nil {
		return err
	}
	if len(p.Entries) == 0 && !x.isDue() {
		return nil
	}
	return x.tell(ctx, p)
}

// mayRead returns an error unless the caller and the consumer may still read. What was sent by the time before is taken as received: the
// watcher is still there.
func (x *watching) mayRead(ctx context.Context, w *window) error {
	if err := x.feed.readmit(ctx, x.reader, &w.head); err != nil || time.Since(x.asked) < askEvery {
		return err
	}
	given := x.reader.given
	if _, err := x.feed.consumers.Active(ctx, given); err != nil {
		return err
	}
	has := x.has
	x.asked, x.has = time.Now(), x.at.Mark
	return x.feed.consumers.Acknowledge(ctx, &x.reader.consumer, has)
}

// catchUp sends everything up to a mark that the ledger has come to.
func (x *watching) catchUp(ctx context.Context, to storage.Mark) error {
	for !x.at.Reaches(to) {
		size := min(defaultPage, max(to.Position-x.at.Position, 0))
		p, err := x.feed.next(ctx, x.reader, x.at, int(size), math.MaxInt)
		if err != nil {
			return err
		}
		if len(p.Entries) > 0 || x.isDue() {
			if err := x.tell(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// isDue reports whether the watcher has heard nothing for so long that a heartbeat is due.
func (x *watching) isDue() bool { return time.Since(x.sent) >= heartbeatEvery }

// tell sends a page. It does not wait for a reader that takes nothing once the hub has cut the watcher.
func (x *watching) tell(ctx context.Context, p Page) error {
	x.sent = time.Now()
	return x.feed.deliver(ctx, x.hears, func() error { return x.send(p) })
}

// deliver sends something, and waits until it is sent, the server stops, the hub cuts the watcher if hears is not nil, or the reader has taken
// nothing for takesWithin.
func (f *Feed) deliver(ctx context.Context, hears *subscription, send func() error) error {
	sent := make(chan error, 1)
	go func() { sent <- send() }()
	var cut <-chan struct{}
	if hears != nil {
		cut = hears.ended
	}
	late := time.NewTimer(takesWithin)
	defer late.Stop()
	select {
	case err := <-sent:
		return err
	case <-cut:
		return hears.why
	case <-f.hub.life.Done():
		return stopping()
	case <-late.C:
		f.counts.cut.Add(1)
		return fault.Errorf(fault.SlowWatcher, "", "nothing was taken of what was sent for %s; go on with the last token", takesWithin)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
