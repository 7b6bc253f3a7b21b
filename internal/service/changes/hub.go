package changes

import (
	"context"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// The hub waits at least lookAfter between two looks for what is new, so that one has several commits while they are many, and at most
	// lookEvery, for other servers write, too. Where nothing is new, a look costs one short statement.
	lookAfter, lookEvery = 8 * time.Millisecond, 25 * time.Millisecond
	hubWindow            = 1000 // events that the hub reads at once
)

// hub follows the end of the ledger while there are watchers, and reads each window once for all of them.
type hub struct {
	feed *Feed
	life context.Context // that of the server
	end  context.CancelFunc
	ran  sync.WaitGroup
	news chan struct{} // holds something if this server has committed something since the last look began

	mu       sync.Mutex
	watchers map[*subscription]bool
	at       storage.Mark // up to which the watchers were handed everything
	running  bool
}

// subscription is the part of a watcher that the hub sees. Its fields but for the channels are guarded by the hub.
type subscription struct {
	wake    chan struct{} // holds something if windows came
	ended   chan struct{} // closed when no more come
	why     error         // no more come
	windows []*window
	waiting int // cards and windows
}

func newHub(f *Feed) *hub {
	life, end := context.WithCancel(context.Background())
	return &hub{feed: f, life: life, end: end, watchers: map[*subscription]bool{}, news: make(chan struct{}, 1)}
}

// close ends the hub and all that watch.
func (h *hub) close() {
	h.mu.Lock()
	h.end()
	h.mu.Unlock()
	h.ran.Wait()
}

// subscribe returns a subscription, and the mark after which it has everything. If the hub does not run yet, that is the mark given.
func (h *hub) subscribe(from storage.Mark) (*subscription, storage.Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &subscription{wake: make(chan struct{}, 1), ended: make(chan struct{})}
	h.watchers[s] = true
	h.tellWatchers()
	if h.life.Err() != nil { // Close may wait for the hub already: it must not begin to run again.
		h.drop(s, stopping())
		return s, from
	}
	if !h.running {
		h.running, h.at = true, from
		h.ran.Go(h.run)
	}
	return s, h.at
}

// unsubscribe ends a subscription.
func (h *hub) unsubscribe(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(s, nil)
}

// take returns the windows that wait for a watcher, in order.
func (h *hub) take(s *subscription) []*window {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := s.windows
	s.windows, s.waiting = nil, 0
	return all
}

// drop ends a subscription for a reason, under the lock.
func (h *hub) drop(s *subscription, why error) {
	if !h.watchers[s] {
		return
	}
	delete(h.watchers, s)
	s.why, s.windows = why, nil
	close(s.ended)
	h.tellWatchers()
}

// tellWatchers counts the watchers, under the lock.
func (h *hub) tellWatchers() { h.feed.counts.watchers.Store(int64(len(h.watchers))) }

// dropAll ends all subscriptions for a reason.
func (h *hub) dropAll(why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.watchers {
		h.drop(s, why)
	}
}

func stopping() error {
	return &fault.Error{Code: fault.ServerStopping, Message: "the server is stopping; go on with the last token at another one"}
}

// isDone reports whether nothing watches any more, or the server stops; then the hub has ended.
func (h *hub) isDone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.life.Err() != nil {
		for s := range h.watchers {
			h.drop(s, stopping())
		}
	}
	h.running = len(h.watchers) > 0
	return !h.running
}

// run looks for what is new until nothing watches any more. An error ends all watchers: they go on by their tokens.
func (h *hub) run() {
	var last lookout
	for !h.isDone() {
		select {
		case <-h.news: // The look that follows has it.
		default:
		}
		w, err := h.look(&last)
		if err != nil {
			h.dropAll(env.StoreFault(err))
			continue
		}
		if last.tells(w, time.Now()) {
			h.handOut(w)
		}
		if !w.more() {
			h.rest()
		}
	}
}

// rest waits until it is time to look again: after something was committed here, but not at once after the last look, and at the latest after
// lookEvery.
func (h *hub) rest() {
	select {
	case <-time.After(lookAfter):
	case <-h.life.Done():
		return
	}
	select {
	case <-h.news:
	case <-time.After(lookEvery - lookAfter):
	case <-h.life.Done():
	}
}

// lookNow has the hub look soon, for this server has committed something.
func (h *hub) lookNow() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// lookout is what the hub saw last.
type lookout struct {
	tree    *ledger.Tree // at the end of the last window; nil: not known
	clients int64        // version
	catalog int64
	told    time.Time // when a window was handed out last
}

// tells reports whether a window is to be handed out: it has something, who may read may have changed, or it is time for a heartbeat.
func (l *lookout) tells(w *window, now time.Time) bool {
	quiet := w.from == w.to && l.clients == w.head.ClientsVersion && l.catalog == w.catalog.Version && now.Sub(l.told) < heartbeatEvery
	if quiet {
		return false
	}
	l.clients, l.catalog, l.told = w.head.ClientsVersion, w.catalog.Version, now
	return true
}

// look reads the next window. Its root comes from the leaves of its events: what does not lead to the head is of another history.
func (h *hub) look(last *lookout) (*window, error) {
	h.mu.Lock()
	from := h.at
	h.mu.Unlock()
	w, err := h.feed.readWindow(h.life, from, windowLimit{events: hubWindow, named: hubWindow})
	if err != nil {
		return nil, err
	}
	tree := last.tree
	last.tree = nil
	if tree == nil || tree.Size() != from.Position {
		return w, h.feed.putRoot(h.life, w)
	}
	for _, leaf := range w.leaves {
		tree.Append(leaf)
	}
	w.root = tree.Root()
	last.tree = tree
	if w.to.Position != w.head.Position {
		return w, nil
	}
	return w, checkRoot(w)
}

// checkRoot returns an error unless the events of a window that reaches the head lead to its tree.
func checkRoot(w *window) error {
	tree, err := ledger.ParseTree(w.head.Position, w.head.Tree)
	if err != nil {
		return err
	}
	if tree.Root() != w.root {
		return otherHistory("the database was replaced by one with other events")
	}
	return nil
}

// handOut gives a window to all watchers. One that has too much waiting is cut.
func (h *hub) handOut(w *window) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = w.to
	for s := range h.watchers {
		if s.waiting > h.feed.options.Waiting {
			h.feed.counts.cut.Add(1)
			h.drop(s, fault.Errorf(fault.SlowWatcher, "", "the changes were not read as fast as they came; go on with the last token"))
			continue
		}
		s.windows = append(s.windows, w)
		s.waiting += 1 + len(w.cards)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}
