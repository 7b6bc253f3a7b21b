package postgres

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/testkit"
)

// The plans are made when PostgreSQL knows that the tables are empty, so that it would read them whole if it were let.
func TestStatements_FindRowsByKey_WhateverTheTablesHeldWhenPlanned(t *testing.T) {
	t.Parallel()
	store, err := Open(t.Context(), testkit.Postgres(t), Options{Migrate: true})
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
	for name, statement := range map[string]struct {
		sql  string
		args []any
	}{
		"head":       {selectHead, nil},
		"lock":       {lockHead, nil},
		"subjects":   {selectSubjects, []any{[]int16{1}, digests}},
		"both":       {selectHeadAndSubjects, []any{[]int16{1}, digests}},
		"eventsOf":   {selectEventsOf, []any{[]int16{1}, digests, int64(0), int64(0)}},
		"positionAt": {selectPositionAt, []any{int64(1)}},
		"recordsOf":  {selectRecordsOf, []any{[]int16{1}, digests, int64(0), 10}},
		"ledger":     {selectLedger, []any{int64(0), 10}},
		"subjectIDs": {selectSubjectIDs, []any{make([]byte, 16), 10}},
		"refs":       {selectRefs, []any{int32(0)}},
		"states":     {selectStates, []any{digests}},
		"eventRefs":  {selectEventRefs, []any{[]int16{1}, digests, digests}},
		"requests":   {selectRequests, []any{digests}},
		"headersOf":  {selectHeadersOf, []any{digests}},
		"hashes":     {selectHashes, []any{[]int64{1, 2}}},
		"rows":       {selectRows, []any{int64(0), 10}},
		"statesIn":   {selectStatesWithin, []any{make([]byte, 16), digests[0]}},
		"headersIn":  {selectHeadersWithin, []any{make([]byte, 16), digests[0]}},
		"cosigned":   {selectCosigned, []any{int64(0), 10}},
		"cosignedOf": {selectCosignedOf, []any{int64(1)}},
		"latest":     {selectLatestCosigned, nil},
		"expired":    {deleteExpired, []any{int64(1), 10}},

		"primary":         {selectPrimary, nil},
		"leaves":          {selectLeaves, []any{int64(0), int64(9)}},
		"changed":         {selectChanged, []any{int64(0), int64(9)}},
		"reread":          {selectReread, []any{int64(0)}},
		"eachState":       {selectEachState, []any{int16(1), digests[0], 10}},
		"deleteRevisions": {deleteRevisions, []any{int64(0)}},

		"outlines":         {selectOutlines, []any{int64(0), 10}},
		"countDisclosures": {countDisclosures, []any{int64(1), digests}},
		"dropSubjects":     {dropSubjects, []any{[]int16{1}, digests}},
		"dropClaims":       {dropClaims, []any{digests}},
		"addDisclosures": {addDisclosures, []any{
			digests[0], int64(1), []int16{1}, digests, []int64{1}, []string{""}, []string{""}, []int64{1},
		}},
		"disclosures":       {selectDisclosures, []any{digests}},
		"forgetDisclosures": {forgetDisclosures, []any{digests}},
		"deleteDisclosures": {deleteDisclosures, []any{int64(1), 10, digests}},
	} {
		rows, err := store.pool.Query(t.Context(), "EXPLAIN "+statement.sql, statement.args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, bad := range []string{"Seq Scan", "Hash Join", "Merge Join"} {
			if strings.Contains(plan.String(), bad) {
				t.Errorf("%s has a %s:\n%s", name, bad, plan.String())
			}
		}
	}
}
