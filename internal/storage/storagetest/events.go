package storagetest

import (
	"fmt"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func eventsTests() []Test {
	return []Test{
		{"EventsOf_ByPosition", testEventsOf},
		{"EventsOf_Until_IsInclusive", testEventsOfUntil},
		{"EventsOf_UpTo_IsInclusive", testEventsOfUpTo},
		{"EventsOf_SubjectWithoutEvents_IsThereWithNone", testEventsOfNone},
		{"EventsOf_NoKeys_ReturnNone", testEventsOfNoKeys},
		{"EventsOf_AThousandKeys", testEventsOfMany},
		{"PositionAt_IsTheLastRecordedByThen", testPositionAt},
		{"PositionAt_LedgersOfEveryLength", testPositionAtLengths},
		{"PositionAt_AMissingEvent_IsAnError", testPositionAtGap},
		{"Records_OfTheSubjectsByPosition_EachOnce", testRecords},
		{"Records_Page_ByPositionAndLimit", testRecordsPages},
		{"Ledger_Page_ByPositionAndLimit", testLedgerPages},
	}
}

type eventsByKey = map[storage.SubjectKey][][]byte

func testEventsOf(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 3, 1)
	h, got, err := store.EventsOf(t.Context(), []storage.SubjectKey{key(2), key(9), key(1), key(1)}, 0, 0)
	NoError(t, "EventsOf", err)
	Same(t, "the head", h, head(5))
	Same(t, "the events", got, eventsByKey{
		key(1): headers(record(1, 1), record(3, 1), record(5, 1)),
		key(2): headers(record(2, 2)),
	})
}

func testEventsOfUntil(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 1, 1)
	second := record(2, 1)
	for _, c := range []struct {
		until consent.Instant
		want  [][]byte
	}{
		{second.Event.Occurred - 1, headers(record(1, 1))},
		{second.Event.Occurred, headers(record(1, 1), second)},
		{second.Event.Occurred + 1, headers(record(1, 1), second)},
		{1, nil},
		{0, headers(record(1, 1), second, record(3, 1))},
	} {
		_, got, err := store.EventsOf(t.Context(), keys(1, 2), c.until, 0)
		NoError(t, "EventsOf", err)
		Same(t, "the events until "+c.until.String(), got, eventsByKey{key(1): c.want})
	}
}

func testEventsOfUpTo(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 1)
	third := record(3, 1)
	for _, c := range []struct {
		until consent.Instant
		upTo  int64
		want  [][]byte
	}{
		{0, 1, headers(record(1, 1))},
		{0, 2, headers(record(1, 1))},
		{0, 3, headers(record(1, 1), third)},
		{0, 9, headers(record(1, 1), third, record(4, 1))},
		{0, 0, headers(record(1, 1), third, record(4, 1))},
		{third.Event.Occurred, 4, headers(record(1, 1), third)},
		{third.Event.Occurred - 1, 3, headers(record(1, 1))},
	} {
		h, got, err := store.EventsOf(t.Context(), keys(1, 2), c.until, c.upTo)
		NoError(t, "EventsOf", err)
		Same(t, fmt.Sprintf("the events until %s up to %d", c.until, c.upTo), got, eventsByKey{key(1): c.want})
		Same(t, "the head", h, head(4))
	}
	_, got, err := store.EventsOf(t.Context(), keys(2, 3), 0, 1)
	NoError(t, "EventsOf", err)
	Same(t, "the events of a subject that came later", got, eventsByKey{key(2): nil})
}

func testPositionAt(t *testing.T, open Open) {
	store := Initialised(t, open)
	// Events of one transaction share their instant: positions 2, 3 and 4, then 5 and 6.
	var records []storage.Record
	for i, at := range []int64{1, 2, 2, 2, 3, 3, 4} {
		r := record(int64(i+1), 1)
		r.Event.Recorded = instant(at)
		records = append(records, recordOf(&r.Event))
	}
	Write(t, store, &storage.Changes{Head: head(7), Subjects: []storage.Subject{subject(1)}, Records: records})
	for _, c := range []struct {
		at   consent.Instant
		want int64
	}{
		{1, 0},
		{instant(1) - 1, 0},
		{instant(1), 1},
		{instant(2) - 1, 1},
		{instant(2), 4},
		{instant(3) - 1, 4},
		{instant(3), 6},
		{instant(4), 7},
		{consent.MaxInstant, 7},
	} {
		h, got, err := store.PositionAt(t.Context(), c.at)
		NoError(t, "PositionAt", err)
		Same(t, "the position at "+c.at.String(), got, c.want)
		Same(t, "the head", h, head(7))
	}
}

func testPositionAtLengths(t *testing.T, open Open) {
	store := Initialised(t, open)
	for length := range int64(20) {
		if length > 0 {
			Write(t, store, &storage.Changes{
				Head: head(length), Subjects: []storage.Subject{subject(1)}, Records: []storage.Record{record(length, 1)},
			})
		}
		for want := range length + 1 {
			h, got, err := store.PositionAt(t.Context(), instant(want))
			NoError(t, "PositionAt", err)
			Same(t, fmt.Sprintf("the position at the instant of %d of %d", want, length), got, want)
			Same(t, "the head", h, head(length))
		}
	}
}

func testPositionAtGap(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{
		Head: head(3), Subjects: []storage.Subject{subject(1)}, Records: []storage.Record{record(1, 1), record(3, 1)},
	})
	if _, got, err := store.PositionAt(t.Context(), instant(2)); err == nil {
		t.Errorf("PositionAt returned %d, want an error", got)
	}
}

func testEventsOfNone(t *testing.T, open Open) {
	store := Initialised(t, open)
	tombstone := storage.Subject{Key: key(2), KeyVersion: 1, FoldVersion: 1, Erased: instant(1)}
	Write(t, store, &storage.Changes{
		Head: head(1), Subjects: []storage.Subject{subject(1), tombstone}, Records: []storage.Record{catalogRecord(1)},
	})
	_, got, err := store.EventsOf(t.Context(), keys(0, 5), 0, 0)
	NoError(t, "EventsOf", err)
	Same(t, "the events", got, eventsByKey{key(1): nil, key(2): nil})
}

func testEventsOfNoKeys(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1)
	h, got, err := store.EventsOf(t.Context(), nil, 0, 0)
	NoError(t, "EventsOf", err)
	Same(t, "the head", h, head(1))
	Same(t, "the events", got, eventsByKey{})
}

func testEventsOfMany(t *testing.T, open Open) {
	store := Initialised(t, open)
	changes := &storage.Changes{Head: head(1000)}
	want := eventsByKey{}
	for n := range 1000 {
		r := record(int64(n+1), n)
		changes.Records = append(changes.Records, r)
		changes.Subjects = append(changes.Subjects, subject(n))
		want[key(n)] = headers(r)
	}
	Write(t, store, changes)
	_, got, err := store.EventsOf(t.Context(), keys(0, 2000), 0, 0)
	NoError(t, "EventsOf", err)
	Same(t, "the events", got, want)
}

func testRecords(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 3, 1, 2)
	h, got, err := store.Records(t.Context(), []storage.SubjectKey{key(2), key(1), key(2), key(9)}, 0, 100)
	NoError(t, "Records", err)
	Same(t, "the head", h, head(5))
	Same(t, "the records", got, []storage.Record{record(1, 1), record(2, 2), record(4, 1), record(5, 2)})
	_, none, err := store.Records(t.Context(), nil, 0, 100)
	NoError(t, "Records", err)
	Same(t, "the records of no keys", none, []storage.Record{})
}

func testRecordsPages(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 2, 1, 1)
	for _, c := range []struct {
		after int64
		limit int
		want  []int64
	}{
		{0, 2, []int64{1, 3}}, {3, 2, []int64{5, 6}}, {4, 1, []int64{5}}, {6, 2, nil}, {0, 0, nil}, {0, 9, []int64{1, 3, 5, 6}},
	} {
		_, got, err := store.Records(t.Context(), keys(1, 2), c.after, c.limit)
		NoError(t, "Records", err)
		Same(t, "the positions", positions(got), c.want)
	}
}

func testLedgerPages(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 3, 1, 2)
	for _, c := range []struct {
		after int64
		limit int
		want  []int64
	}{
		{0, 2, []int64{1, 2}},
		{2, 2, []int64{3, 4}},
		{4, 2, []int64{5}},
		{5, 2, nil},
		{9, 2, nil},
		{0, 0, nil},
		{0, 9, []int64{1, 2, 3, 4, 5}},
	} {
		h, got, err := store.Ledger(t.Context(), c.after, c.limit)
		NoError(t, "Ledger", err)
		Same(t, "the positions", positions(got), c.want)
		Same(t, "the head", h, head(5))
	}
}
