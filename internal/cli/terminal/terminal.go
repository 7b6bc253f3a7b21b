// Package terminal is what a command talks to: standard input, output and error, and the files that are named in their place. It writes
// results as text or as JSON, notes for people, progress and errors, and asks questions.
//
// Results go to standard output, all else to standard error. What comes from elsewhere is made printable.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
)

// Terminal is where the commands of one run read from and write to.
type Terminal struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// interruptible makes a reader that stops waiting when the run is interrupted.
	interruptible func(io.Reader) io.Reader
	// Bars is set where progress is shown, Asks where questions are answered.
	Bars bool
	Asks bool
	// Format is how results and errors are written: text or json.
	Format value.Choice
}

// New makes a terminal of streams. It shows progress and asks questions where they lead to a person.
func New(stdin io.Reader, stdout, stderr io.Writer) *Terminal {
	return &Terminal{
		Stdin: stdin, Stdout: stdout, Stderr: &lockedWriter{to: stderr},
		Bars: isTerminal(stderr), Asks: isTerminal(stdin) && isTerminal(stderr),
		Format: value.NewChoice("text", "text", "json"),
	}
}

// EndWith makes readers stop waiting when the context ends.
func (t *Terminal) EndWith(ctx context.Context) {
	t.interruptible = func(from io.Reader) io.Reader { return newInterruptible(ctx, from) }
	t.Stdin = t.interruptible(t.Stdin)
}

// ToPerson reports whether a person sits at the other end of standard output.
func (t *Terminal) ToPerson() bool { return isTerminal(t.Stdout) }

// lockedWriter lets several goroutines write whole lines.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// isTerminal reports whether a person sits at the other end.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// JSON reports whether results are written as JSON.
func (t *Terminal) JSON() bool { return t.Format.Value == "json" }

// Argument returns the argument, or for - the first line of standard input.
func (t *Terminal) Argument(arg string) (string, error) {
	if arg != listfile.Standard {
		return arg, nil
	}
	text, err := io.ReadAll(io.LimitReader(t.Stdin, 64<<10))
	if err != nil {
		return "", fmt.Errorf("standard input cannot be read: %w", err)
	}
	line, rest, _ := strings.Cut(string(text), "\n")
	if strings.TrimSpace(rest) != "" {
		return "", Usagef("standard input has more than one line")
	}
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", Usagef("standard input is empty")
	}
	return line, nil
}

// Notef writes a line for people to standard error.
func (t *Terminal) Notef(format string, args ...any) {
	// An error of writing to standard error has no place left to be shown.
	_, _ = fmt.Fprintf(t.Stderr, format+"\n", args...)
}

// Ask returns nil when the person at the terminal, or --yes, says yes.
func (t *Terminal) Ask(question string, yes bool) error {
	if yes {
		return nil
	}
	if !t.Asks {
		return Usagef("confirmation is required, but standard input is not a terminal: use --yes")
	}
	if _, err := t.Stderr.Write([]byte(question + " [y/N] ")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(t.Stdin).ReadString('\n')
	if err != nil && answer == "" {
		t.Notef("")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("standard input cannot be read: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		t.Notef("Nothing was done.")
		return ExitCode(ExitFailed)
	}
}

// OrDash keeps a column of a table from being empty.
func OrDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
