package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

func sendTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Sends_AreStoredAndChanged", Run: testSends},
		{Name: "Sends_AreListedByTheirWindowAndByTheFilter", Run: testSendList},
		{Name: "Sends_ThatSilenceClears_AreThosePlannedWithoutObjection", Run: testSendsInSilence},
		{Name: "SendWords_AreInTheirOrder", Run: testSendWords},
		{Name: "SendOverlaps_AreThoseOfTheLastPreview", Run: testSendOverlaps},
		{Name: "SendCalendars_AreFoundByTheirTokenAndRevokedOnce", Run: testSendCalendars},
	}
}

func send(id string, from, until int64) sendtable.Send {
	return sendtable.Send{
		ID: id, Channel: "newsletter", Sender: "news", Department: "marketing", Sealed: []byte{1}, From: instant(from), Until: instant(until),
		Expected: 1000, Priority: 50, State: campaign.Planned, CommentUntil: instant(5), Created: instant(1), CreatedBy: "planner",
		Updated: instant(1), Revision: 1,
	}
}

func testSends(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	one := send("spring", 10, 20)
	writeTables(t, store, sendtable.AddSend(&one))
	if err := store.WriteTables(t.Context(), sendtable.AddSend(&one)); err == nil {
		t.Error("a second send with the id was stored")
	}
	stored, err := sendtable.SendOf(t.Context(), store, "spring")
	storagetest.NoError(t, "SendOf", err)
	storagetest.Same(t, "the send", stored, []sendtable.Send{one})
	one.State, one.Cleared, one.ClearedBy, one.Objections = campaign.Sent, instant(7), campaign.ByOverride, 2
	one.Started, one.Ended, one.Previewed, one.Preview, one.Revision, one.Comments = instant(10), instant(19), instant(6), `{"size":3}`, 5, 3
	one.Sealed, one.Priority, one.Until = []byte{2, 3}, 0, instant(21)
	one.ChangedBy, one.Keeping = "desk officer", instant(8)
	writeTables(t, store, sendtable.ChangeSend(&one))
	stored, err = sendtable.SendOf(t.Context(), store, "spring")
	storagetest.NoError(t, "SendOf", err)
	storagetest.Same(t, "the changed send", stored, []sendtable.Send{one})
	none, err := sendtable.SendOf(t.Context(), store, "autumn")
	storagetest.NoError(t, "SendOf", err)
	storagetest.Same(t, "a send that there is not", none, []sendtable.Send(nil))
}

func idsOf(sends []sendtable.Send) []string {
	var ids []string
	for i := range sends {
		ids = append(ids, sends[i].ID)
	}
	return ids
}

func testSendList(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	second, third, fourth := send("b", 10, 30), send("c", 20, 30), send("d", 40, 50)
	third.Channel, third.Department, third.State = "offers", "sales", campaign.Sending
	fourth.State = campaign.Cancelled
	writeTables(t, store, storagetest.Each(sendtable.AddSend, fourth, third, second, send("a", 10, 20))...)
	for name, c := range map[string]struct {
		filter sendtable.SendFilter
		after  sendtable.Send
		limit  int
		want   []string
	}{
		"all":                        {limit: 9, want: []string{"a", "b", "c", "d"}},
		"a page":                     {limit: 2, want: []string{"a", "b"}},
		"after one of the same time": {after: send("a", 10, 20), limit: 9, want: []string{"b", "c", "d"}},
		"of a channel":               {filter: sendtable.SendFilter{Channel: "offers"}, limit: 9, want: []string{"c"}},
		"of a department":            {filter: sendtable.SendFilter{Department: "marketing"}, limit: 9, want: []string{"a", "b", "d"}},
		"in a state":                 {filter: sendtable.SendFilter{State: campaign.Cancelled}, limit: 9, want: []string{"d"}},
		"between two times":          {filter: sendtable.SendFilter{From: instant(20), Until: instant(40)}, limit: 9, want: []string{"b", "c"}},
		"none":                       {limit: 0, want: nil},
	} {
		rows, err := sendtable.Sends(t.Context(), store, &c.filter, &c.after, c.limit)
		storagetest.NoError(t, "Sends", err)
		storagetest.Same(t, name, idsOf(rows), c.want)
	}
	_, live, err := sendtable.LiveSends(t.Context(), store, instant(20))
	storagetest.NoError(t, "LiveSends", err)
	storagetest.Same(t, "live sends", idsOf(live), []string{"b", "c"})
	states, err := sendtable.SendStates(t.Context(), store)
	storagetest.NoError(t, "SendStates", err)
	storagetest.Same(t, "the states", states, map[string]int64{"planned": 2, "sending": 1, "cancelled": 1})
}

func testSendsInSilence(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	early, objected, cleared, late := send("z", 10, 20), send("b", 10, 20), send("c", 10, 20), send("d", 10, 20)
	early.CommentUntil, late.CommentUntil, objected.Objections, cleared.State = instant(4), instant(6), 1, campaign.Cleared
	writeTables(t, store, storagetest.Each(sendtable.AddSend, early, objected, cleared, late, send("a", 10, 20))...)
	ids, err := sendtable.SendsInSilence(t.Context(), store, instant(5), 9)
	storagetest.NoError(t, "SendsInSilence", err)
	storagetest.Same(t, "those that silence clears", ids, []string{"z", "a"})
	ids, err = sendtable.SendsInSilence(t.Context(), store, instant(5), 1)
	storagetest.NoError(t, "SendsInSilence", err)
	storagetest.Same(t, "the first of them", ids, []string{"z"})
}

func testSendWords(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first := sendtable.SendWord{
		Send: "spring", Number: 1, Kind: sendtable.SendObjection, Department: "sales", Client: "c", Created: instant(2), Sealed: []byte{1},
	}
	second, other := first, first
	second.Number, second.Kind, second.Department, second.Sealed = 2, sendtable.SendOverride, "", []byte{}
	other.Send = "summer"
	writeTables(t, store, storagetest.Each(sendtable.AddSendWord, second, other, first)...)
	if err := store.WriteTables(t.Context(), sendtable.AddSendWord(&first)); err == nil {
		t.Error("a second comment with the number was stored")
	}
	rows, err := sendtable.SendWords(t.Context(), store, "spring")
	storagetest.NoError(t, "SendWords", err)
	storagetest.Same(t, "the comments", rows, []sendtable.SendWord{first, second})
}

func testSendOverlaps(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(sendtable.AddSend, send("spring", 10, 20), send("summer", 30, 40))...)
	overlap := sendtable.SendOverlap{Send: "spring", Department: "sales", Other: "offer", Overlap: 4, OverNow: 1, OverAll: 3}
	leavers := sendtable.SendOverlap{Send: "spring", Department: "sales", Leavers: 7}
	replaced, other := overlap, overlap
	replaced.Overlap = 9
	other.Send = "summer"
	writeTables(t, store, sendtable.PutSendOverlaps("spring", []sendtable.SendOverlap{replaced})...)
	writeTables(t, store, sendtable.PutSendOverlaps("summer", []sendtable.SendOverlap{other})...)
	writeTables(t, store, sendtable.PutSendOverlaps("spring", []sendtable.SendOverlap{overlap, leavers})...)
	rows, err := sendtable.SendOverlaps(t.Context(), store, "spring")
	storagetest.NoError(t, "SendOverlaps", err)
	storagetest.Same(t, "the overlaps", rows, []sendtable.SendOverlap{leavers, overlap})
	rows, err = sendtable.SendOverlapsBetween(t.Context(), store, instant(20), instant(31))
	storagetest.NoError(t, "SendOverlapsBetween", err)
	storagetest.Same(t, "the overlaps of sends of a time", rows, []sendtable.SendOverlap{other})
}

func testSendCalendars(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	one := sendtable.SendCalendar{ID: "b", TokenHash: [32]byte{1}, Department: "sales", Created: instant(1), CreatedBy: "c"}
	two := sendtable.SendCalendar{ID: "a", TokenHash: [32]byte{2}, Created: instant(1), CreatedBy: "c"}
	writeTables(t, store, storagetest.Each(sendtable.AddSendCalendar, one, two)...)
	same := two
	same.ID = "c"
	if err := store.WriteTables(t.Context(), sendtable.AddSendCalendar(&same)); err == nil {
		t.Error("a second calendar with the token was stored")
	}
	writeTables(t, store, sendtable.RevokeSendCalendar("b", instant(3), "x"), sendtable.RevokeSendCalendar("b", instant(4), "y"))
	one.Revoked, one.RevokedBy = instant(3), "x"
	at, err := sendtable.SendCalendarAt(t.Context(), store, one.TokenHash)
	storagetest.NoError(t, "SendCalendarAt", err)
	storagetest.Same(t, "the calendar of a token", at, []sendtable.SendCalendar{one})
	found, err := sendtable.SendCalendarOf(t.Context(), store, "a")
	storagetest.NoError(t, "SendCalendarOf", err)
	storagetest.Same(t, "the calendar of an id", found, []sendtable.SendCalendar{two})
	all, err := sendtable.SendCalendars(t.Context(), store, "", "", 9)
	storagetest.NoError(t, "SendCalendars", err)
	storagetest.Same(t, "the calendars", all, []sendtable.SendCalendar{two, one})
	all, err = sendtable.SendCalendars(t.Context(), store, "sales", "a", 9)
	storagetest.NoError(t, "SendCalendars", err)
	storagetest.Same(t, "those of a department", all, []sendtable.SendCalendar{one})
}
