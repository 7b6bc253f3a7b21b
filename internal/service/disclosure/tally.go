package disclosure

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// tallyEvery is how often what was counted is stored: what a killed process loses at most.
	tallyEvery = 2 * time.Second
	// tallySoft is how many rows wait in memory before they are stored early, tallyHard how many before callers wait for that.
	tallySoft = 100_000
	tallyHard = 2_000_000
	// tallyChunk is how many rows one transaction stores at most. SQLite has one writer, which other writes wait for.
	tallyChunk = 500
	// tallyRemembered is for how long an addition can be repeated without being counted again.
	tallyRemembered = 24 * time.Hour
	// tallyGrace is how long storing may take when the service ends.
	tallyGrace  = 5 * time.Second
	tallyShards = 64
)

// tally counts the disclosures. It counts in memory, which costs a check next to nothing, and a goroutine stores the
// counts every few seconds. No count is lost while the process lives, and none is stored twice.
type tally struct {
	store storage.Writer
	now   func() consent.Instant
	log   *slog.Logger

	rows   atomic.Int64 // counts in memory: in shards, pending and doubt
	soft   int64
	hard   int64
	shards [tallyShards]shard

	mu    sync.RWMutex
	kinds map[disclosing]*disclosing
	room  chan struct{} // closed and made anew whenever rows were stored

	turn    chan struct{} // held by the goroutine that stores; guards what follows
	pending []storage.Learnt
	doubt   *addition // may be stored already

	moving sync.Mutex                  // held while counts leave a shard for pending; never while anything is stored
	gone   map[storage.SubjectKey]bool // subjects that were dropped: neither their pending counts nor those in doubt may be stored

	wake  chan struct{}
	life  context.Context // that of the process
	stop  context.Context // ends with the goroutine
	end   context.CancelFunc
	ended chan struct{}
}

// disclosing is what the disclosures of a call have in common.
type disclosing struct {
	day     int64
	client  string
	channel string
}

// shard holds the counts of the subjects with digests that begin alike.
type shard struct {
	mu     sync.Mutex
	counts map[counted]int64
}

type counted struct {
	key  storage.SubjectKey
	kind *disclosing
}

// addition is what one transaction adds. Its id stays the same when it is tried again.
type addition struct {
	id     [32]byte
	counts []storage.Learnt
}

func newTally(store storage.Writer, now func() consent.Instant, log *slog.Logger) *tally {
	t := &tally{
		store: store, now: now, log: log, soft: tallySoft, hard: tallyHard, kinds: map[disclosing]*disclosing{},
		gone: map[storage.SubjectKey]bool{},
		room: make(chan struct{}), turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	t.life = context.Background()
	t.stop, t.end = context.WithCancel(t.life)
	for i := range t.shards {
		t.shards[i].counts = map[counted]int64{}
	}
	go t.serve()
	return t
}

// add counts one disclosure for the subject of each key. If too many counts wait in memory, it waits until there is
// room. If it returns an error, nothing was counted. The caller may use the keys again afterwards.
func (t *tally) add(ctx context.Context, d disclosing, keys ...storage.SubjectKey) error {
	if t == nil || len(keys) == 0 {
		return nil
	}
	if err := t.await(ctx); err != nil {
		return err
	}
	kind := t.kind(d)
	added := 0
	for i := range keys {
		added += t.shardOf(&keys[i]).add(counted{keys[i], kind})
	}
	if added > 0 && t.rows.Add(int64(added)) >= t.soft {
		t.poke()
	}
	return nil
}

func (t *tally) shardOf(key *storage.SubjectKey) *shard {
	return &t.shards[key.Digest[0]/(256/tallyShards)]
}

// add counts, and returns how many rows that makes more.
func (s *shard) add(l counted) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.counts)
	s.counts[l]++
	return len(s.counts) - before
}

// take returns what was counted and begins anew.
func (s *shard) take(into []storage.Learnt) []storage.Learnt {
	s.mu.Lock()
	counts := s.counts
	s.counts = make(map[counted]int64, min(len(counts), tallyChunk))
	s.mu.Unlock()
	for l, n := range counts {
		into = append(into, storage.Learnt{Key: l.key, Day: l.kind.day, Client: l.kind.client, Channel: l.kind.channel, Count: n})
	}
	return into
}

// drop drops what was counted of the subjects with the keys gone, and returns how many rows that was.
func (s *shard) drop(gone map[storage.SubjectKey]bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.counts)
	maps.DeleteFunc(s.counts, func(l counted, _ int64) bool { return gone[l.key] })
	return before - len(s.counts)
}

// kind returns the one copy of d that counts refer to until they are stored.
func (t *tally) kind(d disclosing) *disclosing {
	t.mu.RLock()
	kind, ok := t.kinds[d]
	t.mu.RUnlock()
	if ok {
		return kind
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if kind, ok := t.kinds[d]; ok {
		return kind
	}
	made := d // Only here it is moved to the heap.
	t.kinds[d] = &made
	return &made
}

// await returns when there is room for more.
func (t *tally) await(ctx context.Context) error {
	for t.rows.Load() >= t.hard {
		t.mu.RLock()
		room := t.room
		t.mu.RUnlock()
		if t.rows.Load() < t.hard {
			return nil
		}
		t.poke()
		select {
		case <-room:
		case <-t.stop.Done():
			return env.StoreFault(storage.ErrClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (t *tally) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// serve stores what was counted, every few seconds or when there is much, until the tally is closed.
func (t *tally) serve() {
	defer close(t.ended)
	defer t.flushLast()
	ticker := time.NewTicker(tallyEvery)
	defer ticker.Stop()
	failed := false
	for {
		wake := t.wake
		if failed {
			wake = nil // A database that is away is not asked all the time.
		}
		select {
		case <-ticker.C:
		case <-wake:
		case <-t.stop.Done():
			return
		}
		err := t.flush(t.stop)
		if err != nil && !failed && t.stop.Err() == nil {
			t.log.LogAttrs(t.stop, slog.LevelError, "disclosures are not stored yet; they are kept in memory and tried again",
				slog.String("error", err.Error()))
		}
		failed = err != nil
	}
}

// flush stores everything that was counted before it was called. What an error leaves is kept and stored by the next one.
func (t *tally) flush(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for i := range t.shards {
		t.collect(&t.shards[i])
		if err := t.send(ctx, tallyChunk); err != nil {
			return err
		}
	}
	if err := t.send(ctx, 1); err != nil {
		return err
	}
	t.pending = nil
	t.mu.Lock()
	clear(t.kinds) // Days end, and so do clients.
	t.mu.Unlock()
	return nil
}

// collect moves what was counted from a shard to what is pending.
func (t *tally) collect(from *shard) {
	t.moving.Lock()
	t.forgetMoved()
	n := len(t.pending)
	t.pending = from.take(t.pending)
	t.moving.Unlock()
	slices.SortFunc(t.pending[n:], func(a, b storage.Learnt) int { return bytes.Compare(a.Key.Digest[:], b.Key.Digest[:]) })
}

// send stores what is pending, chunk by chunk, until fewer rows are left than given.
func (t *tally) send(ctx context.Context, least int) error {
	for t.doubt != nil || len(t.pending) >= least {
		if t.doubt == nil {
			n := min(len(t.pending), tallyChunk)
			t.doubt = &addition{counts: t.pending[:n:n]}
			t.pending = t.pending[n:]
			if _, err := rand.Read(t.doubt.id[:]); err != nil {
				return err
			}
		}
		t.dropGone()
		if err := t.store.AddDisclosures(ctx, t.doubt.id, t.now().Add(tallyRemembered), t.doubt.counts); err != nil {
			return err
		}
		t.rows.Add(-int64(len(t.doubt.counts)))
		t.doubt = nil
		t.mu.Lock()
		close(t.room)
		t.room = make(chan struct{})
		t.mu.Unlock()
	}
	return nil
}

// forget drops what was counted so far of the subjects with these keys and is not stored yet. What is counted once it has returned is
// kept. It does not wait for the store.
func (t *tally) forget(keys []storage.SubjectKey) {
	if t == nil || len(keys) == 0 {
		return
	}
	gone := make(map[storage.SubjectKey]bool, len(keys))
	for _, key := range keys {
		gone[key] = true
	}
	t.moving.Lock()
	defer t.moving.Unlock()
	maps.Copy(t.gone, gone) // Counts that have left the shards are dropped by the goroutine that stores them.
	for i := range t.shards {
		t.rows.Add(-int64(t.shards[i].drop(gone)))
	}
}

// dropGone drops what is to be forgotten from what is pending or in doubt.
func (t *tally) dropGone() {
	t.moving.Lock()
	defer t.moving.Unlock()
	t.forgetMoved()
}

// forgetMoved is dropGone for a caller that holds t.moving. Afterwards t.gone is empty: counts that are moved later
// were counted later.
func (t *tally) forgetMoved() {
	if len(t.gone) == 0 {
		return
	}
	isGone := func(l storage.Learnt) bool { return t.gone[l.Key] }
	before := len(t.pending)
	t.pending = slices.DeleteFunc(t.pending, isGone)
	dropped := before - len(t.pending)
	if t.doubt != nil {
		before = len(t.doubt.counts)
		t.doubt.counts = slices.DeleteFunc(t.doubt.counts, isGone)
		dropped += before - len(t.doubt.counts)
	}
	t.rows.Add(-int64(dropped))
	clear(t.gone)
}

// close stores what was counted and ends the goroutine.
func (t *tally) close() {
	t.end()
	<-t.ended
}

// flushLast stores what is left at the end.
func (t *tally) flushLast() {
	ctx, cancel := context.WithTimeout(t.life, tallyGrace)
	defer cancel()
	if err := t.flush(ctx); err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "disclosures were lost, because they could not be stored before the server stopped",
			slog.Int64("rows", t.rows.Load()), slog.String("error", err.Error()))
	}
}
