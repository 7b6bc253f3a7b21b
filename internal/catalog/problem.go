package catalog

import "github.com/assent-io/assent/internal/catalog/problem"

// What is wrong with a document is told in the words of package problem.
type (
	Problem = problem.Problem
	Invalid = problem.Invalid
	Code    = problem.Code
)

// The codes of problems that callers treat differently.
const (
	CodeVersionInUse    = problem.CodeVersionInUse
	CodeInUse           = problem.CodeInUse
	CodeOtherDepartment = problem.CodeOtherDepartment
)
