package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/yamltext"
)

// What a file may hold keeps the work that it causes within bounds.
const (
	maxFile  = 8 << 20 // octets
	maxDepth = 24      // of nested mappings and sequences
)

// Load reads the scenarios of a file. The error is an [Invalid], or that of reading the file.
func Load(path string) ([]Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a scenario file: %w", err)
	}
	return Parse(path, data, os.ReadFile)
}

// Parse reads the scenarios of a file that is called name. Catalogs that it names by their path are read with open, once each;
// the path is that of the file's folder joined with the one written. The error is an [Invalid] with all problems found.
func Parse(name string, data []byte, open func(path string) ([]byte, error)) ([]Scenario, error) {
	d := &decoder{file: name}
	docs := d.read(data)
	r := &catalogs{d: d, data: normal(data), open: open, read: map[string]*document{}}
	var scenarios []Scenario
	for i, doc := range docs {
		if doc.Body == nil {
			continue
		}
		s, o := d.scenario(doc.Body)
		if s == nil {
			continue
		}
		if o.has("catalog") {
			s.Catalog, s.CatalogDocument = r.catalogOf(o, docs[i+1:])
		}
		scenarios = append(scenarios, *s)
	}
	if len(scenarios) == 0 && len(d.problems) == 0 {
		d.fail(0, "the file has no scenario")
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &Invalid{d.problems}
	}
	return scenarios, nil
}

func normal(data []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

// read turns the file into trees, one a document.
func (d *decoder) read(data []byte) []*ast.DocumentNode {
	switch {
	case len(data) > maxFile:
		d.fail(0, "the file is larger than %d octets", maxFile)
		return nil
	case !utf8.Valid(data):
		d.fail(0, "the file is not valid UTF-8")
		return nil
	}
	tokens := lexer.Tokenize(string(normal(data)))
	if line, message := checkTokens(tokens); message != "" {
		d.fail(line, "%s", message)
		return nil
	}
	file, line, message := yamltext.Parse(tokens)
	if message != "" {
		d.fail(line, "this is not valid YAML: %s", message)
		return nil
	}
	return file.Docs
}

// checkTokens refuses, before any tree is built, what a scenario has no use for and what would nest deeply.
func checkTokens(tokens token.Tokens) (line int, message string) {
	var columns []int // of the blocks that are open
	flow := 0
	enter := func(column int) {
		for len(columns) > 0 && columns[len(columns)-1] >= column {
			columns = columns[:len(columns)-1]
		}
		columns = append(columns, column)
	}
	for i, tk := range tokens {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return tk.Position.Line, "anchors, aliases, merge keys, tags, directives and complex keys are not allowed"
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			enter(tk.Position.Column)
		case token.MappingValueType:
			if flow <= 0 && i > 0 {
				enter(tokens[i-1].Position.Column)
			}
		case token.DocumentHeaderType, token.DocumentEndType:
			columns, flow = nil, 0
		default:
		}
		if len(columns)+max(flow, 0) > maxDepth {
			return tk.Position.Line, fmt.Sprintf("mappings and sequences are nested more than %d deep", maxDepth)
		}
	}
	return 0, ""
}

// catalogs reads the catalogs of a file's scenarios.
type catalogs struct {
	d    *decoder
	data []byte
	open func(path string) ([]byte, error)
	read map[string]*document
}

// document is a catalog that was read; without catalog it is one that cannot be.
type document struct {
	catalog *catalog.Catalog
	text    []byte
}

// catalogOf reads the catalog of a scenario: its path, or the catalog itself. Later are the documents that follow.
func (c *catalogs) catalogOf(o *object, later []*ast.DocumentNode) (*catalog.Catalog, []byte) {
	if _, inline := o.fields["catalog"].(*ast.MappingNode); inline {
		return c.inline(o, later)
	}
	path := o.text("catalog")
	if path == "" {
		return nil, nil
	}
	path = filepath.Join(filepath.Dir(c.d.file), filepath.FromSlash(path))
	known, seen := c.read[path]
	if !seen {
		known = &document{}
		c.read[path] = known
		text, err := c.open(path)
		if err != nil {
			o.fail("catalog", "reading the catalog: %v", err)
			return nil, nil
		}
		known.text, known.catalog = text, c.parse(path, text, o.lines["catalog"])
	}
	return known.catalog, known.text
}

func (c *catalogs) parse(name string, text []byte, line int) *catalog.Catalog {
	parsed, _, err := catalog.Parse(name, text)
	if invalid, ok := errors.AsType[*catalog.Invalid](err); ok {
		for _, p := range invalid.Problems {
			if p.File == c.d.file {
				c.d.fail(p.Line, "%s", strings.TrimPrefix(p.String(), fmt.Sprintf("%s:%d: ", p.File, p.Line)))
				continue
			}
			c.d.fail(line, "the catalog is refused: %s", p)
		}
		return nil
	}
	if err != nil {
		c.d.fail(line, "the catalog is refused: %v", err)
		return nil
	}
	return parsed
}
