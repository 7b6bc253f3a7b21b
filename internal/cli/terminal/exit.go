package terminal

import "fmt"

// The exit codes of commands.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitDenied = 3
	// ExitTryAgain is EX_TEMPFAIL of sysexits.h: a mail server that hands a mail to a command keeps it and comes again.
	ExitTryAgain = 75
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

// Coded is an error that ends a command with an exit code of its own.
type Coded struct {
	Err  error
	Code int
}

func (e *Coded) Error() string { return e.Err.Error() }

func (e *Coded) Unwrap() error { return e.Err }
