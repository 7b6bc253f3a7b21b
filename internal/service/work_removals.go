package service

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// since counts the events that were erased since an earlier state of the same work.
func (e *erased) since(before *erased) int64 {
	taken := map[int64]bool{}
	for _, position := range e.requests[len(before.requests):] {
		taken[position] = true
	}
	for _, position := range e.evidence[len(before.evidence):] {
		taken[position] = true
	}
	return int64(len(taken))
}

// erased is what the erasures of a work take away, and what they leave beside the ledger.
type erased struct {
	evidence []int64              // positions of the events that lose their evidence
	blank    map[int64]bool       // positions of the events that another one stands for now
	requests []int64              // positions of the events whose requests are forgotten
	learnt   []consent.SubjectID  // whose disclosures are deleted
	keys     []storage.SubjectKey // of these
	returns  []storage.Return
	claims   []storage.Claim

	dropSubjects []storage.SubjectKey // of nothing but what retention removed
	dropClaims   [][16]byte
}

// blank takes everything from an event that the copy says.
func (w *work) blank(position int64) {
	if own := w.own(position); own != nil {
		own.Event = consent.Event{Position: position, Recorded: own.Event.Recorded}
		own.Header, own.Evidence = nil, nil
		return
	}
	if w.erased.blank == nil {
		w.erased.blank = map[int64]bool{}
	}
	w.erased.blank[position] = true
}

// forget forgets the requests of this work that gave the position.
func (w *work) forget(position int64) {
	for i := range w.requests {
		if r := &w.requests[i]; r.First <= position && position <= r.Last {
			r.BodyMAC, r.Answer, r.First, r.Last = nil, nil, 0, 0
		}
	}
}
