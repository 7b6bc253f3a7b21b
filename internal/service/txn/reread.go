package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// reread names the subjects that followers of the ledger cannot know to have changed, and counts that in the head: those whose rows
// or states are stored, or whose rows are dropped, unless an event of this transaction belongs to the subject that its key leads to from now
// on. An event of a subject that was cut off leads to nobody.
func (w *Tx) reread(c *storage.Changes) {
	told := make(map[consent.SubjectID]bool, len(c.Records))
	for i := range c.Records {
		told[c.Records[i].Event.Subject] = true
	}
	told[consent.SubjectID{}] = false // of catalogs, removals and blanks
	holder := make(map[storage.SubjectKey]consent.SubjectID, len(w.touched)+len(w.rows))
	for _, s := range w.touched {
		if _, seen := holder[s.Key]; !seen && s.Key != (storage.SubjectKey{}) { // Subjects without a key were found by their events.
			holder[s.Key] = s.ID
		}
	}
	for _, s := range w.rows { // The last counts, as when they are stored.
		holder[s.Key] = s.ID
	}
	for _, key := range c.DropSubjects {
		holder[key] = consent.SubjectID{}
	}
	for key, id := range holder {
		if !told[id] && key.Form != consent.FormMail { // Nobody keeps those in memory.
			c.Reread = append(c.Reread, key)
		}
	}
	if len(c.Reread) > 0 {
		c.Head.Revision++
	}
}
