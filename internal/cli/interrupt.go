package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/heapfloor"
)

// exitSignal is what a process exits with that a signal ended, less the number
// of the signal: 130 is SIGINT, as shells have it.
const exitSignal = 128

// Main runs the command line of this process until a signal ends it, and
// returns what the process exits with.
func Main() int {
	ctx, stop := notifyContext(context.Background())
	defer stop()
	heapfloor.Set(heapfloor.Size)
	// A reader that goes away, such as head, is an error of the write: without
	// this the process would end there and leave temporary files behind.
	signal.Ignore(syscall.SIGPIPE)
	return Run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr)
}

// interruption is the cause with which a context ends when a signal arrives.
type interruption struct{ signal syscall.Signal }

func (i interruption) Error() string { return "ended by the signal: " + i.signal.String() }

// Is makes an interruption a cancellation.
func (i interruption) Is(target error) bool { return target == context.Canceled }

// notifyContext returns a context that the first signal ends which asks the
// process to end. The second one ends the process at once. Signals that the
// process was started to ignore, as by nohup, are still ignored.
func notifyContext(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	wanted := slices.DeleteFunc([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(wanted) == 0 {
		return ctx, func() { cancel(nil) }
	}
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, wanted...)
	go func() {
		select {
		case s := <-arrived:
			signal.Stop(arrived)
			if number, ok := s.(syscall.Signal); ok {
				cancel(interruption{number})
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(arrived)
		cancel(nil)
	}
}

// isInterrupted reports whether an error came about because the context ended.
func isInterrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled)
}

// interruptedCode returns what the process exits with after its context ended.
func interruptedCode(ctx context.Context) int {
	number := syscall.SIGINT
	if by, ok := errors.AsType[interruption](context.Cause(ctx)); ok {
		number = by.signal
	}
	return exitSignal + int(number)
}
