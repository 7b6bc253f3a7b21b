package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const movingInPage = "../../docs/moving-in.md"

// moveIn returns a server, the environment of its commands, and a folder with the example files of all tools.
func moveIn(t *testing.T) (dir string, env []string) {
	t.Helper()
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../presets/testdata")); err != nil {
		t.Fatal(err)
	}
	return dir, append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
}

// printed runs a command and returns what it prints; rows may be rejected.
func printed(t *testing.T, dir string, env []string, command string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "bash", "-c", command)
	run.Dir, run.Env = dir, env
	var stderr strings.Builder
	run.Stderr = &stderr
	out, err := run.Output()
	if code := run.ProcessState.ExitCode(); code > 1 || code == 1 && !strings.Contains(string(out), "rejected") {
		t.Errorf("%s: exit %d, %v: %s", command, code, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// Every section of the page shows what its command prints. The same command without --dry-run records that, and again nothing.
func TestMovingIn_EveryToolIsReadAsThePageSays(t *testing.T) {
	text, err := os.ReadFile(movingInPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)\n```\n\n```text\n(.*?)\n```")
	all := blocks.FindAllStringSubmatch(page, -1)
	if len(all) < 20 {
		t.Fatalf("the page has %d commands", len(all))
	}
	dir, env := moveIn(t)
	for _, found := range all {
		got := printed(t, dir, env, found[1])
		if diff := cmp.Diff(found[2], got); diff != "" && !*update {
			t.Errorf("%s (-page +command):\n%s\nTo write the page anew: go test ./internal/e2e -run %s -update", found[1], diff, t.Name())
		}
		page = strings.Replace(page, found[0], "```sh\n"+found[1]+"\n```\n\n```text\n"+got+"\n```", 1)
	}
	if *update {
		if err := os.WriteFile(movingInPage, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	counts := regexp.MustCompile(`^\d+ rows?: (\d+) (?:would be )?recorded, (\d+) duplicates?, (\d+) skipped, (\d+) rejected`)
	for _, found := range all {
		command := strings.TrimSuffix(found[1], " --dry-run")
		first := counts.FindStringSubmatch(printed(t, dir, env, command))
		again := counts.FindStringSubmatch(printed(t, dir, env, command))
		if first == nil || again == nil || again[1] != "0" || again[3] != first[3] || again[4] != first[4] {
			t.Errorf("%s: first %q, again %q", command, first, again)
		}
	}
}

func TestListsIn_CommandsWork(t *testing.T) {
	dir, env := moveIn(t)
	for _, line := range block(t, "docs/lists-in.md", "Import a list", 1) {
		runAsWritten(t, dir, env, line)
	}
	runAsWritten(t, dir, env, strings.Join(block(t, "docs/lists-in.md", "Undo", 1), " && "))
}
