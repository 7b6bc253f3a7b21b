package testdb

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// template is what prepare made of the file of SQLite that [PreparedSQLite] copies.
//
//nolint:gochecknoglobals // One template for a test binary is the point.
var template struct {
	once sync.Once
	file []byte
	err  error
}

// PreparedSQLite makes the file of a SQLite database to which prepare was applied, where there is none. All calls of a test binary pass
// the same function: it runs once, and leaves one file without a log. A copy takes a hundredth of the time.
func PreparedSQLite(t testing.TB, path string, prepare func(ctx context.Context, path string) error) {
	t.Helper()
	template.once.Do(func() {
		first := filepath.Join(t.TempDir(), "template.db")
		if template.err = prepare(t.Context(), first); template.err == nil {
			template.file, template.err = os.ReadFile(first) //nolint:gosec // It was made here.
		}
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	if err := os.WriteFile(path, template.file, 0o600); err != nil {
		t.Fatal(err)
	}
}
