package layers

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list -json` says about a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// name is the package's path below the module.
func (p pkg) name() string {
	return strings.TrimPrefix(p.ImportPath, module)
}

// list returns the packages of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", module+"...")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	var all []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no package")
	}
	return all
}

func TestImports_PointOneWay(t *testing.T) {
	for _, p := range list(t) {
		for _, fault := range edgeFaults(p, allowed()) {
			t.Error(fault)
		}
	}
}

func TestPackages_AreSmallRooms(t *testing.T) {
	for _, p := range list(t) {
		limit, lines := maxLines, 0
		if larger, ok := largerRooms()[p.name()]; ok {
			limit = larger
		}
		for _, file := range p.GoFiles {
			lines += handWritten(t, filepath.Join(p.Dir, file))
		}
		if lines > limit {
			t.Errorf("%s has %d lines, and %d is the most: give a part of it a package of its own", p.name(), lines, limit)
		}
	}
}

// handWritten returns how many lines a file has; 0 of one that is generated.
func handWritten(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(string(text), "// Code generated") {
		return 0
	}
	return strings.Count(string(text), "\n")
}

func TestImports_DriversAndProtos_StayWhereTheyBelong(t *testing.T) {
	for _, p := range list(t) {
		for _, fault := range confinementFaults(p, confined()) {
			t.Error(fault)
		}
	}
}

func TestConsent_ImportsOnlyTheStandardLibraryAddressAndCatalog(t *testing.T) {
	domain := []string{"internal/consent", "internal/consent/codec", "internal/consent/statement"}
	for _, p := range list(t) {
		if !slices.Contains(domain, p.name()) {
			continue
		}
		for _, path := range p.Imports {
			if !standard(path) && !strings.HasPrefix(path, module) {
				t.Errorf("%s imports %s", p.name(), path)
			}
		}
	}
}

func TestDomain_KnowsNoClockAndNoSurroundings(t *testing.T) {
	for _, p := range list(t) {
		if !slices.Contains(pure(), p.name()) {
			continue
		}
		for _, path := range p.Imports {
			if slices.Contains(impure(), path) {
				t.Errorf("%s imports %s", p.name(), path)
			}
		}
		for _, file := range p.GoFiles {
			for _, use := range clockUses(t, filepath.Join(p.Dir, file), nil) {
				t.Errorf("%s asks the clock: the time is a parameter there", use)
			}
		}
	}
}

// edgeFaults says which imports of p its row in the table does not allow.
func edgeFaults(p pkg, table map[string][]string) []string {
	row, ok := table[p.name()]
	if !ok {
		return []string{p.name() + " has no row in the table of internal/tools/layers: give it its place"}
	}
	var faults []string
	for _, path := range p.Imports {
		target, inside := strings.CutPrefix(path, module)
		if inside && !slices.Contains(row, target) {
			faults = append(faults, p.name()+" may not import "+target)
		}
	}
	for _, target := range row {
		if !slices.Contains(p.Imports, module+target) {
			faults = append(faults, p.name()+" does not import "+target+": take it out of its row")
		}
	}
	return faults
}

// confinementFaults says which imports of p are confined to other packages.
func confinementFaults(p pkg, table map[string][]string) []string {
	var faults []string
	for _, path := range p.Imports {
		for prefix, homes := range table {
			below := strings.HasPrefix(path, prefix) && (strings.HasSuffix(prefix, "/") || path == prefix || path[len(prefix)] == '/')
			if below && !slices.Contains(homes, p.name()) {
				faults = append(faults, p.name()+" may not import "+path)
			}
		}
	}
	return faults
}

// standard reports whether path is of the standard library. Only its paths
// have no dot in their first part.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// clockUses returns where a file uses the clock. The text is read from the
// file when src is nil.
func clockUses(t *testing.T, file string, src any) []string {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	name := "time"
	for _, spec := range tree.Imports {
		if spec.Path.Value == `"time"` && spec.Name != nil {
			name = spec.Name.Name
		}
	}
	var uses []string
	ast.Inspect(tree, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from, ok := selector.X.(*ast.Ident)
		if ok && from.Name == name && slices.Contains(clockFunctions(), selector.Sel.Name) {
			uses = append(uses, set.Position(node.Pos()).String()+": time."+selector.Sel.Name)
		}
		return true
	})
	return uses
}
