// Package yamltext shows the nodes of a YAML document in messages for people, and finds misspelt keys, alike for every kind of
// document.
package yamltext

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"

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
