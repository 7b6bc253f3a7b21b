// Command assent is Assent's server and its command line.
package main

import (
	"os"

	"github.com/assent-io/assent/internal/cli"
)

func main() {
	// Main has ended all that it started: os.Exit runs no deferred function.
	os.Exit(cli.Main())
}
