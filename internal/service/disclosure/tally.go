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
	// flushInterval is how often what was counted is stored: what a killed process loses at most.
	flushInterval = 2 * time.Second
	// flushThreshold is how many rows wait in memory before they are stored early. At maxRowsInMemory callers wait until some are stored.
	flushThreshold  = 100_000
	maxRowsInMemory = 2_000_000
	// maxRowsPerTransaction is how many rows one transaction stores at most. SQLite has one writer, which other writes wait for.
	maxRowsPerTransaction = 500
	// additionRetention is for how long an addition can be repeated without being counted again.
	additionRetention = 24 * time.Hour
	// flushOnCloseTimeout is how long storing may take when the service ends.
	flushOnCloseTimeout = 5 * time.Second
	shardCount          = 64
)

// disclosureCounter counts the disclosures. It counts in memory, which costs a check next to nothing, and a goroutine stores the
// counts every few seconds. No count is lost while the process lives, and none is stored twice.
type disclosureCounter struct {
	store storage.Writer
	now   func() consent.Instant
	log   *slog.Logger

	rows           atomic.Int64 // counts in memory: in shards, lists, pending and inDoubt
	flushThreshold int64
	maxRows        int64
	shards         [shardCount]shard

	mu       sync.RWMutex
	kinds    map[disclosureKind]*disclosureKind
	roomMade chan struct{} // closed and made anew whenever rows were stored

	flushTurn chan struct{} // held by the goroutine that stores; guards what follows
	pending   []storage.Learnt
	inDoubt   *additionBatch // may be stored already

	movingCounts sync.Mutex // held while counts leave a shard or lists for pending; never while anything is stored
	lists        []list     // in the order in which they were counted
	forgotten    untilDay   // neither the pending counts of these days nor those in doubt may be stored

	wake  chan struct{}
	life  context.Context // that of the process
	stop  context.Context // ends with the goroutine
	end   context.CancelFunc
	ended chan struct{}
}

// disclosureKind is what the disclosures of a call have in common.
type disclosureKind struct {
	day     int64
	client  string
	channel string
}

// shard holds the counts of the subjects with digests that begin alike.
type shard struct {
	mu     sync.Mutex
	counts map[counterKey]count
}

// count is how often something was counted, and when last. What was last counted before an erasure is not stored after it.
type count struct {
	n  int64
	at consent.Instant
}

type counterKey struct {
	key  storage.SubjectKey
	kind *disclosureKind
}

// untilDay names subjects and the last day of each of which counts are forgotten.
type untilDay map[storage.SubjectKey]int64

// has reports whether a count of a day is to be forgotten.
func (u untilDay) has(key storage.SubjectKey, day int64) bool {
	last, ok := u[key]
	return ok && day <= last
}

// additionBatch is what one transaction adds. Its id stays the same when it is tried again.
type additionBatch struct {
	id     [32]byte
	counts []storage.Learnt
}

func newDisclosureCounter(store storage.Writer, now func() consent.Instant, log *slog.Logger) *disclosureCounter {
	t := &disclosureCounter{
		store: store, now: now, log: log, flushThreshold: flushThreshold, maxRows: maxRowsInMemory, kinds: map[disclosureKind]*disclosureKind{},
		forgotten: untilDay{},
		roomMade:  make(chan struct{}), flushTurn: make(chan struct{}, 1), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	t.life = context.Background()
	t.stop, t.end = context.WithCancel(t.life)
	for i := range t.shards {
		t.shards[i].counts = map[counterKey]count{}
	}
	go t.flushPeriodically()
	return t
}

// addDisclosures counts one disclosure at an instant for the subject of each key. If too many counts wait in memory, it waits until there is
// room. If it returns an error, nothing was counted. The caller may use the keys again afterwards.
func (t *disclosureCounter) addDisclosures(ctx context.Context, at consent.Instant, d disclosureKind, keys ...storage.SubjectKey) error {
	if len(keys) == 0 {
		return nil
	}
	if err := t.waitForRoom(ctx); err != nil {
		return err
	}
	kind := t.internKind(d)
	added := 0
	for i := range keys {
		added += t.shardOf(&keys[i]).increment(counterKey{keys[i], kind}, at)
	}
	if added > 0 && t.rows.Add(int64(added)) >= t.flushThreshold {
		t.wakeFlusher()
	}
	return nil
}

func (t *disclosureCounter) shardOf(key *storage.SubjectKey) *shard {
	return &t.shards[key.Digest[0]/(256/shardCount)]
}

// increment counts, and returns how many rows that makes more.
func (s *shard) increment(l counterKey, at consent.Instant) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.counts)
	c := s.counts[l]
	s.counts[l] = count{c.n + 1, max(c.at, at)}
	return len(s.counts) - before
}

// takeCounts returns what was counted and begins anew.
func (s *shard) takeCounts(into []storage.Learnt) []storage.Learnt {
	s.mu.Lock()
	counts := s.counts
	s.counts = make(map[counterKey]count, min(len(counts), maxRowsPerTransaction))
	s.mu.Unlock()
	for l, c := range counts {
		into = append(into, storage.Learnt{Key: l.key, Day: l.kind.day, Client: l.kind.client, Channel: l.kind.channel, Count: c.n, At: c.at})
	}
	return into
}

// dropCounts drops what is gone of what was counted, and returns how many rows that was.
func (s *shard) dropCounts(gone untilDay) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.counts)
	maps.DeleteFunc(s.counts, func(l counterKey, _ count) bool { return gone.has(l.key, l.kind.day) })
	return before - len(s.counts)
}

// internKind returns the one copy of d that counts refer to until they are stored.
func (t *disclosureCounter) internKind(d disclosureKind) *disclosureKind {
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

// waitForRoom returns when there is room for more.
func (t *disclosureCounter) waitForRoom(ctx context.Context) error {
	for t.rows.Load() >= t.maxRows {
		t.mu.RLock()
		room := t.roomMade
		t.mu.RUnlock()
		if t.rows.Load() < t.maxRows {
			return nil
		}
		t.wakeFlusher()
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

func (t *disclosureCounter) wakeFlusher() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// flushPeriodically stores what was counted, every few seconds or when there is much, until the counter is closed.
func (t *disclosureCounter) flushPeriodically() {
	defer close(t.ended)
	defer t.flushOnClose()
	ticker := time.NewTicker(flushInterval)
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
func (t *disclosureCounter) flush(ctx context.Context) error {
	select {
	case t.flushTurn <- struct{}{}:
		defer func() { <-t.flushTurn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for i := range t.shards {
		t.collectShard(&t.shards[i])
		if err := t.storePending(ctx, maxRowsPerTransaction); err != nil {
			return err
		}
	}
	for range t.waitingLists() {
		t.collectList()
		if err := t.storePending(ctx, maxRowsPerTransaction); err != nil {
			return err
		}
	}
	if err := t.storePending(ctx, 1); err != nil {
		return err
	}
	t.pending = nil
	t.mu.Lock()
	clear(t.kinds) // Days end, and so do clients.
	t.mu.Unlock()
	return nil
}

// collectShard moves what was counted from a shard to what is pending.
func (t *disclosureCounter) collectShard(from *shard) {
	t.movingCounts.Lock()
	t.dropForgottenLocked()
	n := len(t.pending)
	t.pending = from.takeCounts(t.pending)
	t.movingCounts.Unlock()
	slices.SortFunc(t.pending[n:], func(a, b storage.Learnt) int { return bytes.Compare(a.Key.Digest[:], b.Key.Digest[:]) })
}

// storePending stores what is pending, chunk by chunk, until fewer rows are left than given.
func (t *disclosureCounter) storePending(ctx context.Context, least int) error {
	for t.inDoubt != nil || len(t.pending) >= least {
		if t.inDoubt == nil {
			n := min(len(t.pending), maxRowsPerTransaction)
			t.inDoubt = &additionBatch{counts: t.pending[:n:n]}
			t.pending = t.pending[n:]
			if _, err := rand.Read(t.inDoubt.id[:]); err != nil {
				return err
			}
		}
		t.dropForgotten()
		if err := t.store.AddDisclosures(ctx, t.inDoubt.id, t.now().Add(additionRetention), t.inDoubt.counts); err != nil {
			return err
		}
		t.rows.Add(-int64(len(t.inDoubt.counts)))
		t.inDoubt = nil
		t.mu.Lock()
		close(t.roomMade)
		t.roomMade = make(chan struct{})
		t.mu.Unlock()
	}
	return nil
}

// forgetSubjects drops what was counted so far, up to the day of each, of those whose keys are given and is not stored yet. What is counted once
// it has returned is kept. It does not wait for the store.
func (t *disclosureCounter) forgetSubjects(gone untilDay) {
	if len(gone) == 0 {
		return
	}
	t.movingCounts.Lock()
	defer t.movingCounts.Unlock()
	for key, day := range gone { // Counts that have left the shards are dropped by the goroutine that stores them.
		if before, ok := t.forgotten[key]; !ok || before < day {
			t.forgotten[key] = day
		}
	}
	for i := range t.shards {
		t.rows.Add(-int64(t.shards[i].dropCounts(gone)))
	}
	for i := range t.lists {
		t.rows.Add(-int64(t.lists[i].drop(gone)))
	}
}

// dropForgotten drops what is to be forgotten from what is pending or in doubt.
func (t *disclosureCounter) dropForgotten() {
	t.movingCounts.Lock()
	defer t.movingCounts.Unlock()
	t.dropForgottenLocked()
}

// dropForgottenLocked is dropForgotten for a caller that holds t.movingCounts. Afterwards t.forgotten is empty: counts that are moved later
// were counted later.
func (t *disclosureCounter) dropForgottenLocked() {
	if len(t.forgotten) == 0 {
		return
	}
	isGone := func(l storage.Learnt) bool { return t.forgotten.has(l.Key, l.Day) }
	before := len(t.pending)
	t.pending = slices.DeleteFunc(t.pending, isGone)
	dropped := before - len(t.pending)
	if t.inDoubt != nil {
		before = len(t.inDoubt.counts)
		t.inDoubt.counts = slices.DeleteFunc(t.inDoubt.counts, isGone)
		dropped += before - len(t.inDoubt.counts)
	}
	t.rows.Add(-int64(dropped))
	clear(t.forgotten)
}

// close stores what was counted and ends the goroutine.
func (t *disclosureCounter) close() {
	t.end()
	<-t.ended
}

// flushOnClose stores what is left at the end.
func (t *disclosureCounter) flushOnClose() {
	ctx, cancel := context.WithTimeout(t.life, flushOnCloseTimeout)
	defer cancel()
	if err := t.flush(ctx); err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "disclosures were lost, because they could not be stored before the server stopped",
			slog.Int64("rows", t.rows.Load()), slog.String("error", err.Error()))
	}
}
