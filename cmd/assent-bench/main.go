// Command assent-bench measures how fast a server is here, beside what the same work costs without it.
package main

import (
	"os"

	"github.com/assent-io/assent/internal/bench/command"
)

func main() {
	// Main has ended all that it started: os.Exit runs no deferred function.
	os.Exit(command.Main())
}
