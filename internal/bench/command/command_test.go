package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/bench/command"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// run runs a command without an environment, and fails the test unless it exits with the code.
func run(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := func(string) (string, bool) { return "", false }
	if got := command.Run(t.Context(), args, env, &out, &errs); got != code {
		t.Fatalf("exit %d, want %d: %s%s", got, code, &out, &errs)
	}
	return out.String(), errs.String()
}

func TestBench_WrongFlags_AreUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no expression": {[]string{"--only", "("}, "--only"},
		"no such case":  {[]string{"--only", "nonsense"}, "check-allow"},
		"no time":       {[]string{"--duration", "0s"}, "--duration"},
		"nobody":        {[]string{"--recipients", "0"}, "--recipients"},
		"other store":   {[]string{"--database-url", "mysql:x"}, "database"},
		"no command":    {[]string{"nonsense"}, "unknown command"},
		"no number":     {[]string{"load", "many"}, "1 or more"},
		"no host":       {[]string{"load", "1", "--server", "nowhere"}, "--server must be host:port"},
		"no format":     {[]string{"--format", "xml"}, "text or json"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr := run(t, 2, c.args...)
			if !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("%q is not said: %s%s", c.want, stdout, stderr)
			}
		})
	}
}

func TestBench_RelativePath_JSON(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout, _ := run(t, 0, "--database-url", "sqlite:rel.db", "--only", "^check-deny$", "--duration", "20ms", "--recipients", "100",
		"--format", "json")
	var report struct {
		Database   string
		Recipients int
		Figures    []struct {
			Name, Unit string
			Value      float64
		}
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if report.Database != "SQLite" || report.Recipients != 100 || len(report.Figures) < 2 {
		t.Errorf("got %+v", report)
	}
	if strings.Contains(stdout, `"goal"`) {
		t.Errorf("goals without --goals: %s", stdout)
	}
	for _, f := range report.Figures {
		if f.Name == "" || f.Unit == "" || f.Value <= 0 {
			t.Errorf("got %+v", f)
		}
	}
	if _, err := os.Stat("rel.db"); err != nil {
		t.Error(err)
	}
}

func TestLoad_ServerThatIsNotThere_IsAskedAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	env := func(string) (string, bool) { return "", false }
	code := command.Run(ctx, []string{"load", "1", "--server", "127.0.0.1:1"}, env, &out, &errs)
	if code != 1 || !strings.Contains(errs.String(), "trying again") || !strings.Contains(errs.String(), "assent-bench: ") {
		t.Errorf("exit %d: %s", code, &errs)
	}
}
