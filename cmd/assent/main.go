// Command assent is Assent's server and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/assent-io/assent/internal/cli"
)

func main() {
	os.Exit(run())
}

// run ends what it started before the process ends: os.Exit runs no deferred
// function.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr)
}
