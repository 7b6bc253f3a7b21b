package txn

import (
	"bytes"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// NotesMailbox reports whether the exact subject of an address has to be noted. Where no other address has the folded form, that has its text as
// long as the address was not erased.
func NotesMailbox(exact *storage.Subject, a address.Address) bool {
	return exact.Erased != 0 || address.HasVariants(a.Folded())
}

// mailboxes are what a transaction changes of which exact subjects hold an address of a mailbox.
type mailboxes struct {
	locator *subjects.Locator       // nil: not needed yet
	kept    map[tables.Mailbox]bool // false: it is forgotten
	copies  []storage.Statement
}

// keepAddress notes an exact subject that was just given its address, if it has to be.
func (m *mailboxes) keepAddress(keys *seal.Keys, versions []uint32, exact *storage.Subject, text string) error {
	a, err := address.Parse(text)
	if err != nil || !NotesMailbox(exact, a) {
		return err
	}
	if m.locator == nil {
		m.locator = subjects.NewLocator(keys, 1)
	}
	at, err := m.locator.Place(consent.FormFolded, a.Folded())
	if err == nil {
		m.keep(keys, versions, &at, exact)
	}
	return err
}

// keep notes an exact subject under the versions of the digest key that rows were made with. Once one is made with another, an erasure finds
// this one by those.
func (m *mailboxes) keep(keys *seal.Keys, versions []uint32, folded *subjects.Place, exact *storage.Subject) {
	for i, version := range folded.Digests.Versions {
		if slices.Contains(versions, version) {
			m.set(keys, &folded.Keys[i], exact, true)
		}
	}
}

// drop forgets an exact subject.
func (m *mailboxes) drop(keys *seal.Keys, folded *subjects.Place, exact *storage.Subject) {
	for i := range folded.Keys {
		m.set(keys, &folded.Keys[i], exact, false)
	}
}

func (m *mailboxes) set(keys *seal.Keys, folded *storage.SubjectKey, exact *storage.Subject, kept bool) {
	if m.kept == nil {
		m.kept = map[tables.Mailbox]bool{}
	}
	m.kept[tables.Mailbox{Mailbox: keys.Mailbox(folded.Digest), Exact: exact.Key.Digest}] = kept
}

// merge gives a folded subject what stands under the other keys of its place.
func (m *mailboxes) merge(keys *seal.Keys, at *subjects.Place, folded *storage.Subject) {
	for _, key := range at.Keys {
		if key != folded.Key {
			m.copies = append(m.copies, tables.CopyMailbox(keys.Mailbox(folded.Key.Digest), keys.Mailbox(key.Digest)))
		}
	}
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
