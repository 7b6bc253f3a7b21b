package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/yamltext"
)

// decoder walks the tree of a document, gathers problems instead of stopping
// at the first, and remembers the line of every path it passes.
type decoder struct {
	file     string
	stored   bool // the document was accepted before, so that rules added since only warn
	lines    map[string]int
	problems []Problem
	warnings []Problem
}

// fail reports a problem at a path that was passed.
func (d *decoder) fail(path, format string, args ...any) {
	d.failAt(d.lines[path], path, format, args...)
}

func (d *decoder) failAt(line int, path, format string, args ...any) {
	d.problems = d.add(d.problems, line, path, fmt.Sprintf(format, args...))
}

func (d *decoder) warn(path, format string, args ...any) {
	d.warnings = d.add(d.warnings, lineOf(d.lines, path), path, fmt.Sprintf(format, args...))
}

// refuse reports what breaks a rule that documents of before did not know: a problem, but of a stored document a warning.
func (d *decoder) refuse(path, format string, args ...any) {
	if d.stored {
		d.warn(path, format, args...)
		return
	}
	d.fail(path, format, args...)
}

func (d *decoder) add(to []Problem, line int, path, message string) []Problem {
	switch {
	case len(to) > maxProblems:
		return to
	case len(to) == maxProblems:
		message, path = fmt.Sprintf("there are more than %d problems; the others are left out", maxProblems), ""
	}
	return append(to, Problem{File: d.file, Line: line, Path: path, Message: message})
}

// object is a mapping of the document; its keys are known to be allowed.
type object struct {
	d      *decoder
	path   string
	fields map[string]ast.Node
	broken bool // was no mapping: everything in it is missing, and that is said
}

// object reads a mapping. Keys that are not among the given ones, and keys
// that come twice, are problems.
func (d *decoder) object(node ast.Node, path string, keys ...string) *object {
	o := &object{d: d, path: path, fields: map[string]ast.Node{}}
	if _, known := d.lines[path]; !known {
		d.lines[path] = node.GetToken().Position.Line
	}
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		d.fail(path, "this must be a mapping with the keys %[2]s, not %[1]s", yamltext.Kind(node), strings.Join(keys, ", "))
		o.broken = true
		return o
	}
	meant := yamltext.Meant(mapping, keys)
	for _, entry := range mapping.Values {
		at := entry.Key.GetToken().Position.Line
		key, ok := yamltext.Of(entry.Key)
		switch _, twice := o.fields[key]; {
		case ok && meant[key] != "":
			// It is read as what was meant: what would follow from its absence would hide the cause.
			d.failAt(at, path, "unknown key %s; did you mean %s?", yamltext.Quote(key), meant[key])
			o.fields[meant[key]] = entry.Value
			d.lines[o.at(meant[key])] = at
		case !ok || !slices.Contains(keys, key):
			d.failAt(at, path, "unknown key %s; the keys here are %s", yamltext.Quote(entry.Key.GetToken().Value), strings.Join(keys, ", "))
		case twice:
			d.failAt(at, o.at(key), "the key is given twice, first on line %d", d.lines[o.at(key)])
		default:
			o.fields[key] = entry.Value
			d.lines[o.at(key)] = at
		}
	}
	return o
}

// at returns the path of a key of the object.
func (o *object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

func (o *object) fail(key, format string, args ...any) { o.d.fail(o.at(key), format, args...) }

func (o *object) has(key string) bool { return o.fields[key] != nil }

// require reports the keys that are missing.
func (o *object) require(keys ...string) {
	for _, key := range keys {
		if !o.has(key) && !o.broken {
			o.d.fail(o.path, "the key %s is missing", key)
		}
	}
}

// child reads the mapping under a key, or returns nil when the key is missing.
func (o *object) child(key string, keys ...string) *object {
	if !o.has(key) {
		return nil
	}
	return o.d.object(o.fields[key], o.at(key), keys...)
}

// item is an entry of a sequence.
type item struct {
	node ast.Node
	path string
}

// items reads the sequence under a key, which is not empty and has at most
// the given number of entries.
func (o *object) items(key string, limit int) []item {
	if !o.has(key) {
		return nil
	}
	sequence, ok := o.fields[key].(*ast.SequenceNode)
	switch {
	case !ok:
		o.fail(key, "this must be a list, not %s", yamltext.Kind(o.fields[key]))
		return nil
	case len(sequence.Values) == 0:
		o.fail(key, "the list is empty; omit the key or add an entry")
		return nil
	case len(sequence.Values) > limit:
		o.fail(key, "the list has %d entries; at most %d are allowed", len(sequence.Values), limit)
		return nil
	}
	items := make([]item, len(sequence.Values))
	for i, node := range sequence.Values {
		items[i] = item{node: node, path: fmt.Sprintf("%s[%d]", o.at(key), i)}
		o.d.lines[items[i].path] = firstLine(node)
	}
	return items
}

// oneOrMore reads the entries of a list, or the one mapping that may stand in its place.
func (o *object) oneOrMore(key string, limit int) []item {
	if node, ok := o.fields[key].(*ast.MappingNode); ok {
		return []item{{node: node, path: o.at(key)}}
	}
	return o.items(key, limit)
}

// firstLine returns the line on which a node begins.
func firstLine(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}
