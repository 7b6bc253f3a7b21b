package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/phrase"
	host "github.com/assent-io/assent/internal/server"
)

// config holds the commands about the settings of a server.
func (a *app) config() *cobra.Command {
	return family("config", "The settings of a server: check them", a.configCheck())
}

func (a *app) configCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what would keep a server with these settings from starting",
		Long: "Say what would keep a server with these settings from starting: it reads the settings from where serve reads\n" +
			"them, and the files that they name: keys, certificate, catalog. It does not connect to the database and changes\n" +
			"nothing. It exits with 1 where a file is not right, and with 2 where a setting is not.",
		Example: "  assent config check --config assent.yaml",
		Args:    cobra.NoArgs,
	}
	config.AddFlags(cmd.Flags())
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		return a.writeConfigProblems(host.CheckConfig(ctx, cfg))
	})
	return cmd
}

func (a *app) writeConfigProblems(problems []error) error {
	texts := make([]string, 0, len(problems))
	for _, problem := range problems {
		for line := range strings.Lines(problem.Error()) {
			texts = append(texts, phrase.OneLine(strings.TrimSuffix(line, "\n")))
		}
	}
	if a.JSON() {
		if err := a.PrintJSON(struct {
			Problems []string `json:"problems"`
		}{texts}); err != nil {
			return err
		}
	} else {
		if len(texts) == 0 {
			texts = []string{"the settings are right"}
		}
		if err := a.Print(strings.Join(texts, "\n") + "\n"); err != nil {
			return err
		}
	}
	if len(problems) > 0 {
		return terminal.ExitCode(terminal.ExitFailed)
	}
	return nil
}
