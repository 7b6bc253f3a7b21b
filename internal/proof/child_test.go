package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/telemetry"
)

// serveVariable has this test binary serve instead of testing.
const serveVariable = "ASSENT_PROOF_SERVE"

// serving is how a server runs that is not quite the shipped one.
type serving struct {
	Args   []string      // those of `assent serve`
	Clock  time.Duration // how far its clock is ahead
	Unsafe env.Unsafe    // what is switched off
}

// serveAs does what `assent serve` does, with another clock, until it is told to stop or the process that started it has ended.
func serveAs(spec string) int {
	if err := serve(spec); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		return 1
	}
	return 0
}

func serve(spec string) error {
	var how serving
	if err := json.Unmarshal([]byte(spec), &how); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.AddFlags(flags)
	if err := flags.Parse(how.Args); err != nil {
		return err
	}
	cfg, err := config.Load(flags, os.LookupEnv)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(os.Stderr, string(cfg.LogFormat), cfg.LogLevel)
	if err != nil {
		return err
	}
	return server.Run(ctx, cfg, server.Options{
		Logger: log, Unsafe: how.Unsafe, Now: func() time.Time { return time.Now().Add(how.Clock) },
		Ready: func(at server.Addresses) {
			log.LogAttrs(ctx, slog.LevelInfo, "serving", slog.String("grpc_address", at.GRPC), slog.String("http_address", at.HTTP))
		},
	})
}
