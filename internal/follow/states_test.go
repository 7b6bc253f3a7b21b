package follow_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/assent-io/assent/internal/follow"
)

func TestStates_AreAllThatAreDeclared(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "follower.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []follow.State
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "State" {
			return true
		}
		for _, value := range spec.Values {
			literal, ok := value.(*ast.BasicLit)
			if !ok {
				t.Fatalf("a state is no literal: %v", value)
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, follow.State(text))
		}
		return true
	})
	if len(declared) == 0 || !slices.Equal(follow.States(), declared) {
		t.Errorf("States returns %v, declared are %v", follow.States(), declared)
	}
}
