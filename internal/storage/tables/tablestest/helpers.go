package tablestest

import (
	"encoding/binary"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
)

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
