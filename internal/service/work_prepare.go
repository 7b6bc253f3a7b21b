package service

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// prepared is an event that was found right and is yet to be recorded.
type prepared struct {
	subject  *subject
	occurred consent.Instant
	key      consent.EventKey
	entry    *consent.Entry
	batch    consent.BatchID
	known    int64 // position of the same fact, if it was recorded before
}

// prepare finds the subject, the time and the key of what is stated.
func (w *work) prepare(st *stated, entry *consent.Entry, batch consent.BatchID) (*prepared, error) {
	occurred, err := w.clamp(st.statement.Occurred, "occurredTime")
	if err != nil {
		return nil, err
	}
	if occurred, err = w.whenAhead(&st.statement, occurred); err != nil {
		return nil, err
	}
	p := &prepared{occurred: occurred, entry: entry, batch: batch, key: st.key}
	if p.subject, err = w.subject(&st.place); err != nil {
		return nil, err
	}
	if entry.Form == consent.FormExact && entry.Begin(occurred) <= p.subject.Erased {
		return nil, erasedBefore()
	}
	if st.statement.Occurred == 0 {
		if p.key, err = w.engine.eventKey(w.recorded, entry); err != nil {
			return nil, err
		}
	}
	if at, ok := w.keyed[eventID{p.subject.ID, p.key}]; ok {
		p.known = at
	} else if at, ok := w.loaded.Events[storage.EventRef{Subject: p.subject.Key, Key: p.key}]; ok {
		p.known = at
	}
	if p.known != 0 && entry.Form == consent.FormExact {
		w.named = append(w.named, p.known)
	}
	confirmed, err := w.clamp(entry.Facts.Confirmed, "evidence.confirmedTime")
	switch {
	case err == nil:
		entry.Facts.Confirmed = confirmed
	case entry.Facts.Kind.IsNo():
		entry.Facts.Confirmed = 0
		entry.Warnings = append(slices.Clone(entry.Warnings), consent.Warning{
			Code: consent.WarningEvidenceRemoved, Field: "evidence.confirmedTime", Message: "the time lies in the future and was left out",
		})
	default:
		return nil, err
	}
	return p, nil
}

// clamp takes a time that is ahead by no more than a client's clock may be for now.
func (w *work) clamp(t consent.Instant, field string) (consent.Instant, error) {
	switch {
	case t == 0 && field == "occurredTime":
		return w.recorded, nil
	case t <= w.recorded:
		return t, nil
	case t <= w.recorded.Add(clientSkew):
		return w.recorded, nil
	default:
		return 0, fault.Errorf(fault.TimeInFuture, field, "the time lies in the future; leave it out for now")
	}
}

// whenAhead returns when an event counts that is recorded while the ledger is ahead of the clock. What was recorded ahead would win against
// a refusal that states its true time. So a refusal then counts from when it is recorded, and what could permit anything is refused, for
// nobody could tell whether it was before or after. What an erasure takes goes by its time: one with a time is refused, too.
func (w *work) whenAhead(st *consent.Statement, occurred consent.Instant) (consent.Instant, error) {
	switch {
	case w.ahead == 0:
		return occurred, nil
	case st.Kind == consent.KindWithdraw || st.Kind == consent.KindRefuse || st.Kind == consent.KindSuppress:
		return w.recorded, nil
	case w.engine.acceptAhead || st.Kind == consent.KindErase && st.Occurred == 0:
		return occurred, nil
	default:
		return 0, ledgerAhead(w.ahead)
	}
}

// judgedAt is the instant at which a grant of the past is judged by itself: that of its confirmation, else its own. What has lapsed
// since is no defect of a history.
func (p *prepared) judgedAt() consent.Instant { return max(p.occurred, p.entry.Facts.Confirmed) }

// recordOnce records the event unless the same fact was recorded before.
func (w *work) recordOnce(p *prepared) (Recorded, error) {
	if p.known != 0 {
		return Recorded{Position: p.known, Duplicate: true}, nil
	}
	position, err := w.record(p)
	return Recorded{Position: position}, err
}
