package tablestest

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

func noticeMailOf(n byte) casetable.NoticeMail {
	return casetable.NoticeMail{
		ID: [16]byte{n}, Department: "sales", Member: "anna", Notices: [][16]byte{{n, 1}, {n, 2}}, State: casetable.MailWaiting,
		Created: instant(int64(n)), Due: instant(int64(n)),
	}
}

func testDueNoticeMails(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	now := instant(10)
	first, second, later, taken, stuck, sent := noticeMailOf(2), noticeMailOf(1), noticeMailOf(11), noticeMailOf(4), noticeMailOf(5), noticeMailOf(6)
	second.Due = instant(3)
	taken.Lease, taken.LeaseUntil, taken.Handed = []byte("a"), now+1, true
	stuck.Lease, stuck.LeaseUntil, stuck.Handed = []byte("b"), now.Add(2*time.Hour), true // By a clock that was wrong.
	sent.State = casetable.MailSent
	for _, one := range []casetable.NoticeMail{sent, stuck, taken, later, second, first} {
		writeTables(t, store, casetable.PutNoticeMail(&one))
	}
	want := func(now consent.Instant, limit int, want ...casetable.NoticeMail) {
		t.Helper()
		rows, err := casetable.DueNoticeMails(t.Context(), store, now, limit)
		storagetest.NoError(t, "DueNoticeMails", err)
		storagetest.Same(t, "the mails that are due", rows, want)
	}
	want(now, 9, first, second, stuck)
	want(now, 2, first, second)
	want(now+1, 9, first, second, taken, stuck)
	for _, one := range []casetable.NoticeMail{first, taken, stuck} {
		if got := one.IsTaken(now); got != (one.ID == taken.ID) {
			t.Errorf("the mail %d is taken: %t", one.ID[0], got)
		}
	}
	rows, err := casetable.OpenNoticeMails(t.Context(), store)
	storagetest.NoError(t, "OpenNoticeMails", err)
	storagetest.Same(t, "the mails that notices can join", rows, []casetable.NoticeMail{second, first, later})
}

func testEndedNoticeMails(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	m := noticeMailOf(1)
	m.Lease, m.LeaseUntil, m.Handed, m.Attempts = []byte("mine"), instant(30), true, 1
	writeTables(t, store, casetable.PutNoticeMail(&m))
	want := func(want casetable.NoticeMail) {
		t.Helper()
		rows, err := casetable.NoticeMailOf(t.Context(), store, m.ID)
		storagetest.NoError(t, "NoticeMailOf", err)
		storagetest.Same(t, "the mail", rows, []casetable.NoticeMail{want})
	}
	want(m)
	other := m
	other.Lease, other.State = []byte("other"), casetable.MailSent
	writeTables(t, store, casetable.EndNoticeMail(&other))
	want(m)
	m.Due, m.Handed, m.Failure = instant(40), false, "unreachable"
	writeTables(t, store, casetable.EndNoticeMail(&m))
	m.LeaseUntil = 0
	want(m)
	m.State = casetable.MailSent
	writeTables(t, store, casetable.EndNoticeMail(&m))
	want(m)
	again := m
	again.State = casetable.MailDropped
	writeTables(t, store, casetable.EndNoticeMail(&again))
	want(m)
	rows, err := casetable.NoticeMailOf(t.Context(), store, [16]byte{9})
	storagetest.NoError(t, "NoticeMailOf", err)
	storagetest.Same(t, "a mail that there is none of", len(rows), 0)
}

func testCountedNoticeMails(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	want := func(want casetable.NoticeCounts) {
		t.Helper()
		got, err := casetable.CountNotices(t.Context(), store, instant(2))
		storagetest.NoError(t, "CountNotices", err)
		storagetest.Same(t, "the counts", got, want)
	}
	want(casetable.NoticeCounts{})
	old, planned, unplanned := noticeOf(1), noticeOf(2), noticeOf(3)
	first, second, dropped, sent := noticeMailOf(4), noticeMailOf(5), noticeMailOf(6), noticeMailOf(7)
	dropped.State, sent.State = casetable.MailDropped, casetable.MailSent
	writeTables(t, store, casetable.AddNotice(&old), casetable.AddNotice(&planned), casetable.AddNotice(&unplanned),
		casetable.NoticePlanned(planned.ID, instant(3)), casetable.PutNoticeMail(&first), casetable.PutNoticeMail(&second),
		casetable.PutNoticeMail(&dropped), casetable.PutNoticeMail(&sent))
	want(casetable.NoticeCounts{Unplanned: 1, Waiting: 2, Oldest: first.Created, Dropped: 1})
	writeTables(t, store, casetable.DropOldNoticeMails(dropped.Created))
	want(casetable.NoticeCounts{Unplanned: 1, Dropped: 1})
}
