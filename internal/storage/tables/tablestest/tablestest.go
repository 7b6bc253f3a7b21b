// Package tablestest is the part of the conformance suite of the storage port that is about the tables which are no part of the ledger: rows
// are written and read by the statements of package tables, which each adapter has to run alike. It imports testing and is for tests only.
package tablestest

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
)

// Tests returns the tests, for [storagetest.Run].
func Tests() []storagetest.Test {
	return slices.Concat(consumerTests(), webhookTests(), undoTests(), externalListTests(), importTests(), mailboxTests(),
		restatedTests())
}

// instant returns a time, so many seconds after another one.
func instant(n int64) consent.Instant { return 1_790_000_000_000_000 + consent.Instant(n)*1_000_000 }

// id returns the id of subject n. Ids ascend with n.
func id(n int) consent.SubjectID {
	var id consent.SubjectID
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

func writeTables(t *testing.T, store storage.Store, statements ...storage.Statement) {
	t.Helper()
	storagetest.NoError(t, "WriteTables", store.WriteTables(t.Context(), statements...))
}
