// Package reach says which desks a client works on: those of all departments, or that of its own.
package reach

import "github.com/assent-io/assent/internal/service/access"

// Reaches reports whether a desk, or a case at it, is one that the caller works on; an empty department is that of the officers.
func Reaches(who *access.Caller, department string) bool {
	return who.AllDepartments || department != "" && department == who.Department
}

// Narrow makes a department that was asked for one that the caller may see, and reports whether there is anything to see.
func Narrow(who *access.Caller, department *string) bool {
	if who.AllDepartments {
		return true
	}
	asked := *department
	*department = who.Department
	return asked == "" || asked == who.Department
}
