// Package pages has the command about the pages of recipients.
package pages

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/web/translation"
)

// Commands makes the command.
type Commands struct{ *kit.Kit }

// Texts returns the command that prints the texts of the pages of recipients.
func (c *Commands) Texts() *cobra.Command {
	language := value.NewChoice(locale.English.Tag(), locale.English.Tag(), locale.German.Tag())
	cmd := &cobra.Command{
		Use:   "texts",
		Short: "Print the texts of the pages of recipients, to translate them",
		Long: "Print the texts of the pages that recipients reach by the links in their messages, as a file. Translated, and named\n" +
			"for its language, such as fr.yaml, it stands in the directory that serve is given by --texts-dir. Then the pages have\n" +
			"that language, too. A file en.yaml or de.yaml with some of the texts takes their place. `assent config check` says\n" +
			"what is wrong with the files.",
		Example: "  assent texts --language de",
		Args:    c.NoArguments,
	}
	cmd.Flags().Var(&language, "language", "en or de")
	c.Complete(cmd, "language", language.Options...)
	cmd.RunE = c.Doing(func(context.Context, []string) error {
		lang := locale.English
		if language.Value == locale.German.Tag() {
			lang = locale.German
		}
		if c.JSON() {
			return c.PrintJSON(translation.Contents(lang))
		}
		return c.Print(string(translation.Document(lang)))
	})
	return cmd
}
