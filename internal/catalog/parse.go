package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/assent-io/assent/internal/yamltext"
)

// What a document may hold. The limits keep the work that a document causes
// within bounds and lie far above what companies have.
const (
	maxDocument     = 1 << 20 // octets
	maxTokens       = 250_000 // words and signs of YAML
	maxDepth        = 16      // of nested mappings and sequences
	maxKeys         = 64      // of one mapping
	maxProblems     = 100     // reported of one document
	maxControllers  = 100
	maxRecipients   = 1000
	maxDepartments  = 500
	maxChannels     = 1000
	maxSenders      = 500
	maxDeclarations = 1000
	maxVersions     = 200  // of one declaration
	maxList         = 1000 // entries of any other list
)

// Parse reads a catalog document in YAML; name is what problems call it,
// usually its file. It returns the catalog and what is allowed but likely to
// be a mistake. The error is an *Invalid with every problem found, and then
// there is no catalog.
func Parse(name string, document []byte) (*Catalog, []Problem, error) {
	d := &decoder{file: name, lines: map[string]int{}}
	return d.parse(d.read(document))
}

// ParseStored reads a document that was accepted before, such as a version of the catalog that is in the database. It does what
// Parse does, but rules that became stricter since then do not refuse it, for what was decided by it must stay readable: look-alike
// senders are a warning, as is a soft opt-in by terms without assessment, and counts_as: contract, which counts as none.
func ParseStored(name string, document []byte) (*Catalog, []Problem, error) {
	d := &decoder{file: name, stored: true, lines: map[string]int{}}
	return d.parse(d.read(document))
}

// ParseNode reads a catalog that is part of a larger YAML file. The tree of that file is
// already there; lines are those of the file. It does what Parse does from
// there on.
func ParseNode(name string, node ast.Node) (*Catalog, []Problem, error) {
	d := &decoder{file: name, lines: map[string]int{}}
	return d.parse(node)
}

// parse reads the catalog from the tree, unless there is none because the
// document could not be read.
func (d *decoder) parse(body ast.Node) (*Catalog, []Problem, error) {
	c := &Catalog{file: d.file, lines: d.lines}
	if body != nil {
		d.catalog(c, body)
		c.index()
		d.validate(c)
		d.lookalikes(c)
		d.advise(c)
	}
	if len(d.problems) > 0 {
		return nil, inOrder(d.warnings), &Invalid{Problems: inOrder(d.problems)}
	}
	return c, inOrder(d.warnings), nil
}

func inOrder(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
	return problems
}

// read turns the document into a tree, or reports why it cannot and returns
// nil.
func (d *decoder) read(document []byte) ast.Node {
	switch {
	case len(document) > maxDocument:
		d.failAt(0, "", "the document is larger than %d octets", maxDocument)
		return nil
	case !utf8.Valid(document):
		d.failAt(1+bytes.Count(document[:validPrefix(document)], []byte("\n")), "", "the document is not valid UTF-8")
		return nil
	}
	if at := bytes.IndexFunc(document, isControl); at >= 0 {
		control, _ := utf8.DecodeRune(document[at:])
		d.failAt(1+bytes.Count(document[:at], []byte("\n")), "", "the document holds the control character %U: remove it", control)
		return nil
	}
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	document = bytes.ReplaceAll(document, []byte("\r\n"), []byte("\n"))
	tokens := lexer.Tokenize(string(document))
	if line, message := checkTokens(tokens); message != "" {
		d.failAt(line, "", "%s", message)
		return nil
	}
	file, line, message := yamltext.Parse(tokens)
	if message != "" {
		d.failAt(line, "", "the document is not valid YAML: %s", message)
		return nil
	}
	switch {
	case len(file.Docs) > 1:
		d.failAt(0, "", severalDocuments)
		return nil
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		d.failAt(0, "", "the document is empty; a catalog needs at least one channel")
		return nil
	}
	return file.Docs[0].Body
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
	case open[len(open)-1].entries > maxList:
		return fmt.Sprintf("a list has more than %d entries", maxList)
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
