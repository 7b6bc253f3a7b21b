package layers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tables of docs/architecture.md name a package by its path below internal, and a use case by its path below internal/service.
func TestArchitecture_ItsTablesNameEveryPackage(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	word := regexp.MustCompile("`([a-z0-9/]+)`")
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for _, found := range word.FindAllStringSubmatch(cells[1], -1) {
			named[strings.TrimPrefix(found[1], "internal/")] = true
		}
	}
	seen := 0
	for _, p := range list(t) {
		name, inside := strings.CutPrefix(p.name(), "internal/")
		if !inside || name == "service" {
			continue
		}
		seen++
		if !named[name] && !named[strings.TrimPrefix(name, "service/")] {
			t.Errorf("no table of docs/architecture.md has a row for the package %s", p.name())
		}
	}
	if seen < 60 {
		t.Errorf("only %d packages were looked for", seen)
	}
}
