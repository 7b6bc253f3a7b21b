package catalog

import "github.com/assent-io/assent/internal/catalog/problem"

// Problem is one thing that is wrong with a document, as package problem has it.
type Problem = problem.Problem

// Invalid is the error of a document that is refused.
type Invalid = problem.Invalid

// Code tells problems apart that callers treat differently.
type Code = problem.Code

// The codes of problems that callers treat differently.
const (
	CodeVersionInUse    = problem.CodeVersionInUse
	CodeInUse           = problem.CodeInUse
	CodeOtherDepartment = problem.CodeOtherDepartment
)
