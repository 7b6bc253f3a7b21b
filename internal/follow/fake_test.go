package follow_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var errBroken = errors.New("broken on purpose")

// database is a store in memory with a real tree. It can be slow, fail, hang, lose events, go back to a backup and forget what changed.
type database struct {
	mu       sync.Mutex
	h        history
	backups  []history
	seq      int // of commits and restores
	acked    int // the last of them that was acknowledged
	shown    map[string]snapshot
	remember bool

	kept    int64                               // how many revisions are known
	latency func() time.Duration                // of a read, before its snapshot and after it
	telling func(n *storage.News) time.Duration // of a read that tells something, more than the latency; nil: none
	fault   fault
	until   time.Time // when the fault ends
	follows int
	limits  []int // of the reads that told something
}

type fault int

const (
	healthy fault = iota
	failing
	hanging
	reloading // answers Reload
	losing    // the last leaf of what is new is missing
)

// history is all that a backup holds.
type history struct {
	head      storage.Head
	leaves    [][ledger.HashSize]byte
	changed   []storage.SubjectKey // by each event
	revisions map[int64]storage.SubjectKey
	states    map[storage.SubjectKey][]byte // nil: none is stored
}

// snapshot is what was so as of a head.
type snapshot struct {
	seq    int
	states map[storage.SubjectKey][]byte
}

func (h *history) clone() history {
	c := *h
	c.leaves, c.changed = slices.Clone(h.leaves), slices.Clone(h.changed)
	c.revisions, c.states = maps.Clone(h.revisions), maps.Clone(h.states)
	return c
}

func newDatabase() *database {
	d := &database{
		h:     history{revisions: map[int64]storage.SubjectKey{}, states: map[storage.SubjectKey][]byte{}},
		shown: map[string]snapshot{}, kept: 6, latency: func() time.Duration { return 0 },
	}
	d.h.head = storage.Head{StoreID: [16]byte{1}, Revision: 1, ClientsVersion: 1, DigestKeys: []uint32{7}, KeysCheck: []byte("check")}
	d.commit(func(*history) {})
	return d
}

// commit changes the store in one transaction, and returns its number.
func (d *database) commit(change func(h *history)) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.h)
	d.seq++
	if d.remember {
		d.shown[nameOf(&d.h.head)] = snapshot{d.seq, maps.Clone(d.h.states)}
	}
	return d.seq
}

func nameOf(h *storage.Head) string {
	return fmt.Sprintf("%x/%d/%d/%d/%x", h.StoreID[:1], h.Position, h.Revision, h.ClientsVersion, h.Tree)
}

// event appends an event that leaves the state for the key; no two events are the same.
func (h *history) event(key storage.SubjectKey, packed []byte, unique uint64) {
	tree, err := ledger.ParseTree(h.head.Position, h.head.Tree)
	if err != nil {
		panic(err)
	}
	leaf := ledger.LeafHash(binary.BigEndian.AppendUint64(nil, unique))
	tree.Append(leaf)
	h.head.Position, h.head.Tree = h.head.Position+1, tree.Pack()
	h.head.Recorded++
	h.leaves, h.changed = append(h.leaves, leaf), append(h.changed, key)
	h.states[key] = packed
}

// revise changes a row that no event tells of.
func (h *history) revise(key storage.SubjectKey, packed []byte, gone bool) {
	h.head.Revision++
	h.revisions[h.head.Revision] = key
	if h.states[key] = packed; gone {
		delete(h.states, key)
	}
}

// rebuild makes all states anew.
func (h *history) rebuild(kept int64) {
	h.head.Revision += kept + 1
	for key, packed := range h.states {
		if packed != nil {
			h.states[key] = append(bytes.Clone(packed), byte(h.head.Revision))
		}
	}
}

func (d *database) backUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.backups = append(d.backups, d.h.clone())
}

// restore goes back to a backup.
func (d *database) restore(i int) int {
	return d.commit(func(h *history) { *h = d.backups[i].clone() })
}

func (d *database) head() storage.Head {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.h.head
}

// breakFor sets what goes wrong for a while.
func (d *database) breakFor(f fault, how time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.until = f, time.Now().Add(how)
}

func (d *database) now() fault {
	if d.fault != healthy && time.Now().After(d.until) {
		d.fault = healthy
	}
	return d.fault
}

// pass waits as long as a way to the database takes.
func (d *database) pass(ctx context.Context) error {
	d.mu.Lock()
	f, wait := d.now(), d.latency()
	d.mu.Unlock()
	switch f {
	case failing:
		return fmt.Errorf("follow: %w: %w", storage.ErrUnavailable, errBroken)
	case hanging:
		<-ctx.Done()
		return ctx.Err()
	case healthy, reloading, losing:
	}
	return within(ctx, wait)
}

// within waits, unless ctx ends before.
func within(ctx context.Context, wait time.Duration) error {
	if wait == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Follow implements storage.Followed.
func (d *database) Follow(ctx context.Context, since storage.Mark, limit int) (storage.Head, storage.News, error) {
	if err := d.pass(ctx); err != nil {
		return storage.Head{}, storage.News{}, err
	}
	head, news := d.news(since, limit)
	if len(news.States) > 0 {
		if err := d.tell(ctx, &news, limit); err != nil {
			return storage.Head{}, storage.News{}, err
		}
	}
	return head, news, d.pass(ctx)
}

// tell waits as long as telling the news takes.
func (d *database) tell(ctx context.Context, n *storage.News, limit int) error {
	d.mu.Lock()
	d.limits = append(d.limits, limit)
	telling := d.telling
	d.mu.Unlock()
	if telling == nil {
		return nil
	}
	return within(ctx, telling(n))
}

func (d *database) news(since storage.Mark, limit int) (storage.Head, storage.News) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.follows++
	head := d.h.head
	news := storage.News{Mark: since}
	if since.Position > head.Position || since.Revision > head.Revision {
		return head, news
	}
	if since.Revision < head.Revision-d.kept || d.now() == reloading {
		news.Reload = true
		return head, news
	}
	to := min(since.Position+int64(limit), head.Position)
	keys := map[storage.SubjectKey]bool{}
	for _, key := range d.h.changed[since.Position:to] {
		keys[key] = true
	}
	for revision := since.Revision + 1; revision <= head.Revision; revision++ {
		keys[d.h.revisions[revision]] = true
	}
	for key := range keys {
		packed, there := d.h.states[key]
		news.States = append(news.States, storage.KeyedState{Key: key, Packed: packed, Gone: !there})
	}
	news.Mark = storage.Mark{Position: to, Revision: head.Revision}
	news.Leaves = slices.Clone(d.h.leaves[since.Position:to])
	if d.now() == losing && len(news.Leaves) > 0 {
		news.Leaves = news.Leaves[1:]
	}
	return head, news
}

// subjectOf returns the id of the subject.
func subjectOf(key storage.SubjectKey) (id consent.SubjectID) {
	copy(id[:], key.Digest[16:])
	return id
}

// EachState implements storage.Followed.
func (d *database) EachState(ctx context.Context, ids storage.IDRange, each func(storage.KeyedState) error) (storage.Head, error) {
	if err := d.pass(ctx); err != nil {
		return storage.Head{}, err
	}
	head, err := d.eachState(ids, each)
	if err == nil {
		err = d.pass(ctx) // what was read arrives later
	}
	return head, err
}

func (d *database) eachState(ids storage.IDRange, each func(storage.KeyedState) error) (storage.Head, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, state := range d.h.states {
		id := subjectOf(key)
		if bytes.Compare(id[:], ids.After[:]) <= 0 || bytes.Compare(id[:], ids.Through[:]) > 0 {
			continue
		}
		packed := bytes.Clone(state)
		if err := each(storage.KeyedState{Key: key, Packed: packed}); err != nil {
			return storage.Head{}, err
		}
		for i := range packed {
			packed[i] = 0xee // it is valid during the call only
		}
	}
	return d.h.head, nil
}

// keyOf returns subject number i of a small population.
func keyOf(i int) storage.SubjectKey {
	return storage.SubjectKey{Form: consent.Form(i%3 + 1), Digest: sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))}
}

// stateOf returns a state that says what it is.
func stateOf(key, version int) []byte {
	return fmt.Appendf(nil, "state of %d, version %d", key, version)
}

func uniform(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most) + 1))
}
