package yamltext

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

func TestOfAndKind_SayWhatStandsThere(t *testing.T) {
	for document, want := range map[string]struct {
		text string
		is   bool
		kind string
	}{
		"plain":      {"plain", true, "a single value"},
		"1.10":       {"1.10", true, "a single value"},
		"|\n  block": {"block", true, "a single value"},
		"true":       {"", false, "a truth value"},
		"null":       {"", false, "an empty value"},
		"[a, b]":     {"", false, "a list"},
		"{a: b}":     {"", false, "a mapping"},
	} {
		file, err := parser.ParseBytes([]byte(document), 0)
		if err != nil {
			t.Fatal(err)
		}
		node := file.Docs[0].Body
		if text, is := Of(node); text != want.text || is != want.is {
			t.Errorf("%q: Of gives %q, %t; want %q, %t", document, text, is, want.text, want.is)
		}
		if kind := Kind(node); kind != want.kind {
			t.Errorf("%q: Kind gives %q, want %q", document, kind, want.kind)
		}
	}
}

func TestQuote_CutsWhatIsLong(t *testing.T) {
	if got := Quote("a\tb"); got != `"a\tb"` {
		t.Errorf("got %s", got)
	}
	if got, want := Quote(strings.Repeat("ä", 61)), `"`+strings.Repeat("ä", 60)+`"…`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParse_SaysTheLineOfWhatIsWrong_AndLetsKeysThroughThatAreTwice(t *testing.T) {
	file, line, message := Parse(lexer.Tokenize("a: 1\na: 2\n"))
	if file == nil || message != "" {
		t.Errorf("keys that are there twice: line %d, %s", line, message)
	}
	file, line, message = Parse(lexer.Tokenize("a: 1\nb: [1, 2\n"))
	if file != nil || line != 2 || message == "" {
		t.Errorf("a list without an end: line %d, %q", line, message)
	}
}
