package txn

import (
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Prepared is an event that was found right and is yet to be recorded.
type Prepared struct {
	Subject  *Subject
	Occurred consent.Instant
	Key      consent.EventKey
	Entry    *statement.Entry
	Batch    consent.BatchID
	Known    int64 // position of the same fact, if it is known to the batch: see Tx.KnownTo
	Restates bool  // it is known by an event of another batch alone
	// SameBatch reports that an earlier transaction recorded the same fact with the same batch.
	SameBatch bool
}

// Prepare finds the subject, the time and the key of what is stated.
func (w *Tx) Prepare(st *Validated, entry *statement.Entry, batch consent.BatchID) (*Prepared, error) {
	if err := w.refuseUndone(batch); err != nil {
		return nil, err
	}
	occurred, err := w.clampToNow(st.Statement.Occurred, "occurredTime")
	if err != nil {
		return nil, err
	}
	if occurred, err = w.occurredWhenAhead(&st.Statement, occurred); err != nil {
		return nil, err
	}
	p := &Prepared{Occurred: occurred, Entry: entry, Batch: batch, Key: st.Key}
	if p.Subject, err = w.Subject(&st.Place); err != nil {
		return nil, err
	}
	if entry.Form == consent.FormExact && entry.Begin(occurred) <= p.Subject.Erased {
		return nil, erasedBeforeFault()
	}
	if st.Statement.Occurred == 0 {
		if p.Key, err = w.engine.EventKey(w.Recorded, entry, w.Caller.Department); err != nil {
			return nil, err
		}
	}
	if p.Known, p.Restates, err = w.known(p); err != nil {
		return nil, err
	}
	p.SameBatch = w.recordedBefore(p)
	if p.Known != 0 && entry.Form == consent.FormExact {
		w.Named = append(w.Named, p.Known)
	}
	if p.Known == 0 {
		if err := w.checkGoods(&entry.Facts); err != nil {
			return nil, err
		}
	}
	confirmed, err := w.clampToNow(entry.Facts.Confirmed, "evidence.confirmedTime")
	switch {
	case err == nil:
		entry.Facts.Confirmed = confirmed
	case entry.Facts.Kind.IsNo():
		entry.Facts.Confirmed = 0
		entry.Warnings = append(slices.Clone(entry.Warnings), statement.Warning{
			Code: statement.WarningEvidenceRemoved, Field: "evidence.confirmedTime", Message: "the time is in the future and was left out",
		})
	default:
		return nil, err
	}
	return p, nil
}

// MaxGoods is how many kinds of goods a ledger has at most. Each has a number for ever, and every server keeps all of them in memory.
const MaxGoods = 10_000

// checkGoods refuses kinds of goods for which there are no numbers left, as where a shop sends its articles.
func (w *Tx) checkGoods(f *consent.Facts) error {
	if !numbersGoods(f) {
		return nil
	}
	goods := w.Names.Goods()
	for _, g := range f.Goods {
		if _, ok := w.Names.Number(consent.RefGoods, g); ok {
			continue
		}
		if goods++; goods > MaxGoods {
			return fault.Errorf(fault.InvalidEvidence, "evidence.goods",
				"the ledger has %d different goods and takes no new ones; name kinds of goods in the words of the catalog, and no articles", MaxGoods)
		}
	}
	return nil
}

// numbersGoods reports whether a state may name the goods of the facts: it names those of grants only.
func numbersGoods(f *consent.Facts) bool { return f.Kind == consent.KindGrant }

// clampToNow takes a time that is ahead by no more than a client's clock may be for now.
func (w *Tx) clampToNow(t consent.Instant, field string) (consent.Instant, error) {
	switch {
	case t == 0 && field == "occurredTime":
		return w.Recorded, nil
	case t <= w.Recorded:
		return t, nil
	case t <= w.Recorded.Add(ClientSkew):
		return w.Recorded, nil
	default:
		return 0, fault.Errorf(fault.TimeInFuture, field, "the time is in the future; omit it to record the current time")
	}
}

// occurredWhenAhead returns when an event counts that is recorded while the ledger is ahead of the clock. What was
// recorded ahead would win against a refusal that states its true time. So a refusal then counts from when it is
// recorded, and what could permit anything is refused, for it could not be told whether it was before or after. What an
// erasure takes goes by its time: one with a time is refused, too.
func (w *Tx) occurredWhenAhead(st *statement.Statement, occurred consent.Instant) (consent.Instant, error) {
	switch {
	case w.ahead == 0:
		return occurred, nil
	case st.Kind == consent.KindWithdraw || st.Kind == consent.KindRefuse || st.Kind == consent.KindSuppress:
		return w.Recorded, nil
	case w.engine.acceptAhead || st.Kind == consent.KindErase && st.Occurred == 0:
		return occurred, nil
	default:
		return 0, clockBehindLedger(w.ahead)
	}
}

// JudgedAt is the instant at which a grant of the past is judged by itself: that of its confirmation, else its own. What has lapsed
// since is no defect of a history.
func (p *Prepared) JudgedAt() consent.Instant { return max(p.Occurred, p.Entry.Facts.Confirmed) }

// RecordOnce records the event unless the same fact was recorded before. Where only another batch has recorded it, it notes that this one states
// it, too.
func (w *Tx) RecordOnce(p *Prepared) (Recorded, error) {
	if p.Restates {
		if err := w.Restate(p.Subject, p.Known, p.Batch); err != nil {
			return Recorded{}, err
		}
	}
	if p.Known != 0 {
		return Recorded{Position: p.Known, Duplicate: true, SameBatch: p.SameBatch, Restates: p.Restates}, nil
	}
	position, err := w.Record(p)
	return Recorded{Position: position}, err
}

// LoadSubjects loads subjects that no write knew it would need before the lock was had.
func (w *Tx) LoadSubjects(keys []storage.SubjectKey) error {
	keys = slices.DeleteFunc(slices.Clone(keys), func(key storage.SubjectKey) bool { return w.requestedKeys[key] })
	if len(keys) == 0 {
		return nil
	}
	found, err := w.tx.Subjects(w.ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		w.requestedKeys[key] = true
	}
	maps.Copy(w.loaded.Subjects, found)
	return nil
}

// UndoOf returns the undo of a batch as the transaction has left it so far; nil if there is none.
func (w *Tx) UndoOf(batch consent.BatchID) (*tables.Undo, error) {
	if u, read := w.undos[batch]; read {
		return u, nil
	}
	found, err := tables.UndoOf(w.ctx, w.tx, batch)
	if err != nil {
		return nil, err
	}
	var u *tables.Undo
	if len(found) > 0 {
		u = &found[0]
	}
	w.noteUndo(batch, u)
	return u, nil
}

func (w *Tx) noteUndo(batch consent.BatchID, u *tables.Undo) {
	if w.undos == nil {
		w.undos = map[consent.BatchID]*tables.Undo{}
	}
	w.undos[batch] = u
}

// refuseUndone refuses to record with a batch that is left out: what comes late would be in it and count.
func (w *Tx) refuseUndone(batch consent.BatchID) error {
	if batch == (consent.BatchID{}) {
		return nil
	}
	if u, err := w.UndoOf(batch); err != nil || u == nil {
		return err
	}
	return fault.Errorf(fault.BatchUndone, "batchId", "this batch was undone, or is being undone: nothing is recorded with it any more; "+
		"take another batch id")
}

// known returns the position of the event by which the fact is known to the batch that states it, as KnownTo does.
func (w *Tx) known(p *Prepared) (at int64, restates bool, err error) {
	recorded := w.loaded.Events[storage.EventRef{Subject: p.Subject.Key, Key: p.Key}]
	if len(recorded) > 0 && recorded[0].Void {
		all, err := w.AllEventsOf(p.Subject)
		if err != nil {
			return 0, false, err
		}
		return w.KnownTo(all[p.Subject], p.Key, p.Batch)
	}
	for _, batch := range [...]consent.BatchID{p.Batch, {}} {
		if at, ok := w.eventPositions[eventID{p.Subject.ID, p.Key, batch}]; ok {
			return at, false, nil
		}
		for i := range recorded {
			e := consent.Event{Batch: recorded[i].Batch, Facts: consent.Facts{Kind: p.Entry.Facts.Kind}} // The key says the kind.
			if DependsOn(&e) == batch {
				return recorded[i].Position, false, nil
			}
		}
		if p.Batch == (consent.BatchID{}) {
			return 0, false, nil
		}
	}
	for i := range recorded {
		if u, err := w.UndoOf(recorded[i].Batch); err != nil || u == nil {
			return recorded[i].Position, err == nil, err
		}
	}
	return w.KnownTo(p.Subject.Events, p.Key, p.Batch)
}

// KnownTo returns the position of the event by which a fact with the key is known to a batch that states it, among all events of its subject;
// 0: there is none, and the fact is to be recorded. Such an event stands. It is one of the batch itself, else one that depends on no batch. Else
// the batch restates it: the event is of another batch whose undo has not begun, and that this one states it, too, is to be noted. What is stated
// without a batch is recorded beside what batches state. So each fact lasts whatever becomes of the batches that state the same.
func (w *Tx) KnownTo(all []consent.Event, key consent.EventKey, batch consent.BatchID) (at int64, restates bool, err error) {
	if at = knownAmong(all, key, batch); at != 0 || batch == (consent.BatchID{}) {
		return at, false, nil
	}
	for i := range all {
		e := &all[i]
		if e.Key != key || slices.ContainsFunc(all, func(void consent.Event) bool { return void.LeavesOut(e) }) {
			continue
		}
		if u, err := w.UndoOf(e.Batch); err != nil || u == nil {
			return e.Position, err == nil, err
		}
	}
	return 0, false, nil
}

// Restate notes that a batch states what the event of a subject at a position does, which is one of another batch. It goes along like an event
// that was just recorded.
func (w *Tx) Restate(s *Subject, position int64, batch consent.BatchID) error {
	if !w.restated.Note(batch, position) {
		return nil
	}
	w.Head.Recorded = w.Recorded
	w.Changed, w.written = true, true
	if len(s.Moves) == 0 {
		return nil
	}
	all, err := w.EventsOf(s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all[s], func(e consent.Event) bool { return e.Position == position })
	if i < 0 {
		return nil
	}
	e := all[s][i]
	e.Batch = batch
	return w.RunRecorded(s, &e)
}

// recordedBefore reports whether an earlier transaction recorded the event by which a fact is known, with the batch that states it.
func (w *Tx) recordedBefore(p *Prepared) bool {
	if p.Known == 0 || p.Batch == (consent.BatchID{}) {
		return false
	}
	return slices.ContainsFunc(w.loaded.Events[storage.EventRef{Subject: p.Subject.Key, Key: p.Key}], func(at storage.BatchedAt) bool {
		return at.Position == p.Known && at.Batch == p.Batch
	})
}

// knownAmong is KnownTo without the events of other batches. A void leaves out the event that it names. Voids of whole batches are not looked at:
// the undo of the batch would leave out a second event of it as well.
func knownAmong(all []consent.Event, key consent.EventKey, batch consent.BatchID) int64 {
	voided := func(e *consent.Event) bool {
		return slices.ContainsFunc(all, func(void consent.Event) bool { return void.VoidPosition != 0 && void.LeavesOut(e) })
	}
	for _, of := range [...]consent.BatchID{batch, {}} {
		for i := range all {
			if e := &all[i]; e.Key == key && DependsOn(e) == of && !voided(e) {
				return e.Position
			}
		}
	}
	return 0
}

// DependsOn returns the batch whose undo leaves an event out; zero: there is none.
func DependsOn(e *consent.Event) consent.BatchID {
	if !e.Voidable() {
		return consent.BatchID{}
	}
	return e.Batch
}
