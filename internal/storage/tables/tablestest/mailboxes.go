package tablestest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func mailboxTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Mailboxes_OfFewAndOfVeryMany_AreAllFound_EachOnce", Run: testMailboxes},
		{Name: "CopyMailbox_AddsWhatIsMissing_AndDropMailboxTakesOneAway", Run: testCopyMailbox},
		{Name: "MailboxFills_AreNoneOfANewDatabase", Run: testMailboxFills},
	}
}

func mailbox(n, exact int) tables.Mailbox {
	return tables.Mailbox{Mailbox: [16]byte{byte(n >> 8), byte(n)}, Exact: [32]byte{byte(exact >> 8), byte(exact)}}
}

func wantMailboxes(t *testing.T, got, want []tables.Mailbox) {
	t.Helper()
	slices.SortFunc(got, func(a, b tables.Mailbox) int {
		return bytes.Compare(append(a.Mailbox[:], a.Exact[:]...), append(b.Mailbox[:], b.Exact[:]...))
	})
	storagetest.Same(t, "the exact subjects", got, want)
}

func testMailboxes(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	var want []tables.Mailbox
	var of [][16]byte
	for n := range 230 { // A hundred, a hundred and some in one statement each.
		want, of = append(want, mailbox(n, n)), append(of, mailbox(n, n).Mailbox)
	}
	writeTables(t, store, tables.PutMailboxes(want)...)
	writeTables(t, store, tables.PutMailboxes(want[:3])...)
	got, err := tables.Mailboxes(t.Context(), store, of, 9)
	storagetest.NoError(t, "Mailboxes", err)
	wantMailboxes(t, got, want)
	got, err = tables.Mailboxes(t.Context(), store, of[7:8], 9)
	storagetest.NoError(t, "Mailboxes", err)
	wantMailboxes(t, got, want[7:8])
}

func testCopyMailbox(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, tables.PutMailboxes([]tables.Mailbox{mailbox(1, 1), mailbox(1, 2), mailbox(2, 2), mailbox(3, 9)})...)
	writeTables(t, store, tables.CopyMailbox(mailbox(2, 0).Mailbox, mailbox(1, 0).Mailbox), tables.DropMailbox(mailbox(1, 1)))
	got, err := tables.Mailboxes(t.Context(), store, [][16]byte{mailbox(1, 0).Mailbox, mailbox(2, 0).Mailbox}, 9)
	storagetest.NoError(t, "Mailboxes", err)
	wantMailboxes(t, got, []tables.Mailbox{mailbox(1, 2), mailbox(2, 1), mailbox(2, 2)})
	got, err = tables.Mailboxes(t.Context(), store, [][16]byte{mailbox(2, 0).Mailbox, mailbox(1, 0).Mailbox}, 1)
	storagetest.NoError(t, "Mailboxes", err)
	wantMailboxes(t, got, []tables.Mailbox{mailbox(1, 2), mailbox(2, 1)})
}

func testMailboxFills(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	got, err := tables.MailboxFills(t.Context(), store)
	storagetest.NoError(t, "MailboxFills", err)
	storagetest.Same(t, "what is missing", got, []tables.MailboxFill(nil))
	writeTables(t, store, tables.NoteMailboxFill(tables.MailboxFill{After: consent.SubjectID{1}, Passes: 1, Due: instant(1)}))
	got, err = tables.MailboxFills(t.Context(), store)
	storagetest.NoError(t, "MailboxFills", err)
	storagetest.Same(t, "what is missing after a note", got, []tables.MailboxFill(nil))
}
