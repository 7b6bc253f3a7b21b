package consent_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

// declaredCodes reads the codes from the source, so that a new one cannot be left out anywhere.
func declaredCodes(t *testing.T) []consent.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatalf("reading the source: %v", err)
	}
	var codes []consent.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatalf("reading a code: %v", err)
				}
				codes = append(codes, consent.Code(text))
			}
		}
		return true
	})
	return codes
}

func TestAllCodes_AreThoseThatAreDeclared(t *testing.T) {
	want := declaredCodes(t)
	if len(want) < 40 {
		t.Fatalf("only %d codes were found in the source", len(want))
	}
	if got := consent.AllCodes(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCodes_EachHasASentenceInBothLanguagesAndWhatWouldChangeIt(t *testing.T) {
	seen := map[string]consent.Code{}
	for _, code := range consent.AllCodes() {
		allows := strings.HasPrefix(string(code), "ALLOW_")
		for _, lang := range []locale.Language{locale.English, locale.German} {
			explanation, remedy := code.Explanation(lang), code.Remedy(lang)
			if !isSentence(explanation) {
				t.Errorf("%s: the explanation %q is no sentence", code, explanation)
			}
			if other, twice := seen[explanation]; twice {
				t.Errorf("%s and %s are explained alike", code, other)
			}
			seen[explanation] = code
			if allows != (remedy == "") || remedy != "" && !isSentence(remedy) {
				t.Errorf("%s: the remedy is %q", code, remedy)
			}
		}
		if !allows && code.Remedy(locale.English) == code.Remedy(locale.German) {
			t.Errorf("%s: the remedy is not translated", code)
		}
	}
	if unknown := consent.Code("OF_TOMORROW"); unknown.Explanation(locale.German)+unknown.Remedy(locale.English) != "" {
		t.Error("a code that is unknown is explained")
	}
}

// isSentence is whether the text is one sentence: a capital first, a full stop last, and none between but of abbreviations.
func isSentence(text string) bool {
	inner, full := strings.CutSuffix(text, ".")
	inner = strings.NewReplacer("Art. ", "", "Abs. ", "").Replace(inner)
	return full && len(text) > 20 && !strings.Contains(inner, ". ") && strings.ToUpper(text[:1]) == text[:1] && strings.TrimSpace(text) == text
}
