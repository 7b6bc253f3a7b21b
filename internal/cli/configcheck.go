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
		Short: "Check the settings of a server",
		Long: "Check the settings of a server. It reads the same settings as serve, and the files that they name: keys,\n" +
			"certificate, catalog. It does not connect to the database and changes nothing. It exits with 1 if a file is not\n" +
			"valid, and with 2 if a setting is not valid.",
		Example: "  assent config check --config assent.yaml",
		Args:    noArguments,
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
			texts = []string{"the settings are valid"}
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
