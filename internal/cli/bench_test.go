package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

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
		"no command":    {[]string{"nonsense"}, "no such command"},
		"no number":     {[]string{"load", "many"}, "1 or more"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, append([]string{"bench"}, c.args...)...).must(t, 2)
			if !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("%q is not said: %s%s", c.want, got.stdout, got.stderr)
			}
		})
	}
}

func TestBench_RelativePath_JSON(t *testing.T) {
	t.Chdir(t.TempDir())
	got := run(t, "bench", "--database-url", "sqlite:rel.db", "--only", "^check-deny$", "--duration", "20ms", "--recipients", "100",
		"--format", "json").must(t, 0)
	var report struct {
		Database   string
		Recipients int
		Figures    []struct {
			Name, Unit string
			Value      float64
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatalf("%v: %s", err, got.stdout)
	}
	if report.Database != "SQLite" || report.Recipients != 100 || len(report.Figures) < 2 {
		t.Errorf("got %+v", report)
	}
	if strings.Contains(got.stdout, `"goal"`) {
		t.Errorf("goals without --goals: %s", got.stdout)
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
