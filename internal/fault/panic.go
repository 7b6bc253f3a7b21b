package fault

import (
	"fmt"
	"runtime"
)

// PanicText returns what a log may say of a value that was recovered from a panic: the text of an error of the runtime, and of any other value
// its type alone, for its text may hold what a request held.
func PanicText(thrown any) string {
	if broken, ok := thrown.(runtime.Error); ok {
		return broken.Error()
	}
	return fmt.Sprintf("a value of type %T", thrown)
}
