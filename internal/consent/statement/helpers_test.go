package statement_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

const ann = "ann@firma.example"

// lab returns the catalog of the domain's tests.
func lab(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	document, err := os.ReadFile(filepath.Join("..", "testdata", "lab.yaml"))
	if err != nil {
		tb.Fatalf("reading the catalog: %v", err)
	}
	c, _, err := catalog.Parse("lab.yaml", document)
	if err != nil {
		tb.Fatalf("parsing the catalog: %v", err)
	}
	return c
}

// instant returns the beginning of a day, counted from 20 February 2026.
func instant(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 2, 20+day, 0, 0, 0, 0, time.UTC))
}

func mustEntry(tb testing.TB, c *catalog.Catalog, s statement.Statement) *statement.Entry {
	tb.Helper()
	entry, err := s.Entry(c, c)
	if err != nil {
		tb.Fatalf("the statement %s: %v", s.Kind, err)
	}
	return entry
}
