package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/records"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// The plans are made when PostgreSQL knows that the tables are empty, so that it would read them whole if it were let.
func TestStatements_FindRowsByKey_WhateverTheTablesHeldWhenPlanned(t *testing.T) {
	t.Parallel()
	store, err := Open(t.Context(), testdb.Postgres(t), Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := store.pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	digests := [][]byte{make([]byte, 32)}
	plans := map[string]string{}
	for name, statement := range map[string]struct {
		sql  string
		args []any
	}{
		"head":       {selectHead, nil},
		"lock":       {lockHead, nil},
		"subjects":   {selectSubjects, []any{[]int16{1}, digests}},
		"both":       {selectHeadAndSubjects, []any{[]int16{1}, digests}},
		"eventsOf":   {selectEventsOf, []any{[]int16{1}, digests, int64(0), int64(0)}},
		"positionAt": {records.SelectPositionAt, []any{int64(1)}},
		"recordsOf":  {selectRecordsOf, []any{[]int16{1}, digests, int64(0), 10}},
		"ledger":     {records.SelectLedger, []any{int64(0), 10}},
		"subjectIDs": {records.SelectSubjectIDs, []any{make([]byte, 16), 10}},
		"subjectsIn": {records.SelectSubjectsIn, []any{make([]byte, 16), digests[0], 10}},
		"byID":       {selectSubjectsByID, []any{digests}},
		"refs":       {records.SelectRefs, []any{int32(0)}},
		"states":     {selectStates, []any{digests}},
		"eventRefs":  {selectEventRefs, []any{[]int16{1}, digests, digests}},
		"requests":   {selectRequests, []any{digests}},
		"headersOf":  {selectHeadersOf, []any{digests}},
		"hashes":     {selectHashes, []any{[]int64{1, 2}}},
		"rows":       {records.SelectRows, []any{int64(0), 10}},
		"statesIn":   {records.SelectStatesWithin, []any{make([]byte, 16), digests[0]}},
		"headersIn":  {records.SelectHeadersWithin, []any{make([]byte, 16), digests[0]}},
		"expired":    {deleteExpired, []any{int64(1), 10}},

		"leaves":          {selectLeaves, []any{int64(0), int64(9)}},
		"changed":         {selectChanged, []any{int64(0), int64(9)}},
		"reread":          {selectReread, []any{int64(0)}},
		"deleteRevisions": {deleteRevisions, []any{int64(0)}},
		"outdate":         {outdateFollowers, []any{int64(1)}},

		"outlines":         {records.SelectOutlines, []any{int64(0), 10}},
		"countDisclosures": {countDisclosures, []any{int64(1), digests}},
		"forgetRequests":   {forgetRequests, []any{[]int64{1, 2}, storage.RequestSpan}},
		"dropSubjects":     {dropSubjects, []any{[]int16{1}, digests}},
		"addDisclosures": {addDisclosures, []any{
			digests[0], int64(1), []int16{1}, digests, []int64{1}, []string{""}, []string{""}, []int64{1}, []int64{1},
		}},
		"readers":             {selectReaders, []any{int64(1), "shop", int64(1), "shop", "", 10}},
		"countReaders":        {countReaders, []any{int64(1), "shop"}},
		"disclosures":         {selectDisclosures, []any{digests}},
		"lockDisclosures":     {lockDisclosures, []any{digests}},
		"bequeathDisclosures": {bequeathDisclosures, []any{digests[0], int64(1), digests[0]}},
		"forgetDisclosures":   {forgetDisclosures, []any{digests[0], int64(1), nil}},
		"deleteDisclosures":   {deleteDisclosures, []any{int64(1), 10, digests}},
	} {
		plans[name] = explain(t, name, store.pool.Query, statement.sql, statement.args...)
	}
	for _, s := range tableStatements(t) {
		plans[s.Doing] = explain(t, s.Doing, store.pool.Query, s.SQL, s.Args...)
	}
	for name, plan := range plans {
		for _, bad := range []string{"Seq Scan", "Hash Join", "Merge Join"} {
			if strings.Contains(plan, bad) {
				t.Errorf("%s has a %s:\n%s", name, bad, plan)
			}
		}
	}
	testPlanOfRanges(t, store)
}

// noted notes the statements that it is asked to run, and runs none.
type noted []storage.Statement

func (n *noted) QueryTable(_ context.Context, s storage.Statement, _ func(storage.Scan) error) (storage.Head, error) {
	*n = append(*n, s)
	return storage.Head{}, nil
}

// tableStatements returns the statements of tables that look for rows. All clients are read at once, which is a scan of the table.
func tableStatements(t *testing.T) []storage.Statement {
	t.Helper()
	var asked noted
	_, err := tables.Claims(t.Context(), &asked, [16]byte{}, 10)
	if err == nil {
		_, err = tables.ClaimsOf(t.Context(), &asked, [16]byte{1})
	}
	if err == nil {
		_, err = tables.Cosigned(t.Context(), &asked, 0, 10)
	}
	if err == nil {
		_, _, err = tables.LatestCosigned(t.Context(), &asked)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(asked, tables.DropClaim([16]byte{1}))
}

// A range is joined by a hash of what bitmaps of both indexes find, of tables that grew since the plan was made, too.
func testPlanOfRanges(t *testing.T, store *Store) {
	t.Helper()
	tx, err := store.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), joinRanges); err != nil {
		t.Fatal(err)
	}
	plan := explain(t, "eachState", tx.Query, selectEachState, make([]byte, 16), make([]byte, 16))
	for _, good := range []string{"Hash", "Bitmap Index Scan on subjects_by_id", "Bitmap Index Scan on states_pkey"} {
		if !strings.Contains(plan, good) {
			t.Errorf("eachState has no %s:\n%s", good, plan)
		}
	}
	for _, bad := range []string{"Seq Scan", "Nested Loop", "Merge"} {
		if strings.Contains(plan, bad) {
			t.Errorf("eachState has a %s:\n%s", bad, plan)
		}
	}
}

type query func(ctx context.Context, sql string, args ...any) (pgx.Rows, error)

func explain(t *testing.T, name string, query query, sql string, args ...any) string {
	t.Helper()
	rows, err := query(t.Context(), "EXPLAIN "+sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.Join(lines, "\n")
}
