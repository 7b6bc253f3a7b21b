package testkit_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) {
	if os.Getenv("TESTKIT_PLAY") == "leak" {
		go func() { select {} }()
	}
	testkit.VerifyNoLeaks(m)
}

func TestVerifyNoLeaks_GoroutineLeft_FailsThePackage(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "TESTKIT_PLAY=leak")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "found unexpected goroutines") {
		t.Errorf("err = %v, output:\n%s", err, out)
	}
}
