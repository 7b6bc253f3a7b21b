package rights

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/voidcheck"
	"github.com/assent-io/assent/internal/storage"
)

// voidPage is how many events of a batch are read, and how many subjects a transaction voids, at once.
const voidPage = 500

// Void leaves an event, or those of a batch, out of every answer, as recorded by mistake; what was known before still shows it. A
// void of a batch goes subject by subject: it may be repeated if it was interrupted. Errors: POSITION_UNKNOWN, NOT_VOIDABLE,
// INVALID_REQUEST, INVALID_EVIDENCE.
func (s *Rights) Void(ctx context.Context, in Void) (Voided, error) {
	if err := CheckJustification(in.Justification); err != nil {
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
		return Voided{}, fault.Errorf(fault.NotVoidable, "position", "an event that was erased, or of kind %s, cannot be left out",
			e.Kind)
	}
	facts := consent.Facts{Kind: consent.KindVoid, VoidPosition: in.Position}
	return s.voidSubjects(ctx, in, &facts, []consent.SubjectID{records[0].Event.Subject})
}

func (s *Rights) voidBatch(ctx context.Context, in *Void) (Voided, error) {
	var total Voided
	seen := map[consent.SubjectID]bool{}
	for after := int64(0); ; {
		refs, err := s.Store.Batch(ctx, in.Batch, after, voidPage)
		if err != nil {
			return total, env.StoreFault(err)
		}
		var subjects []consent.SubjectID
		for _, ref := range refs {
			after = ref.Position
			if !seen[ref.Subject] {
				seen[ref.Subject] = true
				subjects = append(subjects, ref.Subject)
			}
		}
		if len(subjects) > 0 {
			facts := consent.Facts{Kind: consent.KindVoid, VoidBatch: in.Batch}
			part, err := s.voidSubjects(ctx, in, &facts, subjects)
			if err != nil {
				return total, err
			}
			total.Events += part.Events
			total.Subjects += part.Subjects
			total.kept += part.kept
		}
		if len(refs) < voidPage {
			if len(seen) == 0 {
				return total, fault.Errorf(fault.NotVoidable, "batchId", "no event of this batch is recorded")
			}
			if total.kept > 0 {
				return total, fault.Errorf(fault.NotVoidable, "batchId", "for %d subjects the events of the batch stay: "+
					"without them a consent would count again, but its evidence is deleted; for all others they are left out", total.kept)
			}
			return total, nil
		}
	}
}

// voidSubjects records the void for each of the subjects that has something to leave out, in one transaction of its own: only so are
// subjects taken by their ids never in the same transaction as by their keys.
func (s *Rights) voidSubjects(ctx context.Context, in *Void, facts *consent.Facts, ids []consent.SubjectID) (Voided, error) {
	var done Voided
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	m.Run = func(tx *txn.Tx) error {
		w := s.In(tx)
		done = Voided{}
		if err := w.Caller.NeedOfficer(); err != nil {
			return err
		}
		list := make([]*txn.Subject, len(ids))
		for i, id := range ids {
			list[i] = &txn.Subject{Subject: storage.Subject{ID: id}}
		}
		all, err := w.EventsOf(list...)
		if err != nil {
			return err
		}
		for _, of := range list {
			n := voided(all[of], facts)
			if n == 0 {
				continue
			}
			refused, err := env.Refusal(voidcheck.RefuseUnprovableGrant(w.Tx, w.rights.Env, facts, all[of]))
			if err != nil {
				return err
			}
			if refused != nil {
				if facts.VoidPosition != 0 {
					return refused
				}
				done.kept++
				continue
			}
			if err := w.recordVoid(in, facts, of); err != nil {
				return err
			}
			done.Events += int64(n)
			done.Subjects++
		}
		return nil
	}
	if err := s.engine.Do(ctx, &m); err != nil {
		return Voided{}, err
	}
	return done, nil
}

// voided returns how many events a void leaves out that no earlier one does.
func voided(events []consent.Event, facts *consent.Facts) int {
	standing := consent.WithoutVoided(slices.Clone(events))
	with := append(slices.Clone(events), consent.Event{Facts: *facts})
	return len(standing) - len(consent.WithoutVoided(with))
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
	kept     int // subjects that keep what a batch recorded, for otherwise a grant without evidence would count again
}
