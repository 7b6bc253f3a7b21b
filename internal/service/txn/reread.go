package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// reread lists the subject keys that followers of the ledger must read again, and increments the revision in the head
// if there are any. These are the keys with rows or states that this transaction stores, or with rows that it drops, unless one
// of its events belongs to the subject that the key leads to from now on. An event of a subject that was cut off leads
// to no key.
func (w *Tx) reread(c *storage.Changes) {
	told := make(map[consent.SubjectID]bool, len(c.Records))
	for i := range c.Records {
		told[c.Records[i].Event.Subject] = true
	}
	told[consent.SubjectID{}] = false // of catalogs, removals and blanks
	holder := make(map[storage.SubjectKey]consent.SubjectID, len(w.touchedSubjects)+len(w.changedRows))
	for _, s := range w.touchedSubjects {
		if _, seen := holder[s.Key]; !seen && s.Key != (storage.SubjectKey{}) { // Subjects without a key were found by their events.
			holder[s.Key] = s.ID
		}
	}
	for _, s := range w.changedRows { // The last counts, as when they are stored.
		if !s.onlyErased {
			holder[s.Key] = s.ID
		}
	}
	for _, key := range c.DropSubjects {
		holder[key] = consent.SubjectID{}
	}
	for key, id := range holder {
		if !told[id] && key.Form != consent.FormMail { // The index has no subjects of confirmation mails.
			c.Reread = append(c.Reread, key)
		}
	}
	if len(c.Reread) > 0 {
		c.Head.Revision++
	}
}
