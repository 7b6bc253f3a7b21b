package storagetest

import (
	"context"
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func rightsTests() []Test {
	return []Test{
		{"Tx_Subjects_AreThoseOfTheKeysWithTheirStates", testTxSubjects},
		{"Tx_Evidence_IsThatOfThePositions_MissingWithout", testTxEvidence},
		{"Write_DropEvidence_LeavesTheRest", testDropEvidence},
		{"Write_Blank_LeavesPositionTimeAndHashes", testBlank},
		{"Write_BlankRecord_IsStoredAsOne", testBlankRecord},
		{"Write_ForgetRequests_ThatCoverThePosition", testForgetRequests},
		{"Write_ForgetRequests_ThatNameThePositionFromAfar", testForgetRequestsNamed},
		{"Write_Requests_KeepTheirPositions", testRequestPositions},
		{"Write_Returns_AreAddedUp_ListedByDayClientAndSubject", testReturns},
		{"Write_Claims_AreAdded_ListedById", testClaims},
		{"Write_ExistingClaim_IsAnError", testClaimTwice},
		{"EventsOf_Voids_CountWheneverTheyOccurred", testEventsOfVoids},
		{"Erasures_ThatHaveEvidence_ByPositionAndLimit", testErasures},
		{"Batch_ByPositionAndLimit", testBatch},
		{"Purge_ChangesNothingThatIsRead", testPurge},
	}
}

// decided runs read in a write that stores nothing.
func decided(t *testing.T, store storage.Store, read func(ctx context.Context, tx storage.Tx) error) {
	t.Helper()
	err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		return nil, read(ctx, tx)
	})
	NoError(t, "Write", err)
}

func testTxSubjects(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	decided(t, store, func(ctx context.Context, tx storage.Tx) error {
		got, err := tx.Subjects(ctx, []storage.SubjectKey{key(1), key(3), key(9), key(1)})
		tombstone := storage.Subject{Key: key(3), KeyVersion: 1, FoldVersion: 1, Erased: instant(3)}
		Same(t, "the subjects", got, map[storage.SubjectKey]storage.SubjectState{
			key(1): {Subject: subject(1), State: state(1, 1)}, key(3): {Subject: tombstone},
		})
		if err != nil {
			return err
		}
		got, err = tx.Subjects(ctx, nil)
		Same(t, "the subjects of no keys", got, map[storage.SubjectKey]storage.SubjectState{})
		return err
	})
}

func testTxEvidence(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	decided(t, store, func(ctx context.Context, tx storage.Tx) error {
		got, err := tx.Evidence(ctx, []int64{2, 1, 3, 9, 1})
		Same(t, "the evidence", got, map[int64][]byte{1: record(1, 1).Evidence, 2: record(2, 2).Evidence})
		if err != nil {
			return err
		}
		got, err = tx.Evidence(ctx, nil)
		Same(t, "the evidence of no positions", got, map[int64][]byte{})
		return err
	})
}

// evidences returns the evidence at the positions.
func evidences(t *testing.T, store storage.Store, positions ...int64) (got map[int64][]byte) {
	t.Helper()
	decided(t, store, func(ctx context.Context, tx storage.Tx) (err error) {
		got, err = tx.Evidence(ctx, positions)
		return err
	})
	return got
}

func testDropEvidence(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 3)
	Write(t, store, &storage.Changes{Head: head(3), DropEvidence: []int64{1, 3, 9}})
	want := []storage.Record{record(1, 1), record(2, 2), record(3, 3)}
	want[0].Evidence, want[2].Evidence = nil, nil
	_, got, err := store.Ledger(t.Context(), 0, 9)
	NoError(t, "Ledger", err)
	Same(t, "the ledger", got, want)
	Same(t, "the evidence left", evidences(t, store, 1, 2, 3), map[int64][]byte{2: record(2, 2).Evidence})
}

// blank is what is left of a record.
func blank(r storage.Record) storage.Record {
	return storage.Record{
		Event:    consent.Event{Position: r.Event.Position, Recorded: r.Event.Recorded},
		LeafHash: r.LeafHash, TreeHashes: r.TreeHashes,
	}
}

func testBlank(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 1, 2)
	Write(t, store, &storage.Changes{Head: head(3), Blank: []int64{1, 3}})
	wantBlanks(t, store, blank(record(1, 1)), record(2, 1), blank(record(3, 2)))
	_, got, err := store.Records(t.Context(), keys(1, 3), 0, 9)
	NoError(t, "Records", err)
	Same(t, "the records of the subjects", got, []storage.Record{record(2, 1)})
	_, events, err := store.EventsOf(t.Context(), keys(1, 3), 0, 0)
	NoError(t, "EventsOf", err)
	Same(t, "the events of the subjects", events, eventsByKey{key(1): headers(record(2, 1)), key(2): nil})
}

func testBlankRecord(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{
		Head: head(2), Subjects: []storage.Subject{subject(1)}, Records: []storage.Record{blank(record(1, 1)), record(2, 1)},
	})
	wantBlanks(t, store, blank(record(1, 1)), record(2, 1))
}

// wantBlanks wants the ledger to be the records, and the rows of those without a header to say nothing more.
func wantBlanks(t *testing.T, store storage.Store, want ...storage.Record) {
	t.Helper()
	_, got, err := store.Ledger(t.Context(), 0, 9)
	NoError(t, "Ledger", err)
	Same(t, "the ledger", got, want)
	err = store.Snapshot(t.Context(), func(ctx context.Context, s storage.Snapshot) error {
		rows, err := s.Rows(ctx, 0, 9)
		for i := range rows {
			if r := &want[i]; r.Header == nil {
				zero := make([]byte, 16)
				Same(t, "the row of a blank", rows[i], storage.Row{
					Position: r.Event.Position, Subject: zero, Key: zero, Recorded: int64(r.Event.Recorded), LeafHash: r.LeafHash[:],
					TreeHashes: r.TreeHashes,
				})
			}
		}
		return err
	})
	NoError(t, "Snapshot", err)
	_, at, err := store.PositionAt(t.Context(), instant(1))
	NoError(t, "PositionAt", err)
	Same(t, "the position at the time of the first", at, int64(1))
}

// covering returns request n, which was given the positions from first to last.
func covering(n int, first, last int64) storage.Request {
	r := request(n, instant(9))
	r.First, r.Last = first, last
	return r
}

func requestsOf(t *testing.T, store storage.Store, n int) map[[32]byte]storage.Request {
	t.Helper()
	var ids [][32]byte
	for i := range n {
		ids = append(ids, request(i, 0).ID)
	}
	return load(t, store, storage.Load{Requests: ids}).Requests
}

func testRequestPositions(t *testing.T, open Open) {
	store := Initialised(t, open)
	all := []storage.Request{covering(0, 0, 0), covering(1, 7, 7), covering(2, 1, storage.RequestSpan)}
	Write(t, store, &storage.Changes{Head: head(1), Requests: all})
	got := requestsOf(t, store, 3)
	for _, want := range all {
		Same(t, "a request", got[want.ID], want)
	}
}

func testForgetRequests(t *testing.T, open Open) {
	store := Initialised(t, open)
	const far = 5 * storage.RequestSpan
	all := []storage.Request{
		covering(0, 0, 0), covering(1, 10, 10), covering(2, 9, 10), covering(3, 10, 11), covering(4, 8, 12), covering(5, 8, 9),
		covering(6, 11, 12), covering(7, far-storage.RequestSpan+1, far), covering(8, far, far+storage.RequestSpan-1), covering(9, far+1, far+2),
	}
	Write(t, store, &storage.Changes{Head: head(1), Requests: all})
	Write(t, store, &storage.Changes{Head: head(1), ForgetRequests: []int64{10, far}})
	got := requestsOf(t, store, len(all))
	for i, want := range all {
		switch i {
		case 1, 2, 3, 4, 7, 8:
			want = storage.Request{ID: want.ID, Expires: want.Expires}
		}
		Same(t, "a request", got[want.ID], want)
	}
}

// naming returns request n, which was given a position and names others far before it.
func naming(n int, given int64, named ...int64) storage.Request {
	r := covering(n, given, given)
	r.Named = named
	return r
}

func testForgetRequestsNamed(t *testing.T, open Open) {
	store := Initialised(t, open)
	const far = 5 * storage.RequestSpan
	all := []storage.Request{
		naming(0, far), naming(1, far, 10), naming(2, far+1, 3, 10, 700), naming(3, far+2, 9, 11), naming(4, far+3, 700), naming(5, far+4, 20),
	}
	Write(t, store, &storage.Changes{Head: head(1), Requests: all})
	want := func(forgotten ...int) {
		t.Helper()
		got := requestsOf(t, store, len(all))
		for i, r := range all {
			if r.Named = nil; slices.Contains(forgotten, i) {
				r = storage.Request{ID: r.ID, Expires: r.Expires}
			}
			Same(t, "a request", got[r.ID], r)
		}
	}
	want()
	Write(t, store, &storage.Changes{Head: head(1), ForgetRequests: []int64{10}})
	want(1, 2)
	// What is stored under the id of one that was forgotten, or has expired, names what it says and no more.
	all[2] = naming(2, far+5, 701)
	all[5] = naming(5, far+6, 21)
	all[5].Expires++
	Write(t, store, &storage.Changes{Head: head(1), Requests: []storage.Request{all[2], all[5]}})
	Write(t, store, &storage.Changes{Head: head(1), ForgetRequests: []int64{3, 20}})
	want(1)
	Write(t, store, &storage.Changes{Head: head(1), ForgetRequests: []int64{far + 3, 21, 700}})
	want(1, 4, 5)
	n, err := store.DeleteExpiredRequests(t.Context(), all[2].Expires, 100)
	NoError(t, "DeleteExpiredRequests", err)
	Same(t, "the requests that were deleted", n, 5)
	all[2] = naming(2, far+7)
	Write(t, store, &storage.Changes{Head: head(1), Requests: []storage.Request{all[2]}, ForgetRequests: []int64{701}})
	Same(t, "the request that replaced one that was deleted", requestsOf(t, store, 3)[all[2].ID], all[2])
}

func testReturns(t *testing.T, open Open) {
	store := Initialised(t, open)
	r := func(n int, day int64, client string, count int64) tables.Return {
		return tables.Return{Subject: id(n), Day: day, Client: client, Count: count}
	}
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(
		tables.AddReturn, r(2, 5, "shop", 1), r(1, 5, "shop", 2), r(1, 5, "Shop", 1), r(1, 4, "shop", 1), r(2, 5, "shop", 1),
	)})
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(tables.AddReturn, r(1, 5, "shop", 3), r(1, 6, "crm", 1))})
	all := []tables.Return{r(1, 4, "shop", 1), r(1, 5, "Shop", 1), r(1, 5, "shop", 5), r(2, 5, "shop", 2), r(1, 6, "crm", 1)}
	for _, c := range []struct {
		day   int64
		after tables.Return
		limit int
		want  []tables.Return
	}{
		{0, tables.Return{}, 10, all},
		{5, tables.Return{}, 10, all[1:]},
		{0, all[0], 1, all[1:2]},
		{5, all[1], 2, all[2:4]},
		{5, all[2], 2, all[3:5]},
		{6, all[1], 2, all[4:5]},
		{7, tables.Return{}, 10, nil},
		{0, all[4], 10, nil},
		{0, tables.Return{}, 0, nil},
	} {
		got, err := tables.Returns(t.Context(), store, c.day, &c.after, c.limit)
		NoError(t, "Returns", err)
		Same(t, "the returns", got, c.want)
	}
}

func claim(n byte) tables.Claim {
	return tables.Claim{ID: [16]byte{n, 1}, Until: instant(int64(n)), Sealed: []byte{9, n, 0}}
}

func testClaims(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(tables.AddClaim, claim(3), claim(1))})
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(tables.AddClaim, claim(200))})
	for _, c := range []struct {
		after [16]byte
		limit int
		want  []tables.Claim
	}{
		{[16]byte{}, 9, []tables.Claim{claim(1), claim(3), claim(200)}},
		{claim(1).ID, 1, []tables.Claim{claim(3)}},
		{claim(200).ID, 9, nil},
		{[16]byte{}, 0, nil},
	} {
		got, err := tables.Claims(t.Context(), store, c.after, c.limit)
		NoError(t, "Claims", err)
		Same(t, "the claims", got, c.want)
	}
	for id, want := range map[[16]byte][]tables.Claim{claim(3).ID: {claim(3)}, claim(2).ID: nil} {
		got, err := tables.ClaimsOf(t.Context(), store, id)
		NoError(t, "ClaimsOf", err)
		Same(t, "the claim with an id", got, want)
	}
}

func testClaimTwice(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, &storage.Changes{Head: head(1), Tables: Each(tables.AddClaim, claim(1))})
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		return &storage.Changes{Head: head(2), Tables: Each(tables.AddClaim, claim(1))}, nil
	})
	if err == nil {
		t.Error("a claim was replaced")
	}
}

// of returns a record of subject 1 with other facts.
func of(position int64, facts consent.Facts, change func(e *consent.Event)) storage.Record {
	r := record(position, 1)
	r.Event.Facts = facts
	if change != nil {
		change(&r.Event)
	}
	return recordOf(&r.Event)
}

func testEventsOfVoids(t *testing.T, open Open) {
	store := Initialised(t, open)
	void := of(2, consent.Facts{Kind: consent.KindVoid, VoidPosition: 1}, nil)
	Write(t, store, &storage.Changes{
		Head: head(3), Subjects: []storage.Subject{subject(1)}, Records: []storage.Record{record(1, 1), void, record(3, 1)},
	})
	first := record(1, 1).Event.Occurred
	for _, c := range []struct {
		until consent.Instant
		upTo  int64
		want  [][]byte
	}{
		{first, 0, headers(record(1, 1), void)},
		{first, 1, headers(record(1, 1))},
		{first - 1, 0, headers(void)},
		{0, 0, headers(record(1, 1), void, record(3, 1))},
		{0, 2, headers(record(1, 1), void)},
	} {
		_, got, err := store.EventsOf(t.Context(), keys(1, 2), c.until, c.upTo)
		NoError(t, "EventsOf", err)
		Same(t, "the events", got, eventsByKey{key(1): c.want})
	}
}

func testErasures(t *testing.T, open Open) {
	store := Initialised(t, open)
	records := []storage.Record{record(1, 1)}
	for position := int64(2); position < 6; position++ {
		records = append(records, of(position, consent.Facts{Kind: consent.KindErase}, nil))
	}
	records[2].Evidence = nil
	Write(t, store, &storage.Changes{Head: head(5), Subjects: []storage.Subject{subject(1)}, Records: records})
	Write(t, store, &storage.Changes{Head: head(5), DropEvidence: []int64{5}})
	for _, c := range []struct {
		after int64
		limit int
		want  []storage.Record
	}{
		{0, 9, []storage.Record{records[1], records[3]}},
		{2, 9, records[3:4]},
		{0, 1, records[1:2]},
		{4, 9, nil},
		{0, 0, nil},
	} {
		h, got, err := store.Erasures(t.Context(), c.after, c.limit)
		NoError(t, "Erasures", err)
		Same(t, "the head", h, head(5))
		Same(t, "the erasures", got, c.want)
	}
}

func testBatch(t *testing.T, open Open) {
	store := Initialised(t, open)
	appendAll(t, store, 1, 2, 1, 1)
	batch := record(1, 1).Event.Batch
	e := func(position int64) storage.BatchEvent { return storage.BatchEvent{Position: position, Subject: id(1)} }
	for _, c := range []struct {
		batch consent.BatchID
		after int64
		limit int
		want  []storage.BatchEvent
	}{
		{batch, 0, 9, []storage.BatchEvent{e(1), e(3), e(4)}},
		{batch, 1, 1, []storage.BatchEvent{e(3)}},
		{batch, 4, 9, nil},
		{consent.BatchID{0xff}, 0, 9, nil},
		{batch, 0, 0, nil},
	} {
		got, err := store.Batch(t.Context(), c.batch, c.after, c.limit)
		NoError(t, "Batch", err)
		Same(t, "the events of the batch", got, c.want)
	}
	Write(t, store, &storage.Changes{Head: head(4), Blank: []int64{3}})
	got, err := store.Batch(t.Context(), batch, 0, 9)
	NoError(t, "Batch", err)
	Same(t, "the events of the batch without a blank", got, []storage.BatchEvent{e(1), e(4)})
}

func testPurge(t *testing.T, open Open) {
	store := Initialised(t, open)
	Write(t, store, everything())
	NoError(t, "Purge", store.Purge(t.Context()))
	hold(t, store, everything())
	NoError(t, "Purge", store.Purge(t.Context()))
	appendAll(t, store, 4)
}
