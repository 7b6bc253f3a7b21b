package testkit

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// VerifyNoLeaks runs the tests of a package and fails the package when
// goroutines are left afterwards. It is the body of TestMain and does not
// return:
//
//	func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }
//
// It calls each function of atEnd after the tests, before the process ends.
func VerifyNoLeaks(m *testing.M, atEnd ...func()) {
	end := goleak.Cleanup(func(code int) {
		for _, do := range atEnd {
			do()
		}
		os.Exit(code) //nolint:forbidigo // What goleak does without the option.
	})
	goleak.VerifyTestMain(m, append(ignored(), end)...)
}

// ignored lists the goroutines that may be left. A goroutine belongs here only when a library starts it, the library
// offers no way to end it, and there is one of it for the whole process; each entry says in a comment which library and
// why. No library in use needs one now. What Assent starts itself never belongs here: the code that creates a thing
// must close it.
func ignored() []goleak.Option {
	return []goleak.Option{}
}
