package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/testkit"
)

var update = flag.Bool("update", false, "write the files of testdata/golden anew")

// childVariable is set in a process that is to be the command line itself
// instead of its tests.
const childVariable = "ASSENT_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(cli.Main())
	}
	testkit.VerifyNoLeaks(m)
}

// result is what a run left.
type result struct {
	code   int
	stdout string
	stderr string
}

// runIn runs a command in surroundings without a server unless they name one.
func runIn(t *testing.T, in cli.Surroundings, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if in.Stdin == nil {
		in.Stdin = strings.NewReader("")
	}
	if in.Stdout == nil {
		in.Stdout = &stdout
	}
	in.Stderr = &stderr
	code := cli.RunIn(t.Context(), in, args...)
	return result{code, stdout.String(), stderr.String()}
}

// run runs a command without surroundings.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return runIn(t, cli.Surroundings{}, args...)
}

// run runs a command against the server.
func (f *fake) run(t *testing.T, args ...string) result {
	t.Helper()
	return f.runWith(t, "", args...)
}

// runWith is run with a text on standard input.
func (f *fake) runWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return runIn(t, cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": f.address}, Stdin: strings.NewReader(stdin)}, args...)
}

// must fails the test unless the run ended with the code.
func (r result) must(t *testing.T, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	return r
}

// last returns the last call that the server was asked, which must be of the
// type.
func last[M proto.Message](t *testing.T, f *fake) M {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		t.Fatal("the server was not asked")
	}
	message, ok := f.calls[len(f.calls)-1].(M)
	if !ok {
		t.Fatalf("the server was asked %T", f.calls[len(f.calls)-1])
	}
	return message
}

// golden compares a text with a file of testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		write(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// file makes a file in a new folder.
func file(t *testing.T, name, text string) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), name), text)
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// names returns what is in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func TestRun_WrongCall_ExitsWith2AndOneLine(t *testing.T) {
	for _, args := range [][]string{
		{"chek"},
		{"suppressions", "remove"},
		{"check"},
		{"check", "a@b.example"},
		{"check", "a@b.example", "c@d.example", "--channel", "c"},
		{"check", "a@b.example", "--channel", "c", "--out", "x"},
		{"check", "a@b.example", "--channel", "c", "--file", "x", "--out", "y"},
		{"check", "--channel", "c", "--file", "x"},
		{"check", "--channel", "c", "--file", "x", "--out", "y", "--denied", "y"},
		{"check", "--channel", "c", "--file", "x", "--out", "-", "--format", "json"},
		{"check", "a@b.example", "--channel", "c", "--as-of", "yesterday"},
		{"check", "a@b.example", "--channel", "c", "--server", "nowhere"},
		{"check", "a@b.example", "--channel", "c", "--format", "xml"},
		{"check", "a@b.example", "--channel", "c", "--unknown"},
		{"check", "a@b.example", "--channel", "c", "--tls", "--insecure"},
		{"grant", "a@b.example", "--channel", "c"},
		{"grant", "a@b.example", "--channel", "c", "--legal-basis", "hope"},
		{"grant", "a@b.example", "--channel", "c", "--legal-basis", "consent", "--declaration", "x"},
		{"withdraw", "a@b.example"},
		{"withdraw", "a@b.example", "--channel", "c", "--all-marketing"},
		{"suppressions", "add", "--reason", "MANUAL"},
		{"suppressions", "add", "a@b.example", "--domain", "b.example", "--reason", "MANUAL"},
		{"suppressions", "lift", "a@b.example", "--reason", "MANUAL"},
		{"import", "consents"},
		{"import", "consents", "-", "--rejected", "-"},
		{"clients", "create", "--id", "x"},
		{"clients", "create", "--id", "x", "--role", "sender"},
		{"clients", "create", "--id", "x", "--role", "admin", "--scope", "check"},
		{"clients", "create", "--id", "x", "--role", "admin", "--database-url", "sqlite:x"},
		{"clients", "revoke", "x"},
		{"erase"},
		{"erase", "a@b.example"},
		{"erase", "a@b.example", "--yes", "--at", "then"},
		{"erase", "returns", "x"},
		{"erase", "returns", "--since", "then"},
		{"move", "a@b.example", "--justification", "x"},
		{"move", "a@b.example", "b@b.example"},
		{"move", "-", "-", "--justification", "x"},
		{"void", "--justification", "x", "--yes"},
		{"void", "--position", "3", "--yes"},
		{"void", "--position", "3", "--justification", "x"},
		{"void", "--position", "3", "--batch", "b", "--justification", "x", "--yes"},
		{"void", "--position", "three", "--justification", "x", "--yes"},
		{"hold", "place", "a@b.example"},
		{"hold", "release", "a@b.example"},
		{"hold", "lift", "a@b.example"},
		{"claims", "list"},
		{"claims", "open", "--key", "k"},
		{"claims", "open", "x"},
		{"ledger", "purge", "x"},
		{"migrate", "down"},
		{"serve", "--log-level", "loud"},
		{"serve", "--witness-key", "x"},
		{"history", "a@b.example", "--format", "html", "--language", "fr"},
		{"keys", "show", "--database-url", "postgres://h/d"},
	} {
		got := run(t, args...)
		got.must(t, 2)
		if slices.Contains(args, "json") {
			continue // TestRun_JSON_WritesErrorsAsJSONToo has those.
		}
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "assent: ") || !strings.HasPrefix(lines[1], "Run `assent") || got.stdout != "" {
			t.Errorf("%v: stdout %q, stderr %q", args, got.stdout, got.stderr)
		}
	}
}

func TestRun_WrongCall_NeverRepeatsAnAddress(t *testing.T) {
	for _, args := range [][]string{
		{"anna@secret.example"},
		{"suppressions", "anna@secret.example"},
		{"check", "--as-of", "anna@secret.example"},
		{"check", "-anna@secret.example"},
		{"check", "--anna@secret.example"},
		{"check", "--format=anna@secret.example"},
		{"version", "anna@secret.example"},
		{"clients", "create", "--all-departments=anna@secret.example"},
		{"check", "a", "--channel", "c", "--server", "anna@secret.example"},
	} {
		if got := run(t, args...).must(t, 2); strings.Contains(got.stderr, "secret.example") {
			t.Errorf("%v: %s", args, got.stderr)
		}
	}
}

func TestRun_WrongFlagValue_IsShownUnlessItMayBeAnAddress_WithWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{
			[]string{"grant", "a@b.example", "--declaration", "foo"},
			`invalid argument "foo" for "--declaration" flag: it must be id@version, such as newsletter-signup@2026-01`,
		},
		{
			[]string{"grant", "a@b.example", "--declaration", "anna@secret.example@1"},
			`invalid argument "…" for "--declaration" flag: it must be id@version, such as newsletter-signup@2026-01`,
		},
		{
			[]string{"check", "a@b.example", "--as-of", "2026-10-01T08:00:00+24:00"},
			`invalid argument "2026-10-01T08:00:00+24:00" for "--as-of" flag: it must be a time such as 2026-10-01T08:00:00Z`,
		},
		{
			[]string{"check", "a@b.example", "--timeout", "anna@secret.example"},
			`invalid argument "…" for "--timeout" flag: time: invalid duration "…"`,
		},
		{
			[]string{"lists", "upload", "ecg", "ecg.hash", "--obtained-time", "2026-10-01T8:00:00Z"},
			`invalid argument "2026-10-01T8:00:00Z" for "--obtained-time" flag: it must be a time such as 2026-10-01T08:00:00Z`,
		},
		{
			[]string{"check", "a@b.example", "--as-of", "yesterday"},
			`invalid argument "yesterday" for "--as-of" flag: it must be a time such as 2026-10-01T08:00:00Z`,
		},
	} {
		got := run(t, c.args...).must(t, 2)
		if line, _, _ := strings.Cut(got.stderr, "\n"); line != "assent: "+c.want {
			t.Errorf("%v: %s", c.args, line)
		}
	}
}

func TestRun_NoCommand_ShowsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"suppressions"}, {"check", "--help"}, {"help", "import", "consents"}} {
		if got := run(t, args...).must(t, 0); !strings.Contains(got.stdout, "Usage:") || got.stderr != "" {
			t.Errorf("%v: stdout %q, stderr %q", args, got.stdout, got.stderr)
		}
	}
}

func TestCompletion_KnowsCommandsAndWords(t *testing.T) {
	if got := run(t, "completion", "bash").must(t, 0); !strings.Contains(got.stdout, "__start_assent") {
		t.Errorf("stdout %q", got.stdout)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"__complete", "sup"}, "suppressions"},
		{[]string{"__complete", "grant", "--legal-basis", ""}, "existing_customer"},
		{[]string{"__complete", "clients", "create", "--role", ""}, "officer"},
	} {
		got := run(t, c.args...).must(t, 0)
		if !slices.ContainsFunc(strings.Split(got.stdout, "\n"), func(l string) bool { return strings.HasPrefix(l, c.want) }) {
			t.Errorf("%v: %q", c.args, got.stdout)
		}
	}
}

func TestVersion_SaysWhichBuild(t *testing.T) {
	if got := run(t, "version").must(t, 0); !strings.HasPrefix(got.stdout, "assent ") || !strings.Contains(got.stdout, "go1.") {
		t.Errorf("stdout %q", got.stdout)
	}
	if flag, command := run(t, "--version").must(t, 0), run(t, "version"); flag.stdout != command.stdout {
		t.Errorf("--version says %q, version %q", flag.stdout, command.stdout)
	}
	got := decode[map[string]string](t, run(t, "version", "--format", "json").must(t, 0).stdout)
	if got["version"] == "" || got["goVersion"] == "" || got["platform"] == "" {
		t.Errorf("%v", got)
	}
}

// fullWriter takes nothing.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestRun_StandardOutputFails_IsAnError(t *testing.T) {
	got := runIn(t, cli.Surroundings{Stdout: fullWriter{}}, "version").must(t, 1)
	if !strings.HasPrefix(got.stderr, "assent: standard output: ") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestConfigCheck_SaysWhatIsWrong_OrThatNothingIs(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "assent.db")
	if got := run(t, "config", "check", "--database-url", database).must(t, 0); got.stdout != "the settings are valid\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if got := run(t, "config", "check", "--database-url", database, "--catalog", missing).must(t, 1); !strings.Contains(got.stdout, missing) {
		t.Errorf("stdout %q", got.stdout)
	}
	got := run(t, "config", "check", "--database-url", database, "--catalog", missing, "--format", "json").must(t, 1)
	if problems := decode[struct{ Problems []string }](t, got.stdout).Problems; len(problems) != 1 {
		t.Errorf("problems %q", problems)
	}
	run(t, "config", "check", "--log-level", "loud").must(t, 2)
}
