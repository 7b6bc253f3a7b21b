// Package cli is the command line: one file for each family of commands.
//
// Most commands are clients of the gRPC API. Those that open the database
// themselves go through the functions of Local.
//
// Results are written to standard output; progress, warnings and errors to
// standard error. An error is one line that begins with "assent: ", with a line
// for each field violation below it, or with --format json one line of JSON; it
// never repeats an address. Commands exit
// with 0 when done, 1 when it failed or did not hold, 2 when they were called
// wrongly; `assent check ADDRESS` exits with 3 when the address must not be
// contacted now. A command that a signal ends exits with 128 and the number of
// the signal, such as 130 after Ctrl-C, and leaves no temporary file behind.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/failure"
	"github.com/assent-io/assent/internal/cli/pages"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/telemetry"
)

// Run runs the command that the arguments, without the program's name, ask
// for and returns what the process exits with. It ends early when the context
// does.
func Run(
	ctx context.Context, args []string, env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer,
) int {
	return run(ctx, args, &app{
		env: env, Terminal: terminal.New(stdin, stdout, stderr),
		local: local(), ownsProcess: stderr == io.Writer(os.Stderr),
	})
}

// app is what the commands of one run share.
type app struct {
	env func(string) (string, bool)
	*terminal.Terminal
	// ownsProcess is set where standard error is that of the process, to which
	// libraries write by themselves: a server then routes their lines to its log.
	ownsProcess bool
	local       Local
	// running is set when the arguments were understood: what fails before that
	// is the caller's mistake.
	running bool
	// flags are those of the command that runs.
	flags      *pflag.FlagSet
	connection connect.Options
}

func run(ctx context.Context, args []string, a *app) int {
	a.EndWith(ctx)
	root := a.root() //nolint:contextcheck // Cobra hands the context to the commands when they run.
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return terminal.ExitDone
	}
	if code, ok := errors.AsType[terminal.ExitCode](err); ok {
		return int(code)
	}
	if errors.Is(err, terminal.ErrReaderGone) {
		return terminal.ExitPipe
	}
	asJSON := a.JSON() || failure.AsksForJSON(args)
	if isInterrupted(ctx, err) {
		code := interruptedCode(ctx)
		if asJSON {
			a.NoteError(terminal.Error{Code: "INTERRUPTED", Message: "interrupted", ExitCode: code})
		} else {
			a.Notef("assent: interrupted")
		}
		return code
	}
	usage, isUsage := errors.AsType[*terminal.UsageError](err)
	if isUsage {
		err = usage
	} else if !a.running {
		err, isUsage = errors.New(failure.Usage(cmd, err)), true
	}
	code := terminal.ExitFailed
	if coded, ok := errors.AsType[*terminal.Coded](err); ok {
		code = coded.Code
	}
	if isUsage {
		code = terminal.ExitUsage
	}
	if asJSON {
		a.NoteError(failure.JSON(err, code))
		return code
	}
	for _, line := range failure.Lines(err) {
		a.Notef("%s", line)
	}
	if !isUsage {
		return code
	}
	a.Notef("Run `%s --help` for its usage.", cmd.CommandPath())
	return terminal.ExitUsage
}

// root makes the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "assent",
		Short: "Who may be written to, why, and how it is known",
		Long: "Assent answers whether an address may be contacted on a channel, and records what people say about it.\n\n" +
			"Exit codes: 0 success, 1 failure or failed verification, 2 wrong usage, 130 interrupted; check ADDRESS: 3 the address\n" +
			"must not be contacted now. For an ADDRESS, a TOKEN or a FILE, - reads it from standard input.",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version: telemetry.BuildVersion(),

		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate(versionLine())
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.PersistentFlags().Var(&a.Format, "format", "how results and errors are written: text or json")
	complete(root, "format", a.Format.Options...)
	root.AddCommand(
		a.client(a.check()),
		a.client(a.grant()), a.client(a.request()), a.client(a.confirm()), a.client(a.withdraw()), a.client(a.importFamily()),
		a.client(a.suppressions()), a.client(a.history()), a.client(a.lookup()), a.client(a.watch()), a.client(a.proof()), a.client(a.receipt()),
		a.client(a.erase()), a.client(a.move()), a.client(a.link()), a.client(a.unlink()), a.client(a.void()), a.client(a.hold()), a.client(a.claims()),
		a.catalog(), a.client(a.clients()), a.client(a.consumers()), a.client(a.webhooks()), a.client(a.sources()), a.client(a.sends()), a.client(a.imports()), a.client(a.intake()),
		a.client(a.cases()), a.client(a.desks()), a.client(a.notices()), a.client(a.externalLists()), a.client(a.retention()), a.client(a.records()),
		a.test(), a.version(), a.descriptors(), (&pages.Commands{Kit: a.kit()}).Texts(),
		a.serve(), a.config(), a.demo(), a.migrate(), a.keys(), a.ledger(),
	)
	return root
}

// client gives a command that asks a server, and those below it, the flags that
// say which and how.
func (a *app) client(cmd *cobra.Command) *cobra.Command {
	a.connection.AddFlags(cmd)
	a.completeNames(cmd)
	return cmd
}

// family makes a command that only holds others.
func family(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// subcommand refuses an unknown subcommand. It does not repeat it: it may be
// an address without its command.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return terminal.Usagef("unknown command%s; %s has: %s", nearest.Hint(args[0], names), cmd.CommandPath(), strings.Join(names, ", "))
}

// noArguments refuses any argument. It does not repeat it: it may be an address.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return terminal.Usagef("%s takes flags only, and no argument; its usage is: %s", cmd.CommandPath(), cmd.UseLine())
}

// does makes the function of a command: from here on the arguments are
// understood.
func (a *app) does(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.running = true
		a.flags = cmd.Flags()
		a.connection.ReadEnv(a.flags, a.env)
		return do(cmd.Context(), args)
	}
}
