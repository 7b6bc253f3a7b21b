// Package yamltext builds the tree of a YAML document, shows its nodes in messages for people, and finds misspelt keys, alike for every kind of
// document.
package yamltext

import (
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/assent-io/assent/internal/nearest"
)

// Of returns what a scalar says, numbers as they are written: a version 1.10 is not 1.1. Truth values and nothing are no text.
func Of(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

// Kind names what a node is.
func Kind(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "an empty value"
	case *ast.BoolNode:
		return "a truth value"
	default:
		return "a single value"
	}
}

// Quote shows a value, cut where it is long.
func Quote(s string) string {
	const shown = 60
	if runes := []rune(s); len(runes) > shown {
		return fmt.Sprintf("%q…", string(runes[:shown]))
	}
	return fmt.Sprintf("%q", s)
}

// Meant returns, by the unknown keys of a mapping, which of the known keys each is meant to be: the nearest one that the mapping
// does not have otherwise.
func Meant(mapping *ast.MappingNode, known []string) map[string]string {
	missing := slices.Clone(known)
	var unknown []string
	for _, entry := range mapping.Values {
		key, ok := Of(entry.Key)
		if ok && !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == key })
	}
	meant := map[string]string{}
	for _, key := range unknown {
		name := nearest.Name(key, missing)
		if name == "" || meant[key] != "" {
			continue
		}
		meant[key] = name
		missing = slices.DeleteFunc(missing, func(other string) bool { return other == name })
	}
	return meant
}

// Parse builds the trees of what a lexer found, one a document. Keys that a mapping has twice are let through: the reader reports them with
// everything else. The text comes from outside, so a fault of the library ends as a message here, and not the process. The message is empty where
// nothing is wrong; the line is 0 where it is not known. It has no excerpt of the document, as the library's own has, which takes long to make.
func Parse(tokens token.Tokens) (file *ast.File, line int, message string) {
	defer func() {
		if p := recover(); p != nil {
			file, line, message = nil, 0, fmt.Sprintf("it cannot be read (%v)", p)
		}
	}()
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, 0, ""
	}
	if syntax, ok := errors.AsType[yaml.Error](err); ok {
		return nil, syntax.GetToken().Position.Line, syntax.GetMessage()
	}
	return nil, 0, err.Error()
}
