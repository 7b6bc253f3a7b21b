package rights

import (
	"context"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/voidcheck"
	"github.com/assent-io/assent/internal/storage"
)

// Void leaves an event, or those of a batch, out of every answer, as recorded by mistake; what was known before still shows it. A
// void of a batch is an undo, see package undo. Errors: POSITION_UNKNOWN, NOT_VOIDABLE, INVALID_REQUEST, INVALID_EVIDENCE, UNDO_PENDING.
func (s *Rights) Void(ctx context.Context, in Void) (Voided, error) {
	if err := txn.CheckJustification(in.Justification); err != nil {
		return Voided{}, err
	}
	if (in.Position == 0) == (in.Batch == consent.BatchID{}) {
		return Voided{}, fault.Errorf(fault.InvalidRequest, "position", "give the position of an event or the id of a batch")
	}
	// A caller without the right must not learn what there is to leave out. The same is checked again under the head.
	who := access.CallerOf(ctx)
	if err := who.NeedOfficer(); err != nil {
		return Voided{}, err
	}
	if in.Position != 0 {
		return s.voidEvent(ctx, &in)
	}
	return s.voidBatch(ctx, &in)
}

func (s *Rights) voidEvent(ctx context.Context, in *Void) (Voided, error) {
	_, records, err := s.Store.Ledger(ctx, in.Position-1, 1)
	if err != nil {
		return Voided{}, env.StoreFault(err)
	}
	if len(records) == 0 || records[0].Event.Position != in.Position {
		return Voided{}, fault.Errorf(fault.PositionUnknown, "position", "the ledger does not have this position yet")
	}
	if e := &records[0].Event; !e.Voidable() {
		return Voided{}, fault.Errorf(fault.NotVoidable, "position", "%s", whyNotVoidable(e))
	}
	facts := consent.Facts{Kind: consent.KindVoid, VoidPosition: in.Position}
	return s.voidSubject(ctx, in, &facts, records[0].Event.Subject)
}

// whyNotVoidable says why an event cannot be left out.
func whyNotVoidable(e *consent.Event) string {
	if e.Kind == consent.KindUndo || e.Kind == consent.KindVoid {
		return "a void and an undo cannot be taken back: record what was right anew"
	}
	return fmt.Sprintf("an event that was erased, or of kind %s, cannot be left out", e.Kind)
}

// voidBatch has a batch undone.
func (s *Rights) voidBatch(ctx context.Context, in *Void) (Voided, error) {
	done, err := s.undoer.Run(ctx, in.Batch, in.Justification)
	var total Voided
	if !done.Before {
		total = Voided{Events: done.Events, Subjects: done.Subjects}
	}
	if err == nil && done.Kept > 0 {
		err = fault.Errorf(fault.NotVoidable, "batchId", "for %d subjects the events of the batch stay: "+
			"without them a consent would count again, but its evidence is deleted; for all others they are left out", done.Kept)
	}
	return total, err
}

// voidSubject records the void of an event, unless an earlier one leaves it out, in a transaction of its own: only so is a subject taken by its
// id never in the same transaction as by its key.
func (s *Rights) voidSubject(ctx context.Context, in *Void, facts *consent.Facts, id consent.SubjectID) (Voided, error) {
	var done Voided
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	m.Run = func(tx *txn.Tx) error {
		w := s.In(tx)
		done = Voided{}
		if err := w.Caller.NeedOfficer(); err != nil {
			return err
		}
		of := &txn.Subject{Subject: storage.Subject{ID: id}}
		all, err := w.AllEventsOf(of)
		if err != nil {
			return err
		}
		n := voidcheck.LeftOut(consent.InEffect(all[of], w.Head.Undone), facts)
		if n == 0 {
			return nil
		}
		if err := voidcheck.RefuseUnprovableGrant(w.Tx, w.rights.Env, facts, all[of]); err != nil {
			return err
		}
		done = Voided{Events: int64(n), Subjects: 1}
		return w.recordVoid(in, facts, of)
	}
	if err := s.engine.Do(ctx, &m); err != nil {
		return Voided{}, err
	}
	return done, nil
}

func (w *Tx) recordVoid(in *Void, facts *consent.Facts, of *txn.Subject) error {
	evidence := consent.Evidence{Justification: in.Justification}
	key, err := w.rights.Keys.EventKey(codec.EventKeyInput(w.Recorded, facts, "", &evidence))
	if err != nil {
		return err
	}
	sealed, err := w.SealEvidence(key, &evidence)
	if err != nil {
		return err
	}
	event := consent.Event{Occurred: w.Recorded, Subject: of.ID, Key: key, Facts: *facts}
	w.AppendTo(of, &event, sealed)
	return nil
}

// Void is an event, or a batch of them, to leave out. Exactly one of Position and Batch is set.
type Void struct {
	Position      int64
	Batch         consent.BatchID
	Justification string
}

// Voided is what a void left out.
type Voided struct {
	Events   int64
	Subjects int64
}
