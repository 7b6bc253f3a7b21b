package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
)

// Surroundings are what a test puts in the place of the process.
type Surroundings struct {
	Env    map[string]string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Local  Local
	// Terminal pretends that a person sits at the other end.
	Terminal bool
}

// RunIn is Run in surroundings of a test, which waits only a moment before it
// tries again.
func RunIn(ctx context.Context, in Surroundings, args ...string) int {
	return run(ctx, args, appIn(in))
}

// Root returns the tree of commands in surroundings of a test.
func Root(in Surroundings) *cobra.Command { return appIn(in).root() }

func appIn(in Surroundings) *app {
	return &app{
		env: func(name string) (string, bool) {
			value, ok := in.Env[name]
			return value, ok
		},
		Terminal: terminalIn(in),
		local:    in.Local, connection: connect.Options{
			Pauses: func(int) time.Duration { return time.Millisecond },
		},
	}
}

func terminalIn(in Surroundings) *terminal.Terminal {
	t := terminal.New(in.Stdin, in.Stdout, in.Stderr)
	t.Bars, t.Asks = in.Terminal, in.Terminal
	return t
}
