package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// addYes gives a command the flag that answers its question.
func addYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do it without asking")
}

// ask returns nil when the person at the terminal, or --yes, says yes.
func (a *app) ask(question string, yes bool) error {
	if yes {
		return nil
	}
	if !a.asks {
		return usagef("this asks for confirmation, and nobody is there to answer: give --yes")
	}
	if _, err := a.stderr.Write([]byte(question + " [y/N] ")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && answer == "" {
		a.notef("")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("standard input cannot be read: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		a.notef("Nothing was done.")
		return exitCode(exitFailed)
	}
}
