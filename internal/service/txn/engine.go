package txn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// Write is one write among those of a group. Run is called under the lock of the head, possibly more than once, each time
// on a transaction that no earlier call has touched. A write that is refused leaves nothing behind but the returns that it noted: it checks
// first and changes the transaction only when hardly anything can be refused any more. Where something is refused all the same, the transaction
// is given up, and the other writes of the group are run again without this one.
type Write struct {
	Load   storage.Load
	Run    func(w *Tx) error
	Bulk   bool // an import: what is not overtakes it
	Weight int  // how many events a bulk write has at most
	ctx    context.Context
	err    error
	ended  chan struct{}
}

// closeGrace is how long the transactions under way may take when the service ends.
const closeGrace = time.Second

const (
	// requestIDRetention is how long a request id is remembered.
	requestIDRetention = 7 * 24 * time.Hour
	// ClientSkew is how far a client's clock may be ahead: times up to it are taken as now.
	ClientSkew = time.Minute
	// maxDatabaseSkew is how far this server's clock may be off the database's before it refuses to write.
	maxDatabaseSkew = 5 * time.Second
	// maxWritesPerTransaction is how many writes one transaction has at most.
	maxWritesPerTransaction = 256
	// maxGroupsBeforeBulk is how many groups may overtake an import before it has its turn.
	maxGroupsBeforeBulk = 8
	// urgentQuietPeriod is for how long after a write others are expected to write again.
	urgentQuietPeriod = 5 * time.Second
	// maxQueuedWrites is how many writes may wait before more are refused.
	maxQueuedWrites = 20_000
	// transactionTimeout is how long a transaction may take before it is given up.
	transactionTimeout = 30 * time.Second
)

// Engine gathers the concurrent writes of a process into one transaction at a time.
type Engine struct {
	*env.Env
	*reference.Reference

	guard        *access.Guard
	hooks        Hooks
	acceptAhead  bool
	unsafe       env.Unsafe
	Acknowledged Acknowledged // what this server has acknowledged
	ahead        atomic.Int64 // how far the ledger was ahead of the clock, in nanoseconds

	stop   context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	ended  chan struct{}

	ids subjectIDs // of the goroutine that writes

	pace       pace
	lastUrgent atomic.Int64 // when the last write that is not an import came, in nanoseconds

	mu               sync.Mutex
	urgent           []*Write
	bulk             []*Write
	groupsBeforeBulk int // groups that have overtaken an import since its last turn
	closed           bool
}

// Hooks are what use cases add to every transaction; each may be nil.
type Hooks struct {
	// Recorded is told of every event that a transaction has recorded of a subject, and may record more.
	Recorded func(w *Tx, s *Subject, e *consent.Event) error
	// Erased is told of every erasure that a transaction carries out, before anything of it goes.
	Erased func(w *Tx, e *Erased) error
	// Forgotten is told of the subjects that a committed transaction has erased or dropped, and of the last day, in days since
	// 1970-01-01, UTC, of which it has deleted disclosures of each.
	Forgotten func(until map[storage.SubjectKey]int64)
	// Committed is told of each transaction that has changed something, once it is committed. It must not wait for anything.
	Committed func()
}

// EngineOptions say how an engine writes.
type EngineOptions struct {
	// AcceptAhead goes on recording consents while the ledger is ahead of the clock.
	AcceptAhead bool
	Unsafe      env.Unsafe
}

// NewEngine returns an engine that runs until it is closed. Hooks are set before the first write.
func NewEngine(env *env.Env, reference *reference.Reference, guard *access.Guard, opts EngineOptions) *Engine {
	stop, cancel := context.WithCancel(context.Background())
	e := &Engine{
		Env: env, Reference: reference, guard: guard, acceptAhead: opts.AcceptAhead, unsafe: opts.Unsafe,
		stop: stop, cancel: cancel, wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go e.commitGroups()
	return e
}

// SetHooks sets what use cases add to every transaction. It is called before the first write, and only then: the goroutine that writes
// reads the hooks once a write has been handed over.
func (e *Engine) SetHooks(hooks Hooks) { e.hooks = hooks }

// Close refuses new writes, ends those that wait and returns when the last transaction has ended.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.wakeWriter()
	select {
	case <-e.ended:
	case <-time.After(closeGrace):
	}
	e.cancel() // A database that hangs must not hold up the end.
	<-e.ended
}

func (e *Engine) wakeWriter() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Do commits write and returns when it is durable or refused. If ctx ends first, write may be committed all the same.
func (e *Engine) Do(ctx context.Context, write *Write) error {
	return e.Traced(ctx, env.SpanWrite, max(1, write.Weight), func(ctx context.Context) error { return e.enqueueAndWait(ctx, write) })
}

func (e *Engine) enqueueAndWait(ctx context.Context, write *Write) error {
	write.ctx, write.ended = ctx, make(chan struct{})
	if !write.Bulk {
		e.lastUrgent.Store(time.Now().UnixNano())
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return env.StoreFault(storage.ErrClosed)
	}
	if len(e.urgent)+len(e.bulk) >= maxQueuedWrites {
		e.mu.Unlock()
		return fault.Errorf(fault.Unavailable, "", "too many writes are waiting; try again")
	}
	queue := e.queueOf(write)
	*queue = append(*queue, write)
	e.mu.Unlock()
	e.wakeWriter()
	select {
	case <-write.ended:
		return env.StoreFault(write.err)
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		*queue = slices.DeleteFunc(*queue, func(waiting *Write) bool { return waiting == write })
		return ctx.Err()
	}
}

// Queued returns how many writes wait for their transaction: those of callers, and imports, which they overtake.
func (e *Engine) Queued() (urgent, bulk int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.urgent), len(e.bulk)
}

// BulkRoom returns how many events of imports one transaction may have now: [Chunk] where nothing else was written lately, else as many as
// the last transactions of imports had in ten milliseconds, but [SmallChunk] at least.
func (e *Engine) BulkRoom() int {
	if time.Since(time.Unix(0, e.lastUrgent.Load())) < urgentQuietPeriod {
		return e.pace.room()
	}
	return Chunk
}

func (e *Engine) queueOf(write *Write) *[]*Write {
	if write.Bulk {
		return &e.bulk
	}
	return &e.urgent
}

// commitGroups commits group after group until the engine is closed and no write waits.
func (e *Engine) commitGroups() {
	defer close(e.ended)
	for {
		group, more := e.nextGroup()
		if len(group) > 0 {
			e.commitGroup(group)
			continue
		}
		if !more {
			return
		}
		<-e.wake
	}
}

// nextGroup takes the next group: what is urgent, or imports, which have their turn when nothing is or when they were overtaken often
// enough. More is false once the engine is closed and empty.
func (e *Engine) nextGroup() (group []*Write, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	turn := len(e.bulk) > 0 && (len(e.urgent) == 0 || e.groupsBeforeBulk >= maxGroupsBeforeBulk)
	switch {
	case turn:
		e.groupsBeforeBulk = 0
		group = dequeue(&e.bulk, bulkGroupSize(e.bulk, e.BulkRoom()))
	case len(e.urgent) > 0:
		if len(e.bulk) > 0 {
			e.groupsBeforeBulk++
		}
		group = dequeue(&e.urgent, min(len(e.urgent), maxWritesPerTransaction))
	default:
		return nil, !e.closed
	}
	return group, true
}

// dequeue removes the first n writes of a queue. The rest moves to an array of its own, so that what is taken can be freed.
func dequeue(queue *[]*Write, n int) []*Write {
	group := slices.Clone((*queue)[:n])
	*queue = slices.Clone((*queue)[n:])
	return group
}

// bulkGroupSize returns how many of the imports that wait fit into one transaction: at least one, and together no more
// events than there is room for.
func bulkGroupSize(waiting []*Write, room int) int {
	n, weight := 1, waiting[0].Weight
	for n < len(waiting) && weight+waiting[n].Weight <= room {
		weight += waiting[n].Weight
		n++
	}
	return n
}

// writeError is the error of a write that its transaction cannot be committed with: a fault of the program or of the data that it met, or a
// refusal after the write had changed the transaction.
type writeError struct {
	error

	write *Write
}

func (e *writeError) Unwrap() error { return e.error }

// commitGroup commits a group, without the writes that it cannot be done with.
func (e *Engine) commitGroup(group []*Write) {
	live := group[:0:0]
	for _, write := range group {
		if write.ctx.Err() != nil {
			write.finish(write.ctx.Err()) // Its caller waits no more.
			continue
		}
		live = append(live, write)
	}
	if len(live) == 0 {
		return
	}
	began, events := time.Now(), 0
	for _, write := range live {
		events += write.Weight
	}
	_ = e.commitOrSplit(live) // Every write was told its error.
	e.pace.note(events, time.Since(began))
}

// commitOrSplit commits a group. A write that the transaction fails with gets that error, and the others are committed without it: at once
// where it is known which one it is, else by halves, so that one among many costs few transactions more. The error returned is one
// after which no further transaction can succeed.
func (e *Engine) commitOrSplit(group []*Write) (lost error) {
	err := e.runTransaction(group)
	var failed *writeError
	switch {
	case err == nil:
		for _, write := range group {
			write.finish(write.err)
		}
		return nil
	case failsEveryWrite(err):
		endWrites(group, err)
		return err
	case errors.As(err, &failed):
		failed.write.finish(failed.error)
		group = slices.DeleteFunc(group, func(write *Write) bool { return write == failed.write })
		if len(group) == 0 {
			return nil
		}
		return e.commitOrSplit(group)
	case len(group) == 1:
		group[0].finish(err)
		return nil
	}
	first, second := group[:len(group)/2], group[len(group)/2:]
	if lost = e.commitOrSplit(first); lost != nil {
		endWrites(second, lost)
		return lost
	}
	return e.commitOrSplit(second)
}

func endWrites(group []*Write, err error) {
	for _, write := range group {
		write.finish(err)
	}
}

// failsEveryWrite reports whether a transaction that failed would fail for each of its writes, or must not be tried again.
func failsEveryWrite(err error) bool {
	var refused *fault.Error
	var failed *writeError
	return errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown) ||
		errors.Is(err, storage.ErrClosed) || errors.As(err, &refused) && !errors.As(err, &failed)
}

func (write *Write) finish(err error) {
	write.err = err
	close(write.ended)
}

// runTransaction runs the writes in one transaction. A write that is refused gets its error; the error returned is that of the
// transaction.
func (e *Engine) runTransaction(group []*Write) error {
	events := 0
	for _, write := range group {
		write.err = nil
		events += max(1, write.Weight)
	}
	ctx, cancel := context.WithTimeout(e.stop, transactionTimeout)
	defer cancel()
	var learnt []storage.Ref
	var left *storage.Head
	var erased map[storage.SubjectKey]int64
	load := mergeLoads(group)
	err := e.Store.Write(ctx, load, func(ctx context.Context, tx storage.Tx) (changes *storage.Changes, err error) {
		defer recoverAsError(&err)
		w, err := newTx(ctx, e, tx, &load, events)
		if err != nil {
			return nil, err
		}
		if err := w.runGroup(group); err != nil {
			return nil, err
		}
		if changes, err = w.changes(); changes != nil {
			learnt, erased, left = changes.Refs, w.Removals.Counts, &changes.Head
		}
		return changes, err
	})
	var failed *writeError
	switch {
	case err == nil:
		e.cacheReferences(learnt)
		e.Acknowledged.Note(left)
		if e.hooks.Forgotten != nil {
			e.hooks.Forgotten(erased)
		}
		if left != nil && e.hooks.Committed != nil {
			e.hooks.Committed()
		}
		return nil
	case e.stop.Err() != nil && errors.Is(err, context.Canceled):
		return storage.ErrClosed
	case errors.As(err, &failed) && ctx.Err() == nil:
		return err // Nothing was stored, whatever ended the write.
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", storage.ErrCommitUnknown, err)
	default:
		return err
	}
}

// runGroup runs the writes. One that is refused and has changed nothing gets its error; any other error is a [writeError] and ends the
// transaction, for the write may have changed it.
func (w *Tx) runGroup(group []*Write) error {
	for _, write := range group {
		var refused *fault.Error
		switch err := w.runSafely(write); {
		case errors.As(err, &refused) && !w.written:
			write.err = refused
		case err != nil:
			return &writeError{err, write}
		}
	}
	return nil
}

// runSafely runs a write; a panic is an error of its own.
func (w *Tx) runSafely(write *Write) (err error) {
	defer recoverAsError(&err)
	return w.runWrite(write)
}

// recoverAsError turns a panic into an error, which is logged: it says of the panic what [fault.PanicText] allows.
func recoverAsError(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic while deciding: %s\n%s", fault.PanicText(r), debug.Stack())
	}
}

// cacheReferences adds references that were committed to the cache. Without it they would be read when they are met.
func (e *Engine) cacheReferences(refs []storage.Ref) {
	if len(refs) == 0 {
		return
	}
	if _, err := e.Names.Learn(refs); err != nil {
		e.Log.LogAttrs(e.stop, slog.LevelError, "references were not learnt", slog.String("error", err.Error()))
	}
}

// mergeLoads is what the writes of a group want to see, together.
func mergeLoads(group []*Write) storage.Load {
	if len(group) == 1 {
		return group[0].Load
	}
	var all storage.Load
	seen := map[storage.SubjectKey]bool{}
	for _, write := range group {
		for _, k := range write.Load.Subjects {
			if !seen[k] {
				seen[k] = true
				all.Subjects = append(all.Subjects, k)
			}
		}
		all.IDs = append(all.IDs, write.Load.IDs...)
		all.Events = append(all.Events, write.Load.Events...)
		all.Requests = append(all.Requests, write.Load.Requests...)
	}
	return all
}
