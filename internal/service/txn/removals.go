package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// Since counts the events that were erased since an earlier state of the same transaction.
func (e *Removals) Since(before *Removals) int64 {
	taken := map[int64]bool{}
	for _, position := range e.Requests[len(before.Requests):] {
		taken[position] = true
	}
	for _, position := range e.Evidence[len(before.Evidence):] {
		taken[position] = true
	}
	return int64(len(taken))
}

// Removals is what the erasures of a transaction take away, and what they leave beside the ledger.
type Removals struct {
	Evidence    []int64              // positions of the events that lose their evidence
	blank       map[int64]bool       // positions of the events that another one stands for now
	Requests    []int64              // positions of the events; their requests are forgotten
	Disclosures []consent.SubjectID  // their disclosures are deleted
	Keys        []storage.SubjectKey // of these

	DropSubjects []storage.SubjectKey // of nothing but what retention removed
}

// Blank takes everything from an event that the copy says.
func (w *Tx) Blank(position int64) {
	if own := w.OwnRecord(position); own != nil {
		own.Event = consent.Event{Position: position, Recorded: own.Event.Recorded}
		own.Header, own.Evidence = nil, nil
		return
	}
	if w.Removals.blank == nil {
		w.Removals.blank = map[int64]bool{}
	}
	w.Removals.blank[position] = true
}

// ForgetRequests forgets the requests of this transaction that gave the position.
func (w *Tx) ForgetRequests(position int64) {
	for i := range w.requests {
		if r := &w.requests[i]; r.First <= position && position <= r.Last {
			r.BodyMAC, r.Answer, r.First, r.Last = nil, nil, 0, 0
		}
	}
}
