// Command listmonk-sync keeps the table of subscribers of a newsletter tool in step with a server of Assent: a subscriber who
// refused or is suppressed on the channel is blocklisted, enabled again when that ends, and deleted when the person was erased. It never
// enables a subscriber that was blocklisted in the tool. It may be stopped and started at any time.
//
// The table is subscribers(email, status), as that of listmonk, in an SQLite file; another database needs another driver. The server and the
// key come from the environment, as those of the command line: ASSENT_SERVER, ASSENT_API_KEY_FILE, ASSENT_TLS_CA.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // The driver of the table.

	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "listmonk-sync:", err)
		os.Exit(1) //nolint:forbidigo // This is main.
	}
}

// run keeps the table in step until the context ends.
func run(ctx context.Context, args []string, log *slog.Logger) (err error) {
	flags := flag.NewFlagSet("listmonk-sync", flag.ContinueOnError)
	path := flags.String("table", "listmonk.db", "SQLite file with the table subscribers")
	channel := flags.String("channel", "newsletter", "channel that the tool sends on")
	consumer := flags.String("consumer", "", "registered consumer to read as, of the form plain")
	file := flags.String("set", "listmonk-sync.set", "where the set is kept while the program does not run")
	every := flags.Duration("every", 10*time.Second, "how often to look for new subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := client.FromEnv(os.LookupEnv).Open(client.WithUserAgent("listmonk-sync"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	db, err := sql.Open("sqlite", *path+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	t, err := openTable(ctx, db, *channel)
	if err != nil {
		return err
	}
	t.follower, err = follower.New(c, follower.Options{
		Channels: []string{*channel}, Consumer: *consumer, File: *file, OnChange: t.change,
		OnEvent: func(e follower.Event) {
			log.InfoContext(ctx, "follower", slog.String("event", string(e.Kind)), slog.Any("error", e.Err))
		},
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return t.follower.Run(ctx) })
	group.Go(func() error { return t.lookForNew(ctx, *every) })
	return group.Wait()
}
