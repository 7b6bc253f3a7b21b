package index

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/storage"
)

// Options are how an index works.
type Options struct {
	Logger   *slog.Logger  // nil: nothing is logged
	MaxBytes int64         // of memory; beyond it the index is off; 0: no limit
	Every    time.Duration // how long it waits for a check to make a round before it makes one; 0: 100 ms
	Loading  func(n int)   // called while loading with how many states are loaded; nil: not called
}

// Stats are figures of an index.
type Stats struct {
	follow.Stats

	Recipients int64 // of which there is a state
	Bytes      int64 // of memory
}

// Index is a copy of all states in memory, kept in step with the store by its follower. It is safe for concurrent use; Run is called
// once.
type Index struct {
	*follow.Follower
	states *states
}

// New returns an index of the source. It starts nothing: see Run.
func New(source storage.Followed, opts Options) *Index {
	s := &states{maxBytes: opts.MaxBytes, progress: opts.Loading, table: newTable()}
	if s.progress == nil {
		s.progress = func(int) {}
	}
	return &Index{follow.New(source, s, follow.Options{Name: "index", Logger: opts.Logger, Every: opts.Every}), s}
}

// Head returns the head as of which a view would show everything now; nil if there is none. Two calls return the same pointer only if
// nothing changed between them. The head is not to be changed.
func (x *Index) Head() *storage.Head { return x.states.head.Load() }

// Stats returns figures.
func (x *Index) Stats() Stats {
	return Stats{x.Follower.Stats(), x.states.recipients.Load(), x.states.bytes.Load()}
}

// states is the copy that the follower keeps in step. It implements follow.Copy.
type states struct {
	maxBytes int64
	progress func(n int)

	recipients, bytes atomic.Int64

	// What a view shows. It is changed with all locks held, by the follower alone.
	locks locks
	table *table
	head  atomic.Pointer[storage.Head] // nil: nothing is shown
}

// change changes what views show, while there are none.
func (s *states) change(do func()) {
	s.locks.Lock()
	defer s.locks.Unlock()
	do()
}

// Take implements follow.Copy.
func (s *states) Take(states []storage.KeyedState) error {
	s.table.applyStates(states)
	s.progress(s.table.Len())
	return s.checkSize()
}

// Show implements follow.Copy.
func (s *states) Show(head *storage.Head) { s.change(func() { s.head.Store(head) }) }

// Advance implements follow.Copy.
func (s *states) Advance(head *storage.Head, states []storage.KeyedState) error {
	if len(states) == 0 && sameHead(s.head.Load(), head) {
		return nil
	}
	s.change(func() {
		shown := head
		head = nil // until all is in: a panic halfway leaves nothing to look at
		defer func() { s.head.Store(head) }()
		s.table.applyStates(states)
		head = shown
	})
	return s.checkSize()
}

// Hide implements follow.Copy.
func (s *states) Hide() { s.change(func() { s.head.Store(nil) }) }

// Forget implements follow.Copy.
func (s *states) Forget() {
	s.change(func() {
		s.head.Store(nil)
		s.table = newTable()
	})
	_ = s.checkSize()
}

// Figures implements follow.Copy.
func (s *states) Figures() []slog.Attr {
	return []slog.Attr{slog.Int64("recipients", s.recipients.Load()), slog.Int64("bytes", s.bytes.Load())}
}

// checkSize notes the figures of the table, and returns an error if it passes the limit of memory.
func (s *states) checkSize() error {
	s.recipients.Store(int64(s.table.Len()))
	s.bytes.Store(s.table.Bytes())
	if s.maxBytes > 0 && s.table.Bytes() > s.maxBytes {
		return fmt.Errorf("%w: %d recipients need %d bytes of memory, and index_max_bytes allows %d", follow.ErrFull, s.table.Len(),
			s.table.Bytes(), s.maxBytes)
	}
	return nil
}

// applyStates takes in states in order: the last of a key counts.
func (t *table) applyStates(states []storage.KeyedState) {
	for i := range states {
		s := &states[i]
		switch {
		case s.Key.Form == consent.FormMail:
		case s.Gone:
			t.remove(&s.Key.Digest)
		default:
			t.put(&s.Key.Digest, s.Packed)
		}
	}
}

func sameHead(a, b *storage.Head) bool {
	return a.StoreID == b.StoreID && a.Position == b.Position && a.Revision == b.Revision && a.Recorded == b.Recorded &&
		a.CatalogVersion == b.CatalogVersion && a.ClientsVersion == b.ClientsVersion && a.Refs == b.Refs && a.RefsSum == b.RefsSum && a.CatalogsSum == b.CatalogsSum &&
		a.ListsSum == b.ListsSum && a.FoldVersion == b.FoldVersion && a.Undone == b.Undone &&
		bytes.Equal(a.KeysCheck, b.KeysCheck) && bytes.Equal(a.Tree, b.Tree) && slices.Equal(a.DigestKeys, b.DigestKeys)
}

// locks are many locks in place of one: a reader takes any of them, and readers on different processors rarely meet in one. The writer
// pays for it, which takes all of them.
type locks [lockCount]struct {
	sync.RWMutex
	_ [128 - 24]byte // each on cache lines of its own
}

const lockCount = 32

func (l *locks) Lock() {
	for i := range l {
		l[i].Lock()
	}
}

func (l *locks) Unlock() {
	for i := range l {
		l[i].Unlock()
	}
}
