package cli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/cli"
)

// walk calls visit with each command below the root, by its path without the
// program's name.
func walk(cmd *cobra.Command, visit func(path string, cmd *cobra.Command)) {
	for _, child := range cmd.Commands() {
		_, path, _ := strings.Cut(child.CommandPath(), " ")
		visit(path, child)
		walk(child, visit)
	}
}

// localCommands are the commands that never call a server.
func localCommands() []string {
	return []string{
		"catalog lint", "config check", "demo", "descriptors", "keys claims", "keys create", "keys list", "keys rotate",
		"keys show", "ledger purge", "ledger rebuild", "ledger verify", "migrate down", "migrate status", "migrate up", "serve", "test",
		"texts", "version",
	}
}

func TestCommands_ThatCallTheServer_HaveTheConnectionFlags(t *testing.T) {
	flags := []string{"server", "api-key-file", "tls", "tls-ca", "insecure", "timeout", "language"}
	local := localCommands()
	var found []string
	walk(cli.Root(cli.Surroundings{}), func(path string, cmd *cobra.Command) {
		isFamily := cmd.HasSubCommands() && cmd.Use == cmd.Name()
		if isFamily && !slices.Contains(local, path) {
			return
		}
		if slices.Contains(local, path) {
			found = append(found, path)
			if cmd.Flag("server") != nil {
				t.Errorf("%s has --server, but it is listed as a command that calls no server", path)
			}
			return
		}
		for _, flag := range flags {
			if cmd.Flag(flag) == nil {
				t.Errorf("%s has no --%s", path, flag)
			}
		}
	})
	slices.Sort(found)
	if !slices.Equal(found, local) {
		t.Errorf("commands that call no server: found %q, listed %q", found, local)
	}
}

func TestLedger_IsAskedOnTheServerOfTheFlag(t *testing.T) {
	f := startFake(t)
	for _, args := range [][]string{
		{"ledger", "checkpoint"},
		{"ledger", "prove", "3"},
		{"ledger", "cosign", file(t, "checkpoint", "x")},
	} {
		before := len(f.calls)
		run(t, append(args, "--server", f.address, "--timeout", "20s")...).must(t, 1)
		if len(f.calls) != before+1 {
			t.Errorf("%v did not ask the server of --server", args)
		}
	}
}

func TestHelp_NoBackQuoteNamesAValueByMistake(t *testing.T) {
	walk(cli.Root(cli.Surroundings{}), func(path string, cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			// Pflag takes what stands in back quotes for the name of the value.
			if strings.Contains(f.Usage, "`") {
				t.Errorf("%s --%s: back quotes in %q", path, f.Name, f.Usage)
			}
		})
	})
}
