package undo

import (
	"context"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// oneTransaction is how many events a batch has at most that is left out by one transaction.
const oneTransaction = 500

// Undoer undoes batches.
type Undoer struct {
	*env.Env

	engine *txn.Engine
	page   int // how many events one transaction looks at, at most
}

// New returns an undoer. Page is how many events of a batch one transaction looks at; a batch that has no more is left out at once. 0 is the
// usual number.
func New(env *env.Env, engine *txn.Engine, page int) *Undoer {
	if page == 0 {
		page = oneTransaction
	}
	return &Undoer{Env: env, engine: engine, page: page}
}

// Result is what an undo left out.
type Result struct {
	Events   int64
	Subjects int64
	Kept     int64 // subjects that keep what the batch recorded: without it a consent would count again whose evidence was deleted
	Complete bool  // it is in effect
	Before   bool  // it was complete before the call, which has changed nothing
}

// Run undoes a batch, with the justification of an officer, and returns once that is complete. Of one that was undone before it returns
// what was left out then. An undo that was interrupted is resumed by the same call. An undo cannot be undone. Errors: INVALID_EVIDENCE,
// SCOPE_MISSING, OTHER_DEPARTMENT, NOT_VOIDABLE if nothing was recorded with the batch and it is no import, UNDO_PENDING while the undo of
// another large batch is not complete.
func (u *Undoer) Run(ctx context.Context, batch consent.BatchID, justification string) (Result, error) {
	return u.Advance(ctx, batch, justification, -1)
}

// Advance does what Run does, but for no more than so many transactions; of fewer than none as many as it takes. The result says whether the
// undo is complete.
func (u *Undoer) Advance(ctx context.Context, batch consent.BatchID, justification string, steps int) (Result, error) {
	if err := txn.CheckJustification(justification); err != nil {
		return Result{}, err
	}
	if batch == (consent.BatchID{}) {
		return Result{}, fault.Errorf(fault.InvalidRequest, "batchId", "give the id of a batch")
	}
	// A caller without the right must not learn what there is to leave out. The same is checked again under the head.
	who := access.CallerOf(ctx)
	if err := who.NeedOfficer(); err != nil {
		return Result{}, err
	}
	r := run{undoer: u, batch: batch, justification: justification, undo: tables.Undo{Batch: batch}}
	if err := r.resume(ctx); err != nil {
		return Result{}, err
	}
	if r.undo.Position != 0 {
		before := r.result()
		before.Before = true
		return before, nil
	}
	for r.undo.Position == 0 && steps != 0 {
		if err := r.step(ctx); err != nil {
			return r.result(), err
		}
		steps--
	}
	return r.result(), nil
}

// Pending returns the undo that is not complete; nil if there is none. Errors: those of the store.
func (u *Undoer) Pending(ctx context.Context) (*tables.Undo, error) {
	found, err := tables.PendingUndo(ctx, u.Store)
	if err != nil || len(found) == 0 {
		return nil, env.StoreFault(err)
	}
	return &found[0], nil
}

// run is one undo under way.
type run struct {
	undoer        *Undoer
	batch         consent.BatchID
	justification string

	begun bool // undo is stored
	undo  tables.Undo
}

func (r *run) result() Result {
	return Result{Events: r.undo.Events, Subjects: r.undo.Subjects, Kept: r.undo.Kept, Complete: r.undo.Position != 0}
}

// resume reads how far the undo of the batch is.
func (r *run) resume(ctx context.Context) error {
	found, err := tables.UndoOf(ctx, r.undoer.Store, r.batch)
	if len(found) > 0 {
		r.begun, r.undo = true, found[0]
	}
	return env.StoreFault(err)
}

// part is a part of a batch that one transaction is about.
type part struct {
	events  []storage.BatchEvent
	through int64 // up to which position these are all
	last    bool  // they are the last ones that there were
}

// read reads the next part of the batch. The head is read before, so that no event up to its position is missing.
func (r *run) read(ctx context.Context) (part, error) {
	limit := r.undoer.page
	if r.begun {
		limit = min(limit, r.undoer.engine.BulkRoom())
	}
	head, err := r.undoer.Store.Head(ctx)
	if err != nil {
		return part{}, err
	}
	events, err := r.undoer.Store.Batch(ctx, r.batch, r.undo.Scanned, limit+1)
	if err != nil {
		return part{}, err
	}
	p := part{events: events, through: max(head.Position, r.undo.Scanned), last: len(events) <= limit}
	switch {
	case !p.last:
		p.events = events[:limit]
		p.through = p.events[limit-1].Position
	case len(events) > 0:
		p.through = max(p.through, events[len(events)-1].Position)
	case !r.begun:
		return p, r.mayBeEmpty(ctx)
	}
	return p, nil
}

// mayBeEmpty refuses a batch of which no event is recorded, unless it states what others have recorded, or is an import: from its undo on nothing
// is recorded with it any more.
func (r *run) mayBeEmpty(ctx context.Context) error {
	restates, err := tables.Restates(ctx, r.undoer.Store, r.batch)
	if err != nil || restates {
		return err
	}
	found, err := tables.ImportOf(ctx, r.undoer.Store, r.batch)
	if err == nil && len(found) == 0 {
		err = fault.Errorf(fault.NotVoidable, "batchId", "no event of this batch is recorded")
	}
	return err
}

// step carries out the next transaction.
func (r *run) step(ctx context.Context) error {
	next, err := r.read(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	var done run
	// A transaction of its own: another write in it could be of the same subjects by their keys, or record with the batch.
	write := txn.Write{Bulk: true, Weight: txn.Chunk}
	write.Run = func(tx *txn.Tx) error {
		done = *r
		return done.in(tx, next)
	}
	if err := r.undoer.engine.Do(ctx, &write); err != nil {
		return err
	}
	*r = done
	return nil
}

// in carries out a step in a transaction, unless another one has gone on with the same undo meanwhile: then it takes over how far that is.
func (r *run) in(tx *txn.Tx, next part) error {
	if err := tx.Caller.NeedOfficer(); err != nil {
		return err
	}
	stored, err := tx.UndoOf(r.batch)
	if err != nil {
		return err
	}
	if stored != nil && (stored.Position != 0 || stored.Scanned != r.undo.Scanned) {
		r.begun, r.undo = true, *stored
		return nil
	}
	if next.last {
		// What was recorded with the batch since it was read, or was recorded anew by an erasure.
		late, err := tx.BatchEvents(r.batch, next.through, r.undoer.page+1)
		if err != nil {
			return err
		}
		if next.last = len(late) <= r.undoer.page; next.last {
			next.events = append(next.events, late...)
		}
	}
	if stored == nil {
		if err := r.begin(tx, next.last); err != nil {
			return err
		}
	}
	if err := r.voidSubjects(tx, next.events); err != nil {
		return err
	}
	r.undo.Scanned = next.through
	if next.last {
		if err := r.end(tx); err != nil {
			return err
		}
	}
	tx.SaveUndo(r.undo)
	return nil
}

// begin makes the row of the undo. One that needs more than this transaction has a number, and waits until no other one is pending.
func (r *run) begin(tx *txn.Tx, atOnce bool) error {
	r.begun, r.undo.Started, r.undo.StartedBy = true, tx.Recorded, tx.Caller.ID
	if atOnce {
		return nil
	}
	pending, err := tx.PendingUndo()
	if err != nil {
		return err
	}
	if pending != nil {
		return fault.Errorf(fault.UndoPending, "batchId", "the undo of the batch %s, which the client %s began at %s, is not complete, and two large "+
			"ones cannot be under way at the same time; complete that one first: undo its batch again, which goes on where it was",
			uuid.UUID(pending.Batch), pending.StartedBy, pending.Started)
	}
	r.undo.Number = tx.Head.Undone + 1
	return nil
}

// end completes the undo. Of one in steps it appends the event with which the voids take effect.
func (r *run) end(tx *txn.Tx) error {
	tx.WriteTable(tables.DropRestated(r.batch))
	if r.undo.Number == 0 {
		r.undo.Position = tx.Head.Position
		return nil
	}
	facts := consent.Facts{Kind: consent.KindUndo, VoidBatch: r.batch, Undo: r.undo.Number}
	event, sealed, err := r.event(tx, &facts)
	if err != nil {
		return err
	}
	r.undo.Position = tx.CompleteUndo(event, sealed)
	return nil
}

// event returns an event with facts that occurs now, and its sealed evidence.
func (r *run) event(tx *txn.Tx, facts *consent.Facts) (*consent.Event, []byte, error) {
	evidence := consent.Evidence{Justification: r.justification}
	key, err := r.undoer.Keys.EventKey(codec.EventKeyInput(tx.Recorded, facts, "", &evidence))
	if err != nil {
		return nil, nil, err
	}
	sealed, err := tx.SealEvidence(key, &evidence)
	return &consent.Event{Occurred: tx.Recorded, Key: key, Facts: *facts}, sealed, err
}
