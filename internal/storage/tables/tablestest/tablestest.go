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
	return slices.Concat(consumerTests(), webhookTests())
}

// instant returns a time, so many seconds after another one.
func instant(n int64) consent.Instant { return 1_790_000_000_000_000 + consent.Instant(n)*1_000_000 }

// id returns the id of subject n. Ids ascend with n.
func id(n int) consent.SubjectID {
	var id consent.SubjectID
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

// key returns the key of subject n.
func key(n int) storage.SubjectKey {
	return storage.SubjectKey{Form: consent.Form(1 + n%4), Digest: [32]byte{1, byte(n >> 8), byte(n)}}
}

func subject(n int) storage.Subject {
	return storage.Subject{Key: key(n), ID: id(n), KeyVersion: 1, FoldVersion: 3, Address: []byte{byte(n)}}
}

func writeTables(t *testing.T, store storage.Store, statements ...storage.Statement) {
	t.Helper()
	storagetest.NoError(t, "WriteTables", store.WriteTables(t.Context(), statements...))
}
