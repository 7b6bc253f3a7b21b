package consent_test

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

	"github.com/assent-io/assent/internal/consent"
)

// declaredFaults reads the constants of type Fault from the source.
func declaredFaults(t *testing.T) []consent.Fault {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []consent.Fault
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Fault" {
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
		declared = append(declared, consent.Fault(text))
		return true
	})
	return declared
}

func TestAllFaults_HasEveryFaultThatIsDeclared(t *testing.T) {
	want, got := declaredFaults(t), consent.AllFaults()
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 {
		t.Fatal("found no fault in the source")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("AllFaults is not what is declared (-declared +got):\n%s", diff)
	}
}

func TestError_Because_IsUnwrappedButNeverTold(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:5432")
	err := consent.Faultf(consent.FaultUnavailable, "", "the database is not available").Because(cause)
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got := err.Error(); got != "STORE_UNAVAILABLE: the database is not available" {
		t.Errorf("the text is %q", got)
	}
	if told, jsonErr := json.Marshal(err); jsonErr != nil || strings.Contains(string(told), "10.0.0.7") {
		t.Errorf("as JSON it is %s, %v", told, jsonErr)
	}
	if consent.Faultf(consent.FaultInUse, "", "in use").Unwrap() != nil {
		t.Error("an error without a cause has one")
	}
}
