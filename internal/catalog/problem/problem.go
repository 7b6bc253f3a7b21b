// Package problem is what is wrong with a catalog document, told by file, line and place in it.
package problem

import (
	"fmt"
	"slices"
	"strings"
)

// Code tells problems apart that callers treat differently. It is empty for
// what is wrong with a document by itself.
type Code string

// The codes of problems.
const (
	// CodeVersionInUse: a declaration version that a grant refers to would
	// change or go.
	CodeVersionInUse Code = "VERSION_IN_USE"
	// CodeInUse: a part that events refer to would go, or change its nature.
	CodeInUse Code = "IN_USE"
	// CodeOtherDepartment: a part that is not of the department of the client
	// that applies the document would change.
	CodeOtherDepartment Code = "OTHER_DEPARTMENT"
)

// Problem is one thing that is wrong with a document, or, as a warning, one
// that is likely to be.
type Problem struct {
	File    string
	Line    int    // from 1; 0 when the problem has no place in the document
	Path    string // such as channels[2].class; empty for the document
	Message string
	Code    Code
}

// String returns the problem on one line: file:line: path: message.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path)
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// InOrder sorts problems by their lines, in place, and returns them.
func InOrder(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
	return problems
}

// Invalid is the error of a document that is refused. It holds at least one
// problem, in the order of the lines.
type Invalid struct {
	Problems []Problem
}

// Error returns the problems, one a line.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}
