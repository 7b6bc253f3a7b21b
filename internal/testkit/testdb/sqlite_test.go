package testdb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestPreparedSQLite_IsPreparedOnce_AndCopied(t *testing.T) {
	times := 0
	prepare := func(_ context.Context, path string) error {
		if times++; times > 1 {
			return errors.New("it is prepared again")
		}
		return os.WriteFile(path, []byte("prepared"), 0o600)
	}
	for _, name := range []string{"one.db", "two.db"} {
		path := filepath.Join(t.TempDir(), name)
		testdb.PreparedSQLite(t, path, prepare)
		if got, err := os.ReadFile(path); err != nil || string(got) != "prepared" {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
}
