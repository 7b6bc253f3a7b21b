package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/yamltext"
)

// Problem is one thing that is wrong with a scenario file.
type Problem struct {
	File    string
	Line    int // from 1; 0 when it has no place in the file
	Message string
}

// String returns the problem on one line.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Invalid is the error of a scenario file that cannot be read. It holds at least one problem, in the order of the lines.
type Invalid struct{ Problems []Problem }

// Error returns the problems, one a line.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems keeps the report of a file that is something else altogether readable.
const maxProblems = 100

// decoder gathers problems instead of stopping at the first.
type decoder struct {
	file     string
	problems []Problem
}

func (d *decoder) fail(line int, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, Problem{d.file, line, fmt.Sprintf(format, args...)})
	}
}

// object is a mapping; its keys are known to be allowed.
type object struct {
	d      *decoder
	line   int
	fields map[string]ast.Node
	lines  map[string]int
}

// object reads a mapping with the keys. Others, and a key that comes twice, are problems.
func (d *decoder) object(node ast.Node, what string, keys ...string) *object {
	o := &object{d: d, line: lineOf(node), fields: map[string]ast.Node{}, lines: map[string]int{}}
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		d.fail(o.line, "%s is a mapping with the keys %s, not %s", what, strings.Join(keys, ", "), yamltext.Kind(node))
		return nil
	}
	meant := yamltext.Meant(mapping, keys)
	for _, entry := range mapping.Values {
		line := entry.Key.GetToken().Position.Line
		key, _ := yamltext.Of(entry.Key)
		switch {
		case meant[key] != "":
			// It is read as what was meant: what would follow from its absence would hide the cause.
			d.fail(line, "unknown key %s; did you mean %s?", yamltext.Quote(key), meant[key])
			o.fields[meant[key]], o.lines[meant[key]] = entry.Value, line
		case !slices.Contains(keys, key):
			d.fail(line, "unknown key %s; %s has the keys %s", yamltext.Quote(entry.Key.GetToken().Value), what, strings.Join(keys, ", "))
		case o.fields[key] != nil:
			d.fail(line, "the key %s is given twice, first on line %d", key, o.lines[key])
		default:
			o.fields[key], o.lines[key] = entry.Value, line
		}
	}
	return o
}

func (o *object) has(key string) bool { return o.fields[key] != nil }

func (o *object) fail(key, format string, args ...any) {
	line := o.lines[key]
	if line == 0 {
		line = o.line
	}
	o.d.fail(line, key+": "+format, args...)
}

// require reports the keys that are missing, and whether none is.
func (o *object) require(keys ...string) bool {
	complete := true
	for _, key := range keys {
		if !o.has(key) {
			o.d.fail(o.line, "the key %s is missing", key)
			complete = false
		}
	}
	return complete
}

// text reads a text; empty when the key is missing or wrong.
func (o *object) text(key string) string {
	if !o.has(key) {
		return ""
	}
	s, ok := yamltext.Of(o.fields[key])
	if !ok {
		o.fail(key, "this must be text, not %s", yamltext.Kind(o.fields[key]))
	}
	return s
}

// maybe reads a text that need not be there.
func (o *object) maybe(key string) *string {
	if !o.has(key) {
		return nil
	}
	s := o.text(key)
	return &s
}

// texts reads a list of texts; nil when the key is missing.
func (o *object) texts(key string) []string {
	items := o.list(key)
	if items == nil {
		return nil
	}
	texts := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := yamltext.Of(item)
		if !ok {
			o.d.fail(lineOf(item), "%s: this must be text, not %s", key, yamltext.Kind(item))
		}
		texts = append(texts, s)
	}
	return texts
}

// list reads a sequence; nil when the key is missing.
func (o *object) list(key string) []ast.Node {
	if !o.has(key) {
		return nil
	}
	sequence, ok := o.fields[key].(*ast.SequenceNode)
	if !ok {
		o.fail(key, "this must be a list, not %s", yamltext.Kind(o.fields[key]))
		return nil
	}
	return append([]ast.Node{}, sequence.Values...)
}

// flag reads a truth value; false when the key is missing.
func (o *object) flag(key string) bool {
	if !o.has(key) {
		return false
	}
	b, ok := o.fields[key].(*ast.BoolNode)
	if !ok {
		o.fail(key, "this must be true or false, not %s", yamltext.Kind(o.fields[key]))
		return false
	}
	return b.Value
}

// number reads a whole number within bounds; 0 when the key is missing or wrong.
func (o *object) number(key string, from, to int) int {
	if !o.has(key) {
		return 0
	}
	text, _ := yamltext.Of(o.fields[key])
	n, err := strconv.Atoi(text)
	if err != nil || n < from || n > to {
		o.fail(key, "this must be a whole number from %d to %d", from, to)
		return 0
	}
	return n
}

// oneOf reads a word of a closed set; empty when the key is missing or wrong.
func (o *object) oneOf(key string, words ...string) string {
	s := o.text(key)
	if o.has(key) && !slices.Contains(words, s) {
		o.fail(key, "%s is not allowed; use one of %s", yamltext.Quote(s), strings.Join(words, ", "))
		return ""
	}
	return s
}

// lineOf returns the line on which a node begins.
func lineOf(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}
