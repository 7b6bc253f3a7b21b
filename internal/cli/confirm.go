package cli

import (
	"github.com/spf13/cobra"
)

// addYes gives a command the flag that answers its question.
func addYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do it without asking")
}
