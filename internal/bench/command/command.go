// Package command is the command line of assent-bench: it measures a server of its own, or fills one that runs.
//
// Results go to standard output, all else to standard error. It exits as assent does: with 0 when done, 1 when it failed, 2 when it
// was called wrongly, and with 128 and the number of a signal that ended it.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/heapfloor"
	"github.com/assent-io/assent/internal/telemetry"
)

// What the program exits with.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitSignal = 128 // and the number of the signal
)

// Main runs the command line of this process until a signal ends it, and returns what the process exits with.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	heapfloor.Set(heapfloor.Size)
	return Run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
}

// Run runs the command that the arguments, without the program's name, ask for and returns what the process exits with. It ends
// early when the context does.
func Run(ctx context.Context, args []string, env func(string) (string, bool), stdout, stderr io.Writer) int {
	p := &program{env: env, stdout: stdout, stderr: stderr, format: "text"}
	root := p.root() //nolint:contextcheck // Cobra hands the context to the commands when they run.
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled):
		p.fail("INTERRUPTED", "interrupted", exitSignal+int(syscall.SIGINT))
		return exitSignal + int(syscall.SIGINT)
	}
	_, wrong := errors.AsType[*usageError](err)
	_, unusable := errors.AsType[*terminal.UsageError](err) // of the flags of the connection
	if wrong || unusable || !p.running {
		p.fail("USAGE", err.Error(), exitUsage)
		return exitUsage
	}
	text := err.Error()
	if failed, ok := errors.AsType[*connect.Error](err); ok {
		text, _ = failed.Describe()
	}
	p.fail("FAILED", text, exitFailed)
	return exitFailed
}

// program is what the commands of one run share.
type program struct {
	env            func(string) (string, bool)
	stdout, stderr io.Writer
	format         string
	// running is set when the arguments were understood: what fails before that is the caller's mistake.
	running bool
}

// usageError is the caller's mistake, found after the arguments were understood.
type usageError struct{ error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// does makes the function of a command: from here on the arguments are understood.
func (p *program) does(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(formats(), p.format) {
			return usagef("--format must be text or json")
		}
		p.running = true
		return do(cmd.Context(), args)
	}
}

func formats() []string { return []string{"text", "json"} }

func (p *program) root() *cobra.Command {
	root := p.measure()
	root.Version = telemetry.BuildVersion()
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.PersistentFlags().StringVar(&p.format, "format", p.format, "how results and errors are written: text or json")
	if err := root.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp)); err != nil {
		root.PrintErrln(err) // It fails only for a flag that is not there.
	}
	root.AddCommand(p.load())
	return root
}

// isJSON reports whether results are written as JSON.
func (p *program) isJSON() bool { return p.format == "json" }

// fail writes an error as assent does: one line, or with --format json one line of JSON.
func (p *program) fail(code, text string, exit int) {
	if !p.isJSON() {
		p.notef("assent-bench: %s", text)
		if exit == exitUsage {
			p.notef("Run `assent-bench --help` for how it is called.")
		}
		return
	}
	encoder := json.NewEncoder(p.stderr)
	encoder.SetEscapeHTML(false)
	// An error of writing to standard error has no place left to be shown.
	_ = encoder.Encode(map[string]any{"error": map[string]any{"code": code, "message": text, "violations": []string{}, "exitCode": exit}})
}

// notef writes a line for people to standard error.
func (p *program) notef(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...) // As in fail.
}

// isTerminal reports whether a person sits at the other end.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
