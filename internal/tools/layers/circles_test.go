package layers

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// maxCircle is how many files of a package may refer to each other in a circle: they can only be read together.
const maxCircle = 8

func TestPackages_HaveNoLargeCircleOfFiles(t *testing.T) {
	for _, p := range typeChecked(t, module+"...") {
		graph := fileGraph(p)
		graph.remove(hubs()[strings.TrimPrefix(p.PkgPath, module)])
		if circle := graph.largestCircle(); len(circle) > maxCircle {
			t.Errorf("%s: %d files refer to each other in a circle, and %d is the most: %s", p.PkgPath, len(circle), maxCircle,
				strings.Join(circle, ", "))
		}
	}
}

// hubs names the files that are left out, for they list every part of their package, and every part uses what they offer: the root of the
// commands and the list of the conformance tests.
func hubs() map[string]string {
	return map[string]string{"internal/cli": "cli.go", "internal/storage/storagetest": "storagetest.go"}
}

func TestLargestCircle_IsTheLargestSetOfFilesThatReachEachOther(t *testing.T) {
	graph := files{
		"a.go": {"b.go": true}, "b.go": {"c.go": true}, "c.go": {"a.go": true, "d.go": true},
		"d.go": {"e.go": true}, "e.go": {"d.go": true}, "f.go": {},
	}
	if got, want := graph.largestCircle(), []string{"a.go", "b.go", "c.go"}; !slices.Equal(got, want) {
		t.Errorf("largestCircle = %v, want %v", got, want)
	}
	graph.remove("b.go")
	if got, want := graph.largestCircle(), []string{"d.go", "e.go"}; !slices.Equal(got, want) {
		t.Errorf("without b.go: %v, want %v", got, want)
	}
}

func typeChecked(t *testing.T, pattern string) []*packages.Package {
	t.Helper()
	all, err := packages.Load(&packages.Config{
		Mode:    packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
		Context: t.Context(),
	}, pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, problem := range p.Errors {
			t.Fatal(problem)
		}
	}
	return all
}

// files says which files of a package each file refers to: by a name of the package, or a method or field of one of its types.
type files map[string]map[string]bool

func fileGraph(p *packages.Package) files {
	nameOf := func(at token.Pos) string { return filepath.Base(p.Fset.Position(at).Filename) }
	graph := files{}
	for _, file := range p.Syntax {
		from := nameOf(file.Pos())
		graph[from] = map[string]bool{}
		ast.Inspect(file, func(node ast.Node) bool {
			name, ok := node.(*ast.Ident)
			if !ok {
				return true
			}
			used := p.TypesInfo.Uses[name]
			if used == nil || used.Pkg() != p.Types || !isShared(used) {
				return true
			}
			if to := nameOf(used.Pos()); to != from {
				graph[from][to] = true
			}
			return true
		})
	}
	return graph
}

// isShared reports whether an object can be used in more than one file: what a function declares for itself cannot.
func isShared(o types.Object) bool {
	if variable, ok := o.(*types.Var); ok && variable.IsField() {
		return true
	}
	if function, ok := o.(*types.Func); ok && function.Signature().Recv() != nil {
		return true
	}
	return o.Parent() == o.Pkg().Scope()
}

func (f files) remove(name string) {
	delete(f, name)
	for _, targets := range f {
		delete(targets, name)
	}
}

// reachable returns the files that can be reached from one.
func (f files) reachable(from string) map[string]bool {
	reached, waiting := map[string]bool{}, []string{from}
	for len(waiting) > 0 {
		next := waiting[0]
		waiting = waiting[1:]
		for to := range f[next] {
			if !reached[to] {
				reached[to] = true
				waiting = append(waiting, to)
			}
		}
	}
	return reached
}

// largestCircle returns the largest set of files that can all be reached from each other, sorted.
func (f files) largestCircle() (largest []string) {
	reach := map[string]map[string]bool{}
	for file := range f {
		reach[file] = f.reachable(file)
	}
	for file := range f {
		var circle []string
		for other := range reach[file] {
			if reach[other][file] {
				circle = append(circle, other)
			}
		}
		slices.Sort(circle)
		if len(circle) > len(largest) || len(circle) == len(largest) && slices.Compare(circle, largest) < 0 {
			largest = circle
		}
	}
	return largest
}
