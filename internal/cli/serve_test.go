package cli_test

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/examples"
)

func TestServe_LogInJSON_TheErrorThatEndsItIsALineOfTheLog(t *testing.T) {
	got := realRun(t, "serve", "--log-format", "json", "--catalog", "missing.yaml", "--grpc-address", "127.0.0.1:0", "--http-address",
		"127.0.0.1:0").must(t, 1)
	var last struct{ Time, Level, Msg, Error string }
	for line := range strings.Lines(got.stderr) {
		last = decode[struct{ Time, Level, Msg, Error string }](t, line)
	}
	if last.Level != "ERROR" || last.Msg != "the server ended with an error" || !strings.Contains(last.Error, "missing.yaml") {
		t.Errorf("the last line is %+v", last)
	}
}

func TestServe_BrokenCatalog_TellsOneProblemALine(t *testing.T) {
	good, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "bad.yaml", string(good)+"\nchanels: []\ndepartmnts: []\n")
	problems := strings.Split(strings.TrimSpace(run(t, "catalog", "lint", path).must(t, 1).stdout), "\n")
	got := realRun(t, "serve", "--catalog", path, "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0").must(t, 1)
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if len(problems) != 2 || len(lines) != 3 || !strings.HasPrefix(lines[0], "assent: ") {
		t.Fatalf("%d problems, stderr %q", len(problems), got.stderr)
	}
	for i, problem := range problems {
		if lines[i+1] != "  "+problem {
			t.Errorf("line %q, want %q", lines[i+1], problem)
		}
	}
}
