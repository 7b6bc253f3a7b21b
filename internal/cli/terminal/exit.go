package terminal

import "fmt"

// The exit codes of commands.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitDenied = 3
	// ExitPipe is for a reader of standard output that went away, as shells have
	// it for SIGPIPE.
	ExitPipe = 141
)

// UsageError is the caller's mistake, whenever it is found.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

// Usagef makes an error that is the caller's mistake.
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// ExitCode ends a command with this code and nothing more to say.
type ExitCode int

func (e ExitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }
