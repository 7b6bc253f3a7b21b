package tablestest

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func webhookTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Webhooks_AreStoredChangedDisabledAndDeleted", Run: testWebhooks},
		{Name: "MoveWebhook_OfAnotherTurn_AddsNothing", Run: testMoveWebhook},
		{Name: "TakeWebhook_IsOneServersUntilItsTimeIsOver", Run: testTakeWebhook},
		{Name: "DueDeliveries_AreTheOldestOfEachRecipient", Run: testDueDeliveries},
		{Name: "DueDeliveries_AskForASnapshotAfterWhatTellsToForget", Run: testDueReset},
		{Name: "DueWebhooks_AreThoseWithSomethingToSend", Run: testDueWebhooks},
		{Name: "MaySend_OnlyWhatWaitsUnderTheLease", Run: testMaySend},
		{Name: "NoteAttempt_ForgetsWhomADeliveredMessageWasAbout", Run: testNoteAttempt},
		{Name: "Deliveries_AreDroppedByCardAgeAndReset", Run: testDropDeliveries},
		{Name: "Deliveries_NewestFirstInPages", Run: testDeliveryPages},
	}
}

func hook(id string) tables.Webhook {
	return tables.Webhook{
		ID: id, URL: []byte{1}, Mode: "binary", Secret: []byte{2}, Created: instant(1), CreatedBy: "admin", Place: "token",
		PlaceMark: storage.Mark{Position: 3, Revision: 4}, PlaceTime: instant(5), Turn: [16]byte{7}, NextNumber: 1, Lease: []byte{},
	}
}

func testWebhooks(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddWebhook, hook("b"), hook("a"))...)
	if err := store.WriteTables(t.Context(), storagetest.Each(tables.AddWebhook, hook("c"), hook("a"))...); err == nil {
		t.Error("a webhook with an existing id was stored")
	}
	changed := hook("a")
	changed.URL, changed.Mode, changed.Secret, changed.PriorSecret = []byte{8}, "structured", []byte{9}, []byte{2}
	changed.PriorUntil, changed.Disabled, changed.DisabledReason = instant(10), instant(11), "GONE"
	writeTables(t, store, tables.ChangeWebhook(&changed), tables.DisableWebhook("a", instant(12), "OTHER"), tables.DisableWebhook("b", instant(13), "GONE"))
	other := hook("b")
	other.Disabled, other.DisabledReason = instant(13), "GONE"
	_, all, err := tables.Webhooks(t.Context(), store)
	storagetest.NoError(t, "Webhooks", err)
	storagetest.Same(t, "the webhooks", all, []tables.Webhook{changed, other})
	writeTables(t, store, tables.DropWebhook("a")...)
	_, one, err := tables.WebhookOf(t.Context(), store, "a")
	storagetest.NoError(t, "WebhookOf", err)
	storagetest.Same(t, "a deleted webhook", one, []tables.Webhook(nil))
}

func delivery(number int64, recipient, card byte) tables.Delivery {
	return tables.Delivery{
		Webhook: "a", Number: number, ID: fmt.Sprintf("msg_%d", number), Kind: tables.DeliveryCard, State: tables.DeliveryWaiting,
		Recipient: []byte{recipient}, Card: []byte{card}, Content: []byte{byte(number)}, Created: instant(number), Due: instant(number),
	}
}

// addDeliveries adds a webhook with deliveries.
func addDeliveries(t *testing.T, store storage.Store, list ...tables.Delivery) {
	t.Helper()
	webhook := hook("a")
	writeTables(t, store, tables.AddWebhook(&webhook))
	for i := range list {
		writeTables(t, store, tables.AddDelivery(&list[i], webhook.Turn))
	}
}

// hookIn returns the webhook a as it is stored.
func hookIn(t *testing.T, store storage.Store) tables.Webhook {
	t.Helper()
	_, rows, err := tables.WebhookOf(t.Context(), store, "a")
	storagetest.NoError(t, "WebhookOf", err)
	return rows[0]
}

func deliveriesAre(t *testing.T, store storage.Store, numbers ...int64) {
	t.Helper()
	pageIs(t, store, "", 0, 100, numbers...)
}

func pageIs(t *testing.T, store storage.Store, state string, before int64, limit int, numbers ...int64) {
	t.Helper()
	_, rows, err := tables.Deliveries(t.Context(), store, "a", state, before, limit)
	storagetest.NoError(t, "Deliveries", err)
	var got []int64
	for i := range rows {
		got = append(got, rows[i].Number)
	}
	storagetest.Same(t, "the deliveries", got, numbers)
}

func testMoveWebhook(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	webhook, reads := hook("a"), consumer("a")
	writeTables(t, store, tables.AddWebhook(&webhook), tables.AddConsumer(&reads))
	mark := storage.Mark{Position: 8, Revision: 9}
	first, second := delivery(1, 1, 1), delivery(1, 2, 2)
	for _, turn := range [][16]byte{{20}, {21}} { // Both were made ready at the same turn.
		d := first
		if turn[0] == 21 {
			d = second
		}
		writeTables(t, store, tables.MoveWebhook(&webhook, turn, "next", mark, instant(6), 1), tables.AcknowledgeWebhook("a", turn),
			tables.AddDelivery(&d, turn))
	}
	_, rows, err := tables.Deliveries(t.Context(), store, "a", "", 0, 10)
	storagetest.NoError(t, "Deliveries", err)
	storagetest.Same(t, "the deliveries", rows, []tables.Delivery{first})
	webhook.Turn, webhook.Place, webhook.PlaceMark, webhook.PlaceTime, webhook.NextNumber = [16]byte{20}, "next", mark, instant(6), 2
	storagetest.Same(t, "the webhook", hookIn(t, store), webhook)
	_, acknowledged, err := tables.ConsumerOf(t.Context(), store, "a")
	storagetest.NoError(t, "ConsumerOf", err)
	reads.Acknowledged, reads.Seen = mark, instant(6)
	storagetest.Same(t, "its consumer", acknowledged, []tables.Consumer{reads})
	writeTables(t, store, tables.AcknowledgeConsumer("a", storage.Mark{Position: 99}, instant(99)),
		tables.DisableWebhook("a", instant(7), "GONE"), tables.MoveWebhook(&webhook, [16]byte{22}, "later", mark, instant(7), 1))
	_, acknowledged, err = tables.ConsumerOf(t.Context(), store, "a")
	storagetest.NoError(t, "ConsumerOf", err)
	storagetest.Same(t, "its consumer, which says something else", acknowledged, []tables.Consumer{reads})
	storagetest.Same(t, "the place of a disabled webhook", hookIn(t, store).Place, "next")
}

func testTakeWebhook(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	addDeliveries(t, store)
	wrong := int64(41 + time.Hour/time.Second)
	for _, c := range []struct {
		leaves, by byte
		now, until int64
		has        byte
	}{
		{0, 1, 10, 20, 1},
		{0, 2, 15, 25, 1},
		{0, 1, 16, 30, 1},
		{0, 2, 29, 39, 1},
		{0, 2, 30, 40, 2},
		{1, 1, 31, 41, 2}, // It cannot leave what another one has.
		{2, 1, 31, wrong, 1},
		{0, 2, 31, 41, 1},
		{0, 1, 31, wrong + 1, 1}, // By a clock that was wrong.
		{0, 2, 31, 41, 2},
	} {
		writeTables(t, store, tables.LeaveWebhook("a", []byte{c.leaves}),
			tables.TakeWebhook("a", []byte{c.by}, instant(c.now), instant(c.until)))
		storagetest.Same(t, fmt.Sprintf("what has it after %+v", c), hookIn(t, store).Lease, []byte{c.has})
	}
}

func dueAre(t *testing.T, store storage.Store, now int64, limit int, want ...tables.Delivery) {
	t.Helper()
	due, err := tables.DueDeliveries(t.Context(), store, "a", instant(now), limit)
	storagetest.NoError(t, "DueDeliveries", err)
	storagetest.Same(t, fmt.Sprintf("what is due at %d", now), due, want)
}

func testDueDeliveries(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	late := delivery(1, 1, 1)
	late.Due = instant(50)
	addDeliveries(t, store, late, delivery(2, 1, 2), delivery(3, 2, 3), delivery(4, 2, 3), delivery(5, 3, 4), delivery(6, 4, 5))
	dueAre(t, store, 2, 10)
	dueAre(t, store, 5, 10, delivery(3, 2, 3), delivery(5, 3, 4))
	dueAre(t, store, 5, 1, delivery(3, 2, 3))
	dueAre(t, store, 50, 10, delivery(3, 2, 3), delivery(5, 3, 4), delivery(6, 4, 5), late)
	waiting, err := tables.CountWaiting(t.Context(), store, "a")
	storagetest.NoError(t, "CountWaiting", err)
	storagetest.Same(t, "how many wait", waiting, int64(6))
}

func testDueReset(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	forget, reset, later := delivery(1, 1, 1), delivery(2, 2, 2), delivery(3, 3, 3)
	forget.Kind, forget.Due, reset.Kind, later.Kind = tables.DeliveryForget, instant(50), tables.DeliveryReset, tables.DeliveryForget
	addDeliveries(t, store, forget, reset, later)
	dueAre(t, store, 10, 9, later)
	dueAre(t, store, 50, 9, later, forget)
	forget.State = tables.DeliveryDead
	writeTables(t, store, tables.NoteAttempt(&forget))
	dueAre(t, store, 50, 9, reset, later)
}

func testDueWebhooks(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddWebhook, hook("b"), hook("c"))...)
	addDeliveries(t, store, delivery(5, 1, 1))
	waits := delivery(5, 1, 1)
	waits.Webhook = "c"
	writeTables(t, store, tables.AddDelivery(&waits, hook("c").Turn))
	due := func(now int64, want ...string) {
		t.Helper()
		ids, err := tables.DueWebhooks(t.Context(), store, instant(now))
		storagetest.NoError(t, "DueWebhooks", err)
		storagetest.Same(t, "what has something to send", ids, want)
	}
	due(4)
	due(5, "a", "c")
	writeTables(t, store, tables.DisableWebhook("c", instant(6), "GONE"))
	due(9, "a")
}

func testMaySend(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	addDeliveries(t, store, delivery(1, 1, 1), delivery(2, 2, 2))
	writeTables(t, store, tables.TakeWebhook("a", []byte{1}, instant(10), instant(20)))
	row := hookIn(t, store)
	may := func(why string, number int64, want bool) {
		t.Helper()
		got, err := tables.MaySend(t.Context(), store, &row, number)
		storagetest.NoError(t, "MaySend", err)
		storagetest.Same(t, why, got, want)
	}
	may("one that waits", 1, true)
	dead := delivery(2, 2, 2)
	dead.State = tables.DeliveryDead
	writeTables(t, store, tables.NoteAttempt(&dead))
	may("a dead one", 2, false)
	changed := row
	changed.URL = []byte{9}
	writeTables(t, store, tables.ChangeWebhook(&changed))
	may("to another URL", 1, false)
	writeTables(t, store, tables.ChangeWebhook(&row), tables.DisableWebhook("a", instant(11), "GONE"))
	may("to a webhook that is disabled", 1, false)
	writeTables(t, store, tables.ChangeWebhook(&row), tables.TakeWebhook("a", []byte{2}, instant(20), instant(30)))
	may("under the lease of another server", 1, false)
}

func testNoteAttempt(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	addDeliveries(t, store, delivery(1, 1, 1), delivery(2, 2, 2), delivery(3, 3, 3))
	after := func(number int64, state string) tables.Delivery {
		d := delivery(number, byte(number), byte(number))
		d.State, d.Due, d.Attempts, d.Attempted, d.Outcome, d.Status = state, instant(30), 2, instant(20), "REJECTED", 404
		d.Answer, d.Excerpt = "it said no", "no"
		return d
	}
	delivered, dead, waits := after(1, tables.DeliveryDelivered), after(2, tables.DeliveryDead), after(3, tables.DeliveryWaiting)
	writeTables(t, store, storagetest.Each(tables.NoteAttempt, delivered, dead, waits)...)
	again := after(2, tables.DeliveryWaiting)
	writeTables(t, store, tables.NoteAttempt(&again)) // It does not wait any more.
	delivered.Recipient, delivered.Card, delivered.Content = []byte{}, []byte{}, nil
	_, rows, err := tables.Deliveries(t.Context(), store, "a", "", 0, 10)
	storagetest.NoError(t, "Deliveries", err)
	storagetest.Same(t, "the deliveries", rows, []tables.Delivery{waits, dead, delivered})
	backlogs, err := tables.Backlogs(t.Context(), store)
	storagetest.NoError(t, "Backlogs", err)
	storagetest.Same(t, "the backlogs", backlogs, []tables.Backlog{
		{Webhook: "a", State: tables.DeliveryDead, Count: 1, Oldest: instant(2)}, {Webhook: "a", State: tables.DeliveryWaiting, Count: 1, Oldest: instant(3)},
	})
	one, err := tables.DeliveryOf(t.Context(), store, "a", "msg_2")
	storagetest.NoError(t, "DeliveryOf", err)
	storagetest.Same(t, "one", one, []tables.Delivery{dead})
}

func testDropDeliveries(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	forget := delivery(3, 1, 1)
	forget.Kind = tables.DeliveryForget
	addDeliveries(t, store, delivery(1, 1, 1), delivery(2, 1, 2), forget, delivery(4, 2, 3), delivery(5, 3, 4), delivery(6, 3, 4))
	row := hook("a")
	writeTables(t, store, tables.DropDeliveriesAbout([]byte{1}))
	writeTables(t, store, tables.DropDeliveriesAt("a", []byte{2}, [16]byte{99}), tables.DropDeliveriesBefore("a", [16]byte{99}),
		tables.DropDelivery("a", 4, row.Turn))
	deliveriesAre(t, store, 6, 5, 4, 3, 2) // Another turn, and not dead.
	writeTables(t, store, tables.DropDeliveriesAt("a", []byte{2}, row.Turn))
	deliveriesAre(t, store, 6, 5, 4, 3)
	ended := func(number int64, state string) tables.Delivery {
		d := delivery(number, 1, 1)
		d.State, d.Attempted = state, instant(number)
		return d
	}
	writeTables(t, store, storagetest.Each(tables.NoteAttempt, ended(4, tables.DeliveryDelivered), ended(5, tables.DeliveryDead), ended(6, tables.DeliveryDead))...)
	writeTables(t, store, tables.DropDelivery("a", 6, row.Turn))
	deliveriesAre(t, store, 5, 4, 3)
	writeTables(t, store, tables.DropOldDeliveries(instant(4), instant(3), 100))
	deliveriesAre(t, store, 5, 4, 3)
	writeTables(t, store, tables.DropOldDeliveries(instant(4), instant(5), 100))
	deliveriesAre(t, store, 5, 4)
	writeTables(t, store, tables.DropDeliveriesBefore("a", row.Turn))
	deliveriesAre(t, store, 4)
	writeTables(t, store, tables.MoveWebhook(&row, row.Turn, "token", row.PlaceMark, instant(9), 5)) // The next number is 6.
	writeTables(t, store, tables.DropOldDeliveries(instant(0), instant(0), 2))
	deliveriesAre(t, store, 4) // The newest two are those with the numbers 4 and 5.
	writeTables(t, store, tables.DropOldDeliveries(instant(0), instant(0), 1))
	deliveriesAre(t, store)
}

func testDeliveryPages(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	addDeliveries(t, store, delivery(1, 1, 1), delivery(2, 2, 2), delivery(3, 3, 3))
	pageIs(t, store, "", 0, 2, 3, 2)
	pageIs(t, store, "", 2, 2, 1)
	pageIs(t, store, tables.DeliveryWaiting, 3, 1, 2)
	pageIs(t, store, tables.DeliveryDead, 0, 5)
}
