package proof

import (
	"os"
	"testing"

	"github.com/assent-io/assent/internal/testkit"
)

// TestMain is also the entry of servers: this test binary runs them as processes of its own, with clocks that differ.
func TestMain(m *testing.M) {
	if spec := os.Getenv(serveVariable); spec != "" {
		os.Exit(serveAs(spec))
	}
	testkit.VerifyNoLeaks(m)
}
