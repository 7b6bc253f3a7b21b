// Package yamltext shows the nodes of a YAML document in messages for people, alike for every kind of document.
package yamltext

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
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
		return "nothing"
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
