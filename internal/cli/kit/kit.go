// Package kit is what families of commands that have a package of their own share with the rest of the command line.
package kit

import (
	"context"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
)

// Kit makes commands that ask a server.
type Kit struct {
	*terminal.Terminal

	// Asking makes the function of a command that asks a server.
	Asking func(do func(ctx context.Context, args []string, s *connect.Server) error) func(*cobra.Command, []string) error
	// Doing makes the function of a command that asks no server.
	Doing func(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error
	// Complete and Require are what the shell offers for a flag, and which flags are needed.
	Complete func(cmd *cobra.Command, flag string, words ...string)
	Require  func(cmd *cobra.Command, flags ...string)
	// Yes adds the flag --yes.
	Yes func(cmd *cobra.Command, yes *bool)
	// Variable returns a variable of the environment; empty if it is not set.
	Variable func(name string) string
	// NoArguments refuses any argument.
	NoArguments cobra.PositionalArgs
}

// AddChannels adds the flag --channel, which may be given several times.
func AddChannels(flags *pflag.FlagSet, to *[]string, usage string) {
	flags.StringSliceVar(to, "channel", nil, usage)
}

// AddRequestID adds the flag --request-id.
func AddRequestID(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "request-id", "", "UUID that makes a repetition of the command safe (default: a new one)")
}

// RequestID returns the request id that was given, or a new one: calls are repeated by the command itself while the server is away.
func RequestID(given string) string {
	if given != "" {
		return given
	}
	return uuid.NewString()
}

// OrAll returns a text, or that it is all where it is empty.
func OrAll(text string) string {
	if text == "" {
		return "(all)"
	}
	return text
}
