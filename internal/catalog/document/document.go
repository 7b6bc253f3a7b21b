// Package document turns the text of a catalog into a tree, and refuses before that what a catalog has no use for and what would make building
// the tree slow or deep.
package document

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/assent-io/assent/internal/yamltext"
)

// What a document may hold.
const (
	maxOctets = 1 << 20
	maxTokens = 250_000 // words and signs of YAML
	maxDepth  = 16      // of nested mappings and sequences
	maxKeys   = 64      // of one mapping
	// MaxList is how many entries a list has at most.
	MaxList = 1000
)

// Read returns the tree of a document; or nil and, in words for people, why there is none, with the line, 0 where it is the document as a whole.
func Read(document []byte) (body ast.Node, line int, message string) {
	switch {
	case len(document) > maxOctets:
		return nil, 0, fmt.Sprintf("the document is larger than %d octets", maxOctets)
	case !utf8.Valid(document):
		return nil, 1 + bytes.Count(document[:validPrefix(document)], []byte("\n")), "the document is not valid UTF-8"
	}
	if at := bytes.IndexFunc(document, isControl); at >= 0 {
		control, _ := utf8.DecodeRune(document[at:])
		return nil, 1 + bytes.Count(document[:at], []byte("\n")), fmt.Sprintf("the document holds the control character %U: remove it", control)
	}
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	document = bytes.ReplaceAll(document, []byte("\r\n"), []byte("\n"))
	tokens := lexer.Tokenize(string(document))
	if line, message := checkTokens(tokens); message != "" {
		return nil, line, message
	}
	file, line, message := yamltext.Parse(tokens)
	switch {
	case message != "":
		return nil, line, "the document is not valid YAML: " + message
	case len(file.Docs) > 1:
		return nil, 0, severalDocuments
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return nil, 0, "the document is empty; a catalog needs at least one channel"
	default:
		return file.Docs[0].Body, 0, ""
	}
}

// isControl reports whether r is a control character that no document holds: all but tabs and line breaks.
func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }

func validPrefix(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

// block is a mapping or sequence in block style that is open at a column.
type block struct{ column, keys, entries int }

// checkTokens refuses, before any tree is built, what a catalog has no use
// for and what would make building it slow or deep: anchors, aliases, merge
// keys, tags, directives, complex keys, deep nesting, mappings of many keys,
// lists of many entries, several documents.
func checkTokens(tokens token.Tokens) (line int, message string) {
	if len(tokens) > maxTokens {
		return 0, fmt.Sprintf("the document has more than %d tokens", maxTokens)
	}
	var open []block
	flow, headers := 0, 0
	for i, tk := range tokens {
		if message = checkToken(tk); message != "" {
			return tk.Position.Line, message
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			open = enter(open, tk.Position.Column)
			open[len(open)-1].entries++
		case token.MappingValueType:
			if flow == 0 && i > 0 {
				open = enter(open, tokens[i-1].Position.Column)
				open[len(open)-1].keys++
			}
		case token.DocumentHeaderType:
			headers++
		default:
		}
		if message = checkShape(open, flow, headers); message != "" {
			return tk.Position.Line, message
		}
	}
	return 0, ""
}

// checkToken says what is wrong with a token by itself.
func checkToken(tk *token.Token) (message string) {
	switch tk.Type {
	case token.InvalidType:
		return "the document is not valid YAML: " + tk.Error
	case token.AnchorType, token.AliasType, token.MergeKeyType:
		return "anchors, aliases and merge keys are not allowed; write the value out"
	case token.TagType, token.DirectiveType, token.MappingKeyType:
		return "tags, directives and complex keys are not allowed"
	default:
		return ""
	}
}

// checkShape says what is wrong with the blocks that are open.
func checkShape(open []block, flow, headers int) (message string) {
	switch {
	case headers > 1:
		return severalDocuments
	case len(open)+max(flow, 0) > maxDepth:
		return fmt.Sprintf("mappings and sequences are nested more than %d deep", maxDepth)
	case len(open) == 0:
		return ""
	case open[len(open)-1].keys > maxKeys:
		return fmt.Sprintf("a mapping has more than %d keys", maxKeys)
	case open[len(open)-1].entries > MaxList:
		return fmt.Sprintf("a list has more than %d entries", MaxList)
	default:
		return ""
	}
}

const severalDocuments = "the file holds several documents; a catalog is a single one"

// enter closes the blocks that end where an entry begins at the column, and
// opens one there unless it is open.
func enter(open []block, column int) []block {
	for len(open) > 0 && open[len(open)-1].column > column {
		open = open[:len(open)-1]
	}
	if len(open) > 0 && open[len(open)-1].column == column {
		return open
	}
	return append(open, block{column: column})
}
