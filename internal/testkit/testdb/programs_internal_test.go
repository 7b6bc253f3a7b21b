package testdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// install makes a folder that looks as if PostgreSQL's programs were in it.
func install(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil { //nolint:gosec // It stands for a program.
			t.Fatal(err)
		}
	}
}

func TestFindPrograms_None_SaysHowToGetThem(t *testing.T) {
	_, err := findPrograms(t.TempDir(), filepath.Join(t.TempDir(), "*"))
	if !errors.Is(err, errNoPostgres) {
		t.Fatalf("err = %v, want %v", err, errNoPostgres)
	}
	for _, way := range []string{"ASSENT_TEST_POSTGRES_URL", "apt-get install postgresql", "make test"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("the error does not name %q: %v", way, err)
		}
	}
}

func TestFindPrograms_SeveralVersions_TakesTheHighest(t *testing.T) {
	root := t.TempDir()
	for _, v := range []string{"9", "15", "17"} {
		install(t, filepath.Join(root, v, "bin"), "initdb", "pg_ctl", "postgres")
	}
	install(t, filepath.Join(root, "18", "bin"), "initdb") // A client's package only.
	got, err := findPrograms("", filepath.Join(root, "*", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "17", "bin"); got != want {
		t.Errorf("findPrograms = %s, want %s", got, want)
	}
}

func TestFindPrograms_LinkInPath_LeadsToTheFolder(t *testing.T) {
	programs, links := filepath.Join(t.TempDir(), "bin"), t.TempDir()
	install(t, programs, "initdb", "pg_ctl", "postgres")
	if err := os.Symlink(filepath.Join(programs, "initdb"), filepath.Join(links, "initdb")); err != nil {
		t.Fatal(err)
	}
	got, err := findPrograms(links, "")
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := filepath.EvalSymlinks(programs); got != want {
		t.Errorf("findPrograms = %s, want %s", got, want)
	}
}

func TestWithDatabase_NoURL_IsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, given := range []string{"host=/tmp password=secret", "mysql://u:secret@localhost/x", "postgres://u:secret@[::1/x"} {
		_, err := withDatabase(given, "fresh")
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("withDatabase(%q): %v", given, err)
		}
	}
}

func TestWithDatabase_KeepsTheRest(t *testing.T) {
	got, err := withDatabase("postgres://u:p@db:5433/old?sslmode=require", "fresh")
	if want := "postgres://u:p@db:5433/fresh?sslmode=require"; err != nil || got != want {
		t.Errorf("withDatabase = %q, %v, want %q", got, err, want)
	}
}

func TestNewCluster_SettingThatPostgresRefuses_SaysWhyAndLeavesNothing(t *testing.T) {
	if _, err := initialised(); err != nil { // It stays until the test binary ends.
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", shortTempDir(t))
	_, err := newCluster("no_such_setting = 1")
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("err = %v, want PostgreSQL's own words", err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// shortTempDir makes a folder that user postgres may enter; t.TempDir is for
// its owner only.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "testkit-") //nolint:usetesting // See above.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o1777); err != nil { //nolint:gosec // As /tmp is.
		t.Fatal(err)
	}
	return dir
}

func TestSharedServer_URLGiven_IsUsedAsItIs(t *testing.T) {
	const given = "postgres://somebody@db.example:5433/postgres"
	t.Setenv("ASSENT_TEST_POSTGRES_URL", given)
	got, err := sharedServer()
	if err != nil || got.url != given || got.cluster != nil {
		t.Errorf("sharedServer = %+v, %v, want the given server and none of its own", got, err)
	}
}
