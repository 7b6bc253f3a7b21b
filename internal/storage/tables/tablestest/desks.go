package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

func deskTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Cases_ByDueTime_InPagesOfADeskAMemberAndAState", Run: testCasePages},
		{Name: "Cases_DueBefore_LeavesOutWhatIsClosed", Run: testOverdueCases},
		{Name: "LastCase_OfAYear", Run: testLastCase},
		{Name: "CasesReceived_OfATimeAndADesk_ById", Run: testCasesReceived},
		{Name: "BlankCasesAbout_TakesWhatWasSaid_AndKeepsTheFigures", Run: testBlankCases},
		{Name: "BlankCase_OfOneThatIsClosed_TakesWhatWasSaid", Run: testBlankClosedCases},
		{Name: "CaseEntries_InOrder_AndByTheirMail", Run: testCaseEntries},
		{Name: "DeskAbsences_OfADesk_UntilTheyAreDropped", Run: testDeskAbsences},
		{Name: "Notices_LastFirst_InPagesOfADepartmentAndARecipient", Run: testNoticePages},
		{Name: "Notices_ArePlannedAndToldOnce", Run: testUntoldNotices},
		{Name: "NoticeMails_AreDue_UnlessAnAttemptHasThem", Run: testDueNoticeMails},
		{Name: "NoticeMails_OnlyTheirAttemptEndsThem", Run: testEndedNoticeMails},
		{Name: "NoticeMails_AreCounted_AndDeletedByAge", Run: testCountedNoticeMails},
	}
}

func caseOf(n int64) casetable.Case {
	return casetable.Case{
		ID: 2026*casetable.IDsOfYear + n, Kind: "complaint", State: "open", Origin: "mail", Department: "sales", Assignee: "anna",
		Folded: make([]byte, 32), Sealed: []byte{byte(n)}, Channel: "news", SenderIdentity: "sales-mail", Received: instant(n),
		Opened: instant(10 + n), Due: instant(100 - n), DueRule: "P1D", Revision: 1,
	}
}

func putCases(t *testing.T, store storage.Store, all ...casetable.Case) {
	t.Helper()
	for i := range all {
		writeTables(t, store, casetable.PutCase(&all[i]))
	}
}

func wantCases(t *testing.T, store storage.Store, f casetable.CaseFilter, after *casetable.Case, limit int, want ...casetable.Case) {
	t.Helper()
	rows, err := casetable.Cases(t.Context(), store, &f, after, limit)
	storagetest.NoError(t, "Cases", err)
	storagetest.Same(t, "the cases", rows, want)
}

func wantCase(t *testing.T, store storage.Store, want *casetable.Case) {
	t.Helper()
	rows, err := casetable.CaseOf(t.Context(), store, want.ID)
	storagetest.NoError(t, "CaseOf", err)
	storagetest.Same(t, "the case", rows, []casetable.Case{*want})
}

func testCasePages(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, other := caseOf(1), caseOf(2), caseOf(3), caseOf(4)
	second.Due = third.Due
	second.Folded, second.Personal, second.State, second.Resubmit = nil, true, "waiting", instant(50)
	third.Assignee = ""
	other.Department, other.Channel, other.SenderIdentity, other.SenderInformed = "press", "", "", "asked"
	putCases(t, store, first, second, third, other)
	wantCases(t, store, casetable.CaseFilter{}, &casetable.Case{}, 10, other, second, third, first)
	wantCases(t, store, casetable.CaseFilter{Department: "sales"}, &casetable.Case{}, 2, second, third)
	wantCases(t, store, casetable.CaseFilter{Department: "sales"}, &second, 2, third, first)
	wantCases(t, store, casetable.CaseFilter{Assignee: "anna", State: "open"}, &casetable.Case{}, 10, other, first)
	wantCases(t, store, casetable.CaseFilter{State: "closed"}, &casetable.Case{}, 10)
	second.LawDue, second.LawDueRule = instant(70), "gdpr_12_3:P1M"
	second.State, second.Resubmit, second.Answered, second.AnsweredLate, second.Revision = "open", 0, instant(60), true, 2
	putCases(t, store, second)
	wantCase(t, store, &second)
	rows, err := casetable.UnclosedCases(t.Context(), store, first.ID, 2)
	storagetest.NoError(t, "UnclosedCases", err)
	storagetest.Same(t, "the cases that are not closed", rows, []casetable.Case{second, third})
	first.State, third.State, other.State = "answered", "answered", "answered"
	putCases(t, store, first, third, other)
	rows, err = casetable.AnsweredCases(t.Context(), store, first.ID, 1)
	storagetest.NoError(t, "AnsweredCases", err)
	storagetest.Same(t, "the cases that are answered", rows, []casetable.Case{third})
}

func testOverdueCases(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	late, closed, early := caseOf(3), caseOf(2), caseOf(1)
	closed.State, closed.Closed, closed.Outcome = casetable.StateClosed, instant(98), "justified"
	putCases(t, store, late, closed, early)
	wantCases(t, store, casetable.CaseFilter{DueBefore: instant(99)}, &casetable.Case{}, 10, late)
	counts, err := casetable.CountCases(t.Context(), store, instant(99))
	storagetest.NoError(t, "CountCases", err)
	storagetest.Same(t, "how many are open and overdue", counts, []casetable.Count{{Department: "sales", Open: 2, Overdue: 1}})
}

func testLastCase(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	want := func(year int, want ...int64) {
		t.Helper()
		got, err := casetable.LastCase(t.Context(), store, year)
		storagetest.NoError(t, "LastCase", err)
		storagetest.Same(t, "the last case", got, want)
	}
	want(2026)
	next := caseOf(7)
	next.ID = 2027*casetable.IDsOfYear + 1
	putCases(t, store, caseOf(2), caseOf(1), next)
	want(2025)
	want(2026, caseOf(2).ID)
	want(2027, next.ID)
}

func testCasesReceived(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, other := caseOf(1), caseOf(2), caseOf(3), caseOf(4)
	other.Department = "press"
	putCases(t, store, first, second, third, other)
	want := func(department string, after int64, want ...casetable.Case) {
		t.Helper()
		rows, err := casetable.CasesReceived(t.Context(), store, department, second.Received, instant(9), after, 2)
		storagetest.NoError(t, "CasesReceived", err)
		storagetest.Same(t, "the cases", rows, want)
	}
	want("sales", 0, second, third)
	want("", 0, second, third)
	n, err := casetable.CountCasesOf(t.Context(), store, second.SenderIdentity, second.Received, third.Received)
	storagetest.NoError(t, "CountCasesOf", err)
	storagetest.Same(t, "how many cases of the sender", n, int64(1))
	n, err = casetable.CountCasesOf(t.Context(), store, "nothing", second.Received, instant(9))
	storagetest.NoError(t, "CountCasesOf", err)
	storagetest.Same(t, "how many cases of another sender", n, int64(0))
	want("", third.ID, other)
}

func testBlankCases(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	about, other := caseOf(1), caseOf(2)
	about.Folded = append(make([]byte, 31), 1)
	putCases(t, store, about, other)
	entry, kept := entryOf(about.ID, 1), entryOf(other.ID, 1)
	writeTables(t, store, casetable.AddEntry(&entry), casetable.AddEntry(&kept))
	writeTables(t, store, casetable.BlankCasesAbout([32]byte(about.Folded))...)
	about.Folded, about.Sealed, about.Revision = nil, []byte{}, 2
	entry.Mail, entry.Sealed = nil, []byte{}
	wantCase(t, store, &about)
	wantCase(t, store, &other)
	wantEntries(t, store, about.ID, entry)
	wantEntries(t, store, other.ID, kept)
}

func testBlankClosedCases(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	old, young, unclosed := caseOf(2), caseOf(1), caseOf(3)
	old.Closed, young.Closed = instant(20), instant(21)
	putCases(t, store, old, young, unclosed)
	entry, kept := entryOf(old.ID, 1), entryOf(unclosed.ID, 1)
	writeTables(t, store, casetable.AddEntry(&entry), casetable.AddEntry(&kept))
	want := func(limit int, want ...casetable.Case) {
		t.Helper()
		rows, err := casetable.ClosedCases(t.Context(), store, limit)
		storagetest.NoError(t, "ClosedCases", err)
		storagetest.Same(t, "the closed cases", rows, want)
	}
	want(1, old)
	want(3, old, young)
	for _, id := range []int64{old.ID, unclosed.ID} {
		writeTables(t, store, casetable.BlankCase(id)...)
	}
	old.Folded, old.Sealed, old.Assignee, old.Revision = nil, []byte{}, "", 2
	wantCase(t, store, &old)
	wantCase(t, store, &unclosed)
	wantEntries(t, store, old.ID)
	wantEntries(t, store, unclosed.ID, kept)
	want(3, young)
	writeTables(t, store, casetable.AddEntry(&entry))
	want(3, old, young) // What was said about it later.
}

func entryOf(id int64, n int) casetable.Entry {
	return casetable.Entry{
		Case: id, Number: n, Time: instant(int64(n)), Author: "anna", Kind: "comment", Mail: append(make([]byte, 15), byte(n)), Sealed: []byte{byte(n)},
	}
}

func wantEntries(t *testing.T, store storage.Store, id int64, want ...casetable.Entry) {
	t.Helper()
	rows, err := casetable.Entries(t.Context(), store, id)
	storagetest.NoError(t, "Entries", err)
	storagetest.Same(t, "the entries", rows, want)
}

func testCaseEntries(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, other := entryOf(1, 1), entryOf(1, 2), entryOf(2, 1)
	second.Mail = nil
	writeTables(t, store, casetable.AddEntry(&second), casetable.AddEntry(&other), casetable.AddEntry(&first))
	wantEntries(t, store, 1, first, second)
	wantEntries(t, store, 3)
	rows, err := casetable.EntriesOfMail(t.Context(), store, [16]byte(first.Mail))
	storagetest.NoError(t, "EntriesOfMail", err)
	storagetest.Same(t, "the entries of the mail", rows, []casetable.Entry{first, other})
}

func testDeskAbsences(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	absence := func(n byte, department string) casetable.Absence {
		return casetable.Absence{
			ID: [16]byte{n}, Department: department, Member: "anna", From: instant(int64(n)), Until: instant(10 + int64(n)), Created: instant(1), CreatedBy: "admin",
		}
	}
	first, second, other := absence(1, "sales"), absence(2, "sales"), absence(3, "press")
	second.Deputy = "ben"
	writeTables(t, store, casetable.AddAbsence(&second), casetable.AddAbsence(&other), casetable.AddAbsence(&first))
	want := func(department string, want ...casetable.Absence) {
		t.Helper()
		rows, err := casetable.Absences(t.Context(), store, department)
		storagetest.NoError(t, "Absences", err)
		storagetest.Same(t, "the absences", rows, want)
	}
	want("sales", first, second)
	want("", other, first, second)
	writeTables(t, store, casetable.DropOldAbsences(second.Until))
	want("", other, second)
	writeTables(t, store, casetable.DropAbsence(second.ID))
	want("sales")
}

func noticeOf(n byte) casetable.Notice {
	return casetable.Notice{
		ID: [16]byte{n}, Audience: "member", Recipient: "anna", Department: "sales", Kind: "case_due", Resource: "cases/2026-000001",
		Created: instant(int64(n)),
	}
}

func wantNotices(t *testing.T, store storage.Store, department, recipient string, after *casetable.Notice, want ...casetable.Notice) {
	t.Helper()
	rows, err := casetable.Notices(t.Context(), store, department, recipient, after, 2)
	storagetest.NoError(t, "Notices", err)
	storagetest.Same(t, "the notices", rows, want)
}

func testNoticePages(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, officers := noticeOf(1), noticeOf(2), noticeOf(3), noticeOf(4)
	third.Created = second.Created
	officers.Audience, officers.Recipient, officers.Department = "officer", "", ""
	again := first
	again.Kind = "other"
	for _, one := range []casetable.Notice{first, second, third, officers, again} {
		writeTables(t, store, casetable.AddNotice(&one))
	}
	wantNotices(t, store, "", "", &casetable.Notice{}, officers, third)
	wantNotices(t, store, "", "", &third, second, first)
	wantNotices(t, store, "sales", "anna", &casetable.Notice{}, third, second)
	wantNotices(t, store, "sales", "ben", &casetable.Notice{})
	writeTables(t, store, casetable.DropOldNotices(second.Created))
	wantNotices(t, store, "sales", "", &third, second)
}

func testUntoldNotices(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	old, first, second, third := noticeOf(1), noticeOf(2), noticeOf(3), noticeOf(4)
	writeTables(t, store, casetable.AddNotice(&third), casetable.AddNotice(&second), casetable.AddNotice(&first), casetable.AddNotice(&old))
	want := func(want ...casetable.Notice) {
		t.Helper()
		rows, err := casetable.UnplannedNotices(t.Context(), store, first.Created, 2)
		storagetest.NoError(t, "UnplannedNotices", err)
		storagetest.Same(t, "the notices that were not planned", rows, want)
	}
	want(first, second)
	for _, at := range []consent.Instant{instant(20), instant(21)} {
		writeTables(t, store, casetable.NoticePlanned(first.ID, at), casetable.NoticeTold(first.ID, at))
	}
	want(second, third)
	rows, err := casetable.NoticeOf(t.Context(), store, first.ID)
	storagetest.NoError(t, "NoticeOf", err)
	first.Told = instant(20)
	storagetest.Same(t, "the notice as it was told first", rows, []casetable.Notice{first})
}
