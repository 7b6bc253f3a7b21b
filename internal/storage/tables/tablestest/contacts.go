package tablestest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

func contactTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "PutContacts_AnyNumber_EachInThePlaceOfThatOfThePersonAndTheSend", Run: testPutContacts},
		{Name: "DropContacts_OfASend_OfAPerson_OrThoseThatAreOver", Run: testDropContacts},
		{Name: "PlacesOf_AreWhatCountsOfContacts", Run: testPlacesOf},
		{Name: "PlannedContacts_OfASend_AreDeletedByWhenTheyWerePlanned", Run: testPlannedContacts},
		{Name: "DropEndedContacts_OfASendThatWasMoved_KeepsThem_UntilItIsCancelled", Run: testMovedSend},
		{Name: "PersonalCaps_OnePerPerson", Run: testPersonalCaps},
	}
}

func contact(person, send byte) sendtable.Contact {
	return sendtable.Contact{
		Folded: [32]byte{person, send % 2}, Send: "send-" + string('a'+rune(send)), Channel: "news", Department: "sales", Sender: "team",
		State: campaign.ContactReserved, At: instant(int64(person)), Until: instant(100 + int64(person)), Client: "tool",
	}
}

func wantContacts(t *testing.T, store storage.Store, of [][32]byte, want ...sendtable.Contact) {
	t.Helper()
	rows, err := sendtable.Contacts(t.Context(), store, of)
	storagetest.NoError(t, "Contacts", err)
	order := func(a, b sendtable.Contact) int {
		return bytes.Compare(append(a.Folded[:], a.Send...), append(b.Folded[:], b.Send...))
	}
	slices.SortFunc(rows, order)
	slices.SortFunc(want, order)
	storagetest.Same(t, "the contacts", rows, want)
}

func testPutContacts(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	for _, n := range []int{1, 9, 37, 250, 313} { // The sizes of statements, and what lies between.
		var rows []sendtable.Contact
		var persons [][32]byte
		for i := range n {
			c := contact(byte(i), 0)
			c.Folded = [32]byte{byte(n), byte(n >> 8), byte(i), byte(i >> 8)}
			rows, persons = append(rows, c), append(persons, c.Folded)
		}
		writeTables(t, store, sendtable.PutContacts(rows)...)
		wantContacts(t, store, persons, rows...)
		for i := range rows {
			rows[i].State, rows[i].At, rows[i].Until, rows[i].Client = campaign.ContactSent, instant(7), 0, "other"
			rows[i].Channel, rows[i].Department, rows[i].Sender = "offers", "press", "office"
		}
		writeTables(t, store, sendtable.PutContacts(rows)...)
		wantContacts(t, store, persons, rows...)
		writeTables(t, store, sendtable.DropContacts("send-a", persons)...)
		wantContacts(t, store, persons)
	}
	first, second := contact(1, 0), contact(1, 2)
	writeTables(t, store, sendtable.PutContacts([]sendtable.Contact{first, second})...)
	wantContacts(t, store, [][32]byte{first.Folded}, first, second)
	wantContacts(t, store, nil)
}

func testDropContacts(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, sent, late := contact(1, 0), contact(2, 0), contact(3, 0), contact(4, 0), contact(5, 0)
	sent.State, sent.Until = campaign.ContactSent, 0
	late.State, late.Until = campaign.ContactSent, 0
	other := contact(1, 2)
	all := [][32]byte{first.Folded, second.Folded, third.Folded, sent.Folded, late.Folded}
	writeTables(t, store, sendtable.PutContacts([]sendtable.Contact{first, second, third, sent, late, other})...)
	writeTables(t, store, sendtable.DropContacts(third.Send, [][32]byte{third.Folded})...)
	wantContacts(t, store, all, first, second, sent, late, other)
	n, err := sendtable.CountEndedContacts(t.Context(), store, second.Until, 10)
	storagetest.NoError(t, "CountEndedContacts", err)
	storagetest.Same(t, "how many have ended: those of that very time have", n, 3)
	n, err = sendtable.CountEndedContacts(t.Context(), store, second.Until, 2)
	storagetest.NoError(t, "CountEndedContacts", err)
	storagetest.Same(t, "how many, counted to two", n, 2)
	writeTables(t, store, sendtable.DropEndedContacts(first.Until, 1))
	n, err = sendtable.CountEndedContacts(t.Context(), store, second.Until, 10)
	storagetest.NoError(t, "CountEndedContacts", err)
	storagetest.Same(t, "how many are left of three of which one was deleted", n, 2)
	writeTables(t, store, sendtable.DropEndedContacts(first.Until, 10))
	wantContacts(t, store, all, second, sent, late)
	n, err = sendtable.CountOldContacts(t.Context(), store, late.At, 10)
	storagetest.NoError(t, "CountOldContacts", err)
	storagetest.Same(t, "how many were sent before", n, 1)
	writeTables(t, store, sendtable.DropOldContacts(late.At, 10))
	wantContacts(t, store, all, second, late)
	writeTables(t, store, sendtable.DropContactsAbout(second.Folded))
	wantContacts(t, store, all, late)
}

func testPlacesOf(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, sent := contact(1, 0), contact(1, 2), contact(2, 0)
	sent.State, sent.Until = campaign.ContactSent, 0
	writeTables(t, store, sendtable.PutContacts([]sendtable.Contact{first, second, sent, contact(3, 0)})...)
	place := func(c *sendtable.Contact) sendtable.Place {
		return sendtable.Place{Folded: c.Folded, Contact: campaign.Contact{Send: c.Send, Channel: c.Channel, State: c.State, Until: int64(c.Until)}}
	}
	went := place(&sent)
	went.Sent = int64(sent.At)
	var of, between []sendtable.Place
	err := sendtable.PlacesOf(t.Context(), store, [][32]byte{first.Folded, sent.Folded, {9}}, func(p *sendtable.Place) { of = append(of, *p) })
	storagetest.NoError(t, "PlacesOf", err)
	bySend := func(x, y sendtable.Place) int {
		return cmp.Or(bytes.Compare(x.Folded[:], y.Folded[:]), strings.Compare(x.Send, y.Send))
	}
	slices.SortStableFunc(of, bySend) // Those of one person are in no order.
	storagetest.Same(t, "the places", of, []sendtable.Place{place(&first), place(&second), went})
	err = sendtable.PlacesBetween(t.Context(), store, first.Folded, sent.Folded, 10, func(p *sendtable.Place) { between = append(between, *p) })
	storagetest.NoError(t, "PlacesBetween", err)
	slices.SortStableFunc(between, bySend)
	storagetest.Same(t, "the places between two persons", between, of)
	between = nil
	err = sendtable.PlacesBetween(t.Context(), store, sent.Folded, [32]byte{9}, 1, func(p *sendtable.Place) { between = append(between, *p) })
	storagetest.NoError(t, "PlacesBetween", err)
	storagetest.Same(t, "the first place from a person on", between, []sendtable.Place{went})
}

func testPlannedContacts(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	planned := func(person, send byte) sendtable.Contact {
		c := contact(person, send)
		c.State = campaign.ContactPlanned
		return c
	}
	first, second, late, other := planned(1, 0), planned(2, 0), planned(5, 0), planned(1, 2)
	reserved := contact(3, 0)
	all := [][32]byte{first.Folded, second.Folded, reserved.Folded, late.Folded}
	writeTables(t, store, sendtable.PutContacts([]sendtable.Contact{first, second, late, other, reserved})...)
	n, err := sendtable.CountPlannedContacts(t.Context(), store, first.Send, late.At, 10)
	storagetest.NoError(t, "CountPlannedContacts", err)
	storagetest.Same(t, "how many were planned before", n, 2)
	n, err = sendtable.CountPlannedContacts(t.Context(), store, first.Send, late.At, 1)
	storagetest.NoError(t, "CountPlannedContacts", err)
	storagetest.Same(t, "how many, counted to one", n, 1)
	writeTables(t, store, sendtable.DropPlannedContacts(first.Send, late.At, 10))
	wantContacts(t, store, all, reserved, late, other)
}

func testMovedSend(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	moved, over := contact(1, 0), contact(2, 2)
	later, ended := send(moved.Send, 10, 200), send(over.Send, 10, 20)
	writeTables(t, store, append(sendtable.PutContacts([]sendtable.Contact{moved, over}), sendtable.AddSend(&later), sendtable.AddSend(&ended))...)
	all := [][32]byte{moved.Folded, over.Folded}
	want := func(ended int, left ...sendtable.Contact) {
		t.Helper()
		n, err := sendtable.CountEndedContacts(t.Context(), store, instant(150), 10)
		storagetest.NoError(t, "CountEndedContacts", err)
		storagetest.Same(t, "how many have ended", n, ended)
		writeTables(t, store, sendtable.DropEndedContacts(instant(150), 10))
		wantContacts(t, store, all, left...)
	}
	want(1, moved)
	later.State = campaign.Cancelled
	writeTables(t, store, sendtable.ChangeSend(&later))
	want(1)
}

func testPersonalCaps(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first := sendtable.PersonalCap{Folded: [32]byte{1}, Max: 2, Per: "P7D", Set: instant(3)}
	second := sendtable.PersonalCap{Folded: [32]byte{2}, Max: 1, Per: "P1M", Set: instant(4)}
	writeTables(t, store, sendtable.PutPersonalCap(&first), sendtable.PutPersonalCap(&second))
	first.Max, first.Per, first.Set = 1, "P14D", instant(9)
	writeTables(t, store, sendtable.PutPersonalCap(&first), sendtable.DropPersonalCap(second.Folded))
	rows, err := sendtable.PersonalCaps(t.Context(), store, [][32]byte{{1}, {2}, {3}})
	storagetest.NoError(t, "PersonalCaps", err)
	storagetest.Same(t, "the caps", rows, []sendtable.PersonalCap{first})
	rows, err = sendtable.PersonalCapsBetween(t.Context(), store, [32]byte{}, [32]byte{1}, 5)
	storagetest.NoError(t, "PersonalCapsBetween", err)
	storagetest.Same(t, "the caps between two persons", rows, []sendtable.PersonalCap{first})
	rows, err = sendtable.PersonalCapsBetween(t.Context(), store, [32]byte{}, [32]byte{1}, 0)
	storagetest.NoError(t, "PersonalCapsBetween", err)
	storagetest.Same(t, "none of the caps", rows, []sendtable.PersonalCap(nil))
}
