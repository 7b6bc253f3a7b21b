package fault_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/fault"
)

// declaredCodes reads the constants of type Code from the source.
func declaredCodes(t *testing.T) []fault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []fault.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Code" {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s is not a literal", spec.Names[0])
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, fault.Code(text))
		return true
	})
	return declared
}

func TestAllCodes_HasEveryCodeThatIsDeclared(t *testing.T) {
	want, got := declaredCodes(t), fault.AllCodes()
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 {
		t.Fatal("found no code in the source")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("AllCodes is not what is declared (-declared +got):\n%s", diff)
	}
}

func TestError_Because_IsUnwrappedButNeverTold(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:5432")
	err := fault.Errorf(fault.Unavailable, "", "the database is not available").Because(cause)
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got := err.Error(); got != "STORE_UNAVAILABLE: the database is not available" {
		t.Errorf("the text is %q", got)
	}
	if told, jsonErr := json.Marshal(err); jsonErr != nil || strings.Contains(string(told), "10.0.0.7") {
		t.Errorf("as JSON it is %s, %v", told, jsonErr)
	}
	if fault.Errorf(fault.InUse, "", "in use").Unwrap() != nil {
		t.Error("an error without a cause has one")
	}
}
