package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// axeFile is the file of axe-core in the cache of the user, where .ci/testdeps puts it.
const axeFile = "assent/axe-core-4.14.1.min.js"

// errNoAxe tells a developer how to get axe-core.
var errNoAxe = errors.New("no axe-core for the tests: run .ci/testdeps, which fetches it from the npm registry, or set ASSENT_AXE to the path of an axe.min.js")

// readAxe returns the program axe-core: the file that was set, else the one in the cache.
func readAxe(set string, cache func() (string, error)) (string, error) {
	path := set
	if path == "" {
		dir, err := cache()
		if err != nil {
			return "", fmt.Errorf("%w (%w)", errNoAxe, err)
		}
		path = filepath.Join(dir, filepath.FromSlash(axeFile))
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", errNoAxe, err)
	}
	return string(program), nil
}

// Violations returns what axe-core finds on the page against the rules of WCAG 2.2 up to AA and its best practices, one line each: the rule, what
// it asks for, and the nodes.
func (p *Page) Violations() []string {
	p.t.Helper()
	program, err := readAxe(os.Getenv("ASSENT_AXE"), os.UserCacheDir)
	if err != nil {
		p.t.Fatal(err)
	}
	tags, err := json.Marshal([]string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"})
	if err != nil {
		p.t.Fatal(err)
	}
	Evaluate[bool](p, program+";true")
	return Evaluate[[]string](p, `axe.run(document, {runOnly: `+string(tags)+`, resultTypes: ["violations"]}).then(found =>
		found.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html.slice(0, 120)).join(" | ")))`)
}
