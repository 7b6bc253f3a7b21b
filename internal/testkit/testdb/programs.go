package testdb

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// errNoPostgres tells a developer how to get a server.
var errNoPostgres = errors.New("no PostgreSQL for the tests: set ASSENT_TEST_POSTGRES_URL to the URL of a server " +
	"on which databases may be created, or install PostgreSQL's server programs " +
	"(Debian, Ubuntu: apt-get install postgresql); `make test` installs them when it runs as root")

// PostgresProgram returns the path of a program of PostgreSQL, such as pg_dump,
// of the version that the servers of the tests have.
func PostgresProgram(t testing.TB, name string) string {
	t.Helper()
	bin, err := findPrograms(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(bin, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the folder with PostgreSQL's programs lacks %s, which this test needs", name)
	}
	return path
}

// findPrograms returns the folder that holds initdb, pg_ctl and postgres: one
// that a folder of path leads to, else the highest version among the folders
// that pattern matches, which is where Debian puts them.
func findPrograms(path, pattern string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			continue
		}
		// A link in PATH leads to the folder where the other programs are.
		target, err := filepath.EvalSymlinks(filepath.Join(dir, "initdb"))
		if err == nil && hasPrograms(filepath.Dir(target)) {
			return filepath.Dir(target), nil
		}
	}
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !hasPrograms(dir) })
	if len(dirs) == 0 {
		return "", errNoPostgres
	}
	return slices.MaxFunc(dirs, func(a, b string) int { return version(a) - version(b) }), nil
}

// hasPrograms reports whether all that is needed can be run from dir.
func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// version returns the major version in a path such as /usr/lib/postgresql/17/bin,
// and 0 where there is none.
func version(dir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return n
}
