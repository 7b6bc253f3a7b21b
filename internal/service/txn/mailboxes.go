package txn

import (
	"bytes"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// mailboxes are what a transaction changes of which exact subjects hold an address of a mailbox.
type mailboxes struct {
	locator *subjects.Locator       // nil: not needed yet
	kept    map[tables.Mailbox]bool // false: it is forgotten
	copies  []storage.Statement
}

// KeepMailbox notes that an exact subject holds an address with the folded form that is found at the place: an erasure takes the text of the
// folded form also where it is that of another spelling.
func (w *Tx) KeepMailbox(folded *subjects.Place, exact *Subject) {
	for i, version := range folded.Digests.Versions {
		if slices.Contains(w.Head.DigestKeys, version) { // Else no row was made with it. Once one is, MergeMailbox finds this one by other keys.
			w.setMailbox(&folded.Keys[i], exact, true)
		}
	}
}

// DropMailbox forgets an exact subject, which holds no address any more.
func (w *Tx) DropMailbox(folded *subjects.Place, exact *Subject) {
	for i := range folded.Keys {
		w.setMailbox(&folded.Keys[i], exact, false)
	}
}

func (w *Tx) setMailbox(folded *storage.SubjectKey, exact *Subject, kept bool) {
	if w.mailboxes.kept == nil {
		w.mailboxes.kept = map[tables.Mailbox]bool{}
	}
	w.mailboxes.kept[tables.Mailbox{Mailbox: w.engine.Keys.Mailbox(folded.Digest), Exact: exact.Key.Digest}] = kept
	w.Head.Recorded = w.Recorded
	w.Changed, w.written = true, true
}

// MergeMailbox makes the exact subjects of a mailbox those of its folded subject, whose text is about to go: some may have been noted before
// there were rows with its digest key.
func (w *Tx) MergeMailbox(at *subjects.Place, folded *Subject) {
	for _, key := range at.Keys {
		if key != folded.Key {
			w.mailboxes.copies = append(w.mailboxes.copies,
				tables.CopyMailbox(w.engine.Keys.Mailbox(folded.Key.Digest), w.engine.Keys.Mailbox(key.Digest)))
		}
	}
}

// NotesMailbox reports whether the exact subject of an address has to be noted. Where no other address has the folded form, that has its text as
// long as the address was not erased.
func NotesMailbox(exact *storage.Subject, a address.Address) bool {
	return exact.Erased != 0 || address.HasVariants(a.Folded())
}

// keepAddressOf notes the mailbox of an exact subject that was just given its address.
func (w *Tx) keepAddressOf(s *Subject, exact string) error {
	a, err := address.Parse(exact)
	if err != nil || !NotesMailbox(&s.Subject, a) {
		return err
	}
	if w.mailboxes.locator == nil {
		w.mailboxes.locator = subjects.NewLocator(w.engine.Keys, 1)
	}
	at, err := w.mailboxes.locator.Place(consent.FormFolded, a.Folded())
	if err == nil {
		w.KeepMailbox(&at, s)
	}
	return err
}

// statements returns what stores the changes: what is forgotten comes last, for a copy may have brought it.
func (m *mailboxes) statements() []storage.Statement {
	var kept, dropped []tables.Mailbox
	for _, row := range slices.SortedFunc(maps.Keys(m.kept), compareMailboxes) {
		if m.kept[row] {
			kept = append(kept, row)
		} else {
			dropped = append(dropped, row)
		}
	}
	all := append(tables.PutMailboxes(kept), m.copies...)
	for _, row := range dropped {
		all = append(all, tables.DropMailbox(row))
	}
	return all
}

func compareMailboxes(a, b tables.Mailbox) int {
	if c := bytes.Compare(a.Mailbox[:], b.Mailbox[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.Exact[:], b.Exact[:])
}
