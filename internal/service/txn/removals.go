package txn

import (
	"encoding/binary"
	"fmt"
	"slices"

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
	Evidence    []int64        // positions of the events that lose their evidence
	blank       map[int64]bool // positions of the events that another one stands for now
	Requests    []int64        // positions of the events whose requests are forgotten
	Disclosures []storage.ForgottenDisclosures
	Counts      map[storage.SubjectKey]int64 // the last day of which counts that are not stored yet are dropped, of the same subjects

	DropSubjects []storage.SubjectKey // of nothing but what retention removed
}

// ForgetDisclosures deletes what is counted for a subject up to a day, in days since 1970-01-01, UTC. Counts of later days go to
// the heir; if there is none, they stay.
func (e *Removals) ForgetDisclosures(s *storage.Subject, until int64, heir consent.SubjectID) {
	if s.ID == (consent.SubjectID{}) {
		return
	}
	if heir == s.ID {
		heir = consent.SubjectID{}
	}
	e.Disclosures = append(e.Disclosures, storage.ForgottenDisclosures{Subject: s.ID, Until: until, Heir: heir})
	if e.Counts == nil {
		e.Counts = map[storage.SubjectKey]int64{}
	}
	if before, ok := e.Counts[s.Key]; !ok || before < until {
		e.Counts[s.Key] = until
	}
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

// ForgetRequests forgets the requests of this transaction that were given the position or name it.
func (w *Tx) ForgetRequests(position int64) {
	for i := range w.requests {
		if r := &w.requests[i]; r.First <= position && position <= r.Last || slices.Contains(r.Named, position) {
			r.BodyMAC, r.Answer, r.First, r.Last, r.Named = nil, nil, 0, 0, nil
		}
	}
}

// Erased is an erasure as hooks are told of it.
type Erased struct {
	Folded   *Subject // of the folded form, which stays
	Spelling [16]byte // of the exact form there
	Address  string   // the exact form; empty: it is not known, for a kept erasure is repeated of which the database has nothing
	Mailbox  string   // the folded form, where the exact one is not known; empty: nor is it
	Lists    *ListHashes
	// Concerns are the scopes that the events of the person name, each channel as its own scope: a reader of the feed that none of them covers
	// was told nothing of the address. Nil: any reader may have been.
	Concerns []consent.Scope
}

// ListHashes are the hashes of an address under the list key: see seal.Keys.ListHash. Nil are those of an erasure that an older program kept.
type ListHashes struct {
	Exact, Folded [32]byte
	FoldVersion   int // the address.FoldVersion by which the two forms were made
}

// firstFold is the fold version of hashes that are kept without one: no program kept hashes by an earlier one, or has to read the versions of
// later ones.
const firstFold = 2

// PackHashes returns list hashes as they are sealed: one after the other, and then the fold version unless it is 2.
func PackHashes(foldVersion int, hashes ...[32]byte) []byte {
	var packed []byte
	for i := range hashes {
		packed = append(packed, hashes[i][:]...)
	}
	if foldVersion != firstFold {
		packed = binary.BigEndian.AppendUint32(packed, uint32(foldVersion)) //nolint:gosec // It is a small number.
	}
	return packed
}

// UnpackHashes reads into the hashes what PackHashes made, and returns the fold version.
func UnpackHashes(packed []byte, hashes ...*[32]byte) (foldVersion int, err error) {
	size := 32 * len(hashes)
	if len(packed) != size && len(packed) != size+4 {
		return 0, fmt.Errorf("the list hashes have %d bytes, and not %d or, with a fold version, %d", len(packed), size, size+4)
	}
	for i := range hashes {
		*hashes[i] = [32]byte(packed[32*i:])
	}
	if len(packed) == size {
		return firstFold, nil
	}
	return int(binary.BigEndian.Uint32(packed[size:])), nil
}

// RunErased runs the hook for an erasure.
func (w *Tx) RunErased(e *Erased) error {
	if w.engine.hooks.Erased == nil {
		return nil
	}
	return w.engine.hooks.Erased(w, e)
}
