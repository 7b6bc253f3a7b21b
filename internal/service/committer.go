package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// member is one write among those of a group. Run is called under the lock of the head, possibly more than once, each time
// on a work that no earlier call has touched. It checks first and changes the work only when nothing can be refused any more, so
// that a member that is refused leaves nothing behind.
type member struct {
	load  storage.Load
	run   func(w *work) error
	bulk  bool // an import: everything else overtakes it
	ctx   context.Context
	err   error
	ended chan struct{}
}

// closeGrace is how long the transactions under way may take when the service ends.
const closeGrace = time.Second

// groupSize is how many members one transaction has at most.
const groupSize = 256

// committer gathers the concurrent writes of a process into one transaction at a time.
type committer struct {
	service *Service
	stop    context.Context
	cancel  context.CancelFunc
	wake    chan struct{}
	ended   chan struct{}

	mu     sync.Mutex
	urgent []*member
	bulk   []*member
	closed bool
}

func newCommitter(s *Service) *committer {
	stop, cancel := context.WithCancel(context.Background())
	c := &committer{
		service: s, stop: stop, cancel: cancel, wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go c.serve()
	return c
}

// close refuses new members, ends those that wait and returns when the last transaction has ended.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.poke()
	select {
	case <-c.ended:
	case <-time.After(closeGrace):
	}
	c.cancel() // A database that hangs must not hold up the end.
	<-c.ended
}

func (c *committer) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// do has m committed and returns when it is durable, or refused. If ctx ends first, m may be committed all the same.
func (c *committer) do(ctx context.Context, m *member) error {
	m.ctx, m.ended = ctx, make(chan struct{})
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return fault(storage.ErrClosed)
	}
	if m.bulk {
		c.bulk = append(c.bulk, m)
	} else {
		c.urgent = append(c.urgent, m)
	}
	c.mu.Unlock()
	c.poke()
	select {
	case <-m.ended:
		return fault(m.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serve commits group after group until the committer is closed and nobody waits.
func (c *committer) serve() {
	defer close(c.ended)
	for {
		group, more := c.next()
		if len(group) > 0 {
			c.commit(group)
			continue
		}
		if !more {
			return
		}
		<-c.wake
	}
}

// next takes the next group: all that is urgent, or one import. More is false once the committer is closed and empty.
func (c *committer) next() (group []*member, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.urgent) > 0:
		n := min(len(c.urgent), groupSize)
		group, c.urgent = c.urgent[:n:n], c.urgent[n:]
	case len(c.bulk) > 0:
		group, c.bulk = c.bulk[:1:1], c.bulk[1:]
	default:
		return nil, !c.closed
	}
	return group, true
}

// commit commits a group, member by member if it cannot be done together.
func (c *committer) commit(group []*member) {
	live := group[:0:0]
	for _, m := range group {
		if m.ctx.Err() != nil {
			m.end(m.ctx.Err()) // Nobody waits any more.
			continue
		}
		live = append(live, m)
	}
	if len(live) == 0 {
		return
	}
	err := c.transaction(live)
	if err != nil && len(live) > 1 && !hopeless(err) {
		// One of them spoils it for all: each gets a transaction of its own.
		for _, m := range live {
			err := c.transaction([]*member{m})
			if err == nil {
				err = m.err
			}
			m.end(err)
		}
		return
	}
	for _, m := range live {
		if err == nil {
			m.end(m.err)
		} else {
			m.end(err)
		}
	}
}

// hopeless reports whether a transaction that failed would fail for each of its members, or must not be tried again.
func hopeless(err error) bool {
	var refused *consent.Error
	return errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown) ||
		errors.Is(err, storage.ErrClosed) || errors.As(err, &refused)
}

func (m *member) end(err error) {
	m.err = err
	close(m.ended)
}

// transaction runs the members in one transaction. A member that is refused gets its error; the error returned is that of the
// transaction.
func (c *committer) transaction(group []*member) error {
	for _, m := range group {
		m.err = nil
	}
	var learnt []storage.Ref
	load := loadOf(group)
	err := c.service.store.Write(c.stop, load, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		w, err := newWork(ctx, c.service, tx, &load)
		if err != nil {
			return nil, err
		}
		for _, m := range group {
			var refused *consent.Error
			switch err := w.runMember(m); {
			case errors.As(err, &refused):
				m.err = refused
			case err != nil:
				return nil, err
			}
		}
		changes, err := w.changes()
		if changes != nil {
			learnt = changes.Refs
		}
		return changes, err
	})
	if err == nil && len(learnt) > 0 {
		_, err = c.service.names.learn(learnt)
	}
	return err
}

// loadOf is what the members of a group want to see, together.
func loadOf(group []*member) storage.Load {
	if len(group) == 1 {
		return group[0].load
	}
	var all storage.Load
	seen := map[storage.SubjectKey]bool{}
	for _, m := range group {
		for _, k := range m.load.Subjects {
			if !seen[k] {
				seen[k] = true
				all.Subjects = append(all.Subjects, k)
			}
		}
		all.IDs = append(all.IDs, m.load.IDs...)
		all.Events = append(all.Events, m.load.Events...)
		all.Requests = append(all.Requests, m.load.Requests...)
		all.Clients = all.Clients || m.load.Clients
	}
	return all
}
