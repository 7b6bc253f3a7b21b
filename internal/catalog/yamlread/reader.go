// Package yamlread reads what the parts of a catalog document are made of: mappings with known keys, lists, texts, ids, periods and other values.
// What is wrong is gathered with its line and path, so that one reading says all of it. What the values mean is the matter of package catalog.
package yamlread

import (
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/catalog/problem"
)

// MaxProblems is how many problems, and how many warnings, are reported of one document; one more says that others are left out.
const MaxProblems = 100

// Lines are the lines of a document, from 1, by the path of what stands there, such as channels[2].class; that of the document is empty.
type Lines map[string]int

// Of returns the line of a path. A key that the document leaves out has the line of the part that lacks it.
func (l Lines) Of(path string) int {
	for path != "" {
		if line, ok := l[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return l[""]
}

// Reader walks the tree of a document, gathers problems instead of stopping
// at the first, and remembers the line of every path it passes.
type Reader struct {
	file     string
	stored   bool
	lines    Lines
	problems []problem.Problem
	warnings []problem.Problem
}

// New returns a reader of the document that problems call file. One that is stored was accepted before, so that rules added since only warn.
func New(file string, stored bool) *Reader {
	return &Reader{file: file, stored: stored, lines: Lines{}}
}

// File returns what problems call the document.
func (r *Reader) File() string { return r.file }

// Lines returns the lines of all that was passed.
func (r *Reader) Lines() Lines { return r.lines }

// Given reports whether something stands at the path and was passed.
func (r *Reader) Given(path string) bool {
	_, given := r.lines[path]
	return given
}

// Failed reports whether there is a problem.
func (r *Reader) Failed() bool { return len(r.problems) > 0 }

// Problems returns what is wrong, in the order of the lines.
func (r *Reader) Problems() []problem.Problem { return problem.InOrder(r.problems) }

// Warnings returns what is allowed but likely to be a mistake, in the order of the lines.
func (r *Reader) Warnings() []problem.Problem { return problem.InOrder(r.warnings) }

// Fail reports a problem at a path that was passed.
func (r *Reader) Fail(path, format string, args ...any) {
	r.FailAt(r.lines[path], path, format, args...)
}

// FailAt reports a problem at a line; 0: it has no place in the document.
func (r *Reader) FailAt(line int, path, format string, args ...any) {
	r.problems = r.add(r.problems, line, path, fmt.Sprintf(format, args...))
}

// Warn reports what is allowed but likely to be a mistake.
func (r *Reader) Warn(path, format string, args ...any) {
	r.warnings = r.add(r.warnings, r.lines.Of(path), path, fmt.Sprintf(format, args...))
}

// Refuse reports what breaks a rule that documents of before did not know: a problem, but of a stored document a warning.
func (r *Reader) Refuse(path, format string, args ...any) {
	if r.stored {
		r.Warn(path, format, args...)
		return
	}
	r.Fail(path, format, args...)
}

func (r *Reader) add(to []problem.Problem, line int, path, message string) []problem.Problem {
	switch {
	case len(to) > MaxProblems:
		return to
	case len(to) == MaxProblems:
		message, path = fmt.Sprintf("there are more than %d problems; the others are left out", MaxProblems), ""
	}
	return append(to, problem.Problem{File: r.file, Line: line, Path: path, Message: message})
}
