package yamlread

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/yamltext"
)

// Object is a mapping of the document; its keys are known to be allowed.
type Object struct {
	r      *Reader
	path   string
	fields map[string]ast.Node
	broken bool // was no mapping: everything in it is missing, and that is said
}

// Document reads the mapping that is the whole document, as [Reader.Object].
func (r *Reader) Document(body ast.Node, keys ...string) *Object {
	r.lines[""] = firstLine(body)
	return r.Object(body, "", keys...)
}

// Missing stands for a mapping that the document leaves out: its keys are missing, and that is no problem.
func (r *Reader) Missing(path string) *Object { return &Object{r: r, path: path, broken: true} }

// Object reads a mapping. Keys that are not among the given ones, and keys
// that come twice, are problems.
func (r *Reader) Object(node ast.Node, path string, keys ...string) *Object {
	o := &Object{r: r, path: path, fields: map[string]ast.Node{}}
	if _, known := r.lines[path]; !known {
		r.lines[path] = node.GetToken().Position.Line
	}
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		r.Fail(path, "this must be a mapping with the keys %[2]s, not %[1]s", yamltext.Kind(node), strings.Join(keys, ", "))
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
			r.FailAt(at, path, "unknown key %s; did you mean %s?", yamltext.Quote(key), meant[key])
			o.fields[meant[key]] = entry.Value
			r.lines[o.At(meant[key])] = at
		case !ok || !slices.Contains(keys, key):
			r.FailAt(at, path, "unknown key %s; the keys here are %s", yamltext.Quote(entry.Key.GetToken().Value), strings.Join(keys, ", "))
		case twice:
			r.FailAt(at, o.At(key), "the key is given twice, first on line %d", r.lines[o.At(key)])
		default:
			o.fields[key] = entry.Value
			r.lines[o.At(key)] = at
		}
	}
	return o
}

// At returns the path of a key of the object.
func (o *Object) At(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// Fail reports a problem of a key.
func (o *Object) Fail(key, format string, args ...any) { o.r.Fail(o.At(key), format, args...) }

// Refuse reports of a key what [Reader.Refuse] reports of a path.
func (o *Object) Refuse(key, format string, args ...any) { o.r.Refuse(o.At(key), format, args...) }

// Warn reports of a key what is likely to be a mistake.
func (o *Object) Warn(key, format string, args ...any) { o.r.Warn(o.At(key), format, args...) }

// Has reports whether the mapping has the key.
func (o *Object) Has(key string) bool { return o.fields[key] != nil }

// Node returns what stands under a key; nil when it is missing.
func (o *Object) Node(key string) ast.Node { return o.fields[key] }

// Require reports the keys that are missing.
func (o *Object) Require(keys ...string) {
	for _, key := range keys {
		if !o.Has(key) && !o.broken {
			o.r.Fail(o.path, "the key %s is missing", key)
		}
	}
}

// Child reads the mapping under a key, or returns nil when the key is missing.
func (o *Object) Child(key string, keys ...string) *Object {
	if !o.Has(key) {
		return nil
	}
	return o.r.Object(o.fields[key], o.At(key), keys...)
}

// Item is an entry of a sequence, or what stands in the place of one.
type Item struct {
	Node ast.Node
	Path string
	r    *Reader
}

// Fail reports a problem of the entry.
func (i Item) Fail(format string, args ...any) { i.r.Fail(i.Path, format, args...) }

// Warn reports of the entry what is likely to be a mistake.
func (i Item) Warn(format string, args ...any) { i.r.Warn(i.Path, format, args...) }

// Object reads the entry as a mapping, as [Reader.Object].
func (i Item) Object(keys ...string) *Object { return i.r.Object(i.Node, i.Path, keys...) }

// Items reads the sequence under a key, which is not empty and has at most
// the given number of entries.
func (o *Object) Items(key string, limit int) []Item {
	if !o.Has(key) {
		return nil
	}
	sequence, ok := o.fields[key].(*ast.SequenceNode)
	switch {
	case !ok:
		o.Fail(key, "this must be a list, not %s", yamltext.Kind(o.fields[key]))
		return nil
	case len(sequence.Values) == 0:
		o.Fail(key, "the list is empty; omit the key or add an entry")
		return nil
	case len(sequence.Values) > limit:
		o.Fail(key, "the list has %d entries; at most %d are allowed", len(sequence.Values), limit)
		return nil
	}
	items := make([]Item, len(sequence.Values))
	for i, node := range sequence.Values {
		items[i] = Item{Node: node, Path: fmt.Sprintf("%s[%d]", o.At(key), i), r: o.r}
		o.r.lines[items[i].Path] = firstLine(node)
	}
	return items
}

// OneOrMore reads the entries of a list, or the one mapping that may stand in its place.
func (o *Object) OneOrMore(key string, limit int) []Item {
	if node, ok := o.fields[key].(*ast.MappingNode); ok {
		return []Item{{Node: node, Path: o.At(key), r: o.r}}
	}
	return o.Items(key, limit)
}

// firstLine returns the line on which a node begins.
func firstLine(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}
