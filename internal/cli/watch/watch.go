// Package watch is the command that prints the change feed, line by line, and goes on by the token when the server goes away.
package watch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
)

// pageSize is how many events a page of --until-idle has at most.
const pageSize = 500

// fromNow begins with what comes next.
const fromNow = "now"

// Flags say what to print of the feed.
type Flags struct {
	from      string
	channels  []string
	kinds     []string
	consumer  string
	untilIdle bool
}

// Command returns the command, which Do runs with the flags.
func Command(f *Flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print what changes, one line of JSON for each change",
		Long: "Print each change of what decides whom a channel may write to, one line of JSON each, as it is acknowledged:\n" +
			"change (ADDED, REMOVED, RESET or KEPT), match, address or hash, channel or scope, kind, reason, since, until, position\n" +
			"and token, besides what else the rule has. A line {\"heartbeat\": {\"position\", \"token\"}} says that everything up to\n" +
			"that position was printed. If the server goes away, the command goes on when it is back. A token, of whatever\n" +
			"line, goes on after that line; some lines before it may come again. Lines before the first heartbeat of a watch that\n" +
			"begins now have none.\n\n" +
			"Without --from it begins now. From the beginning it prints the whole history, as rules. docs/change-feed.md says\n" +
			"how to keep a list in step with the feed.",
		Example: "  assent watch --from beginning --channel newsletter --until-idle\n" +
			"  assent watch --from beginning --kind refusal,suppression --until-idle > changes.ndjson",
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", fromNow, "where to begin: now, beginning, or a token that was printed")
	flags.StringSliceVar(&f.channels, "channel", nil, "only rules that count for this channel (may be given several times)")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only rules of this kind: "+strings.Join(Kinds(), ", ")+" (may be given several times)")
	flags.StringVar(&f.consumer, "consumer", "", "read as the registered consumer with this id")
	flags.BoolVar(&f.untilIdle, "until-idle", false, "end once everything that is acknowledged was printed")
	return cmd
}

// Kinds returns the words for the kinds of rules.
func Kinds() []string { return []string{"grant", "reopening", "refusal", "suppression"} }

// request returns the request of the flags, but for where to begin.
func (f *Flags) request() (*assentv1.WatchChangesRequest, error) {
	in := &assentv1.WatchChangesRequest{Channels: f.channels, Consumer: f.consumer}
	for _, kind := range f.kinds {
		number, ok := assentv1.RuleKind_value["RULE_KIND_"+strings.ToUpper(kind)]
		if !ok || !isKind(kind) {
			return nil, terminal.Usagef("--kind must be one of %s", strings.Join(Kinds(), ", "))
		}
		in.Kinds = append(in.Kinds, assentv1.RuleKind(number))
	}
	return in, nil
}

func isKind(word string) bool {
	for _, kind := range Kinds() {
		if word == kind {
			return true
		}
	}
	return false
}

// watcher prints the feed.
type watcher struct {
	server *connect.Server
	print  func(string) error
	in     *assentv1.WatchChangesRequest // from where it is to go on
}

// Run prints the feed until the context ends, or, with --until-idle, until there is nothing more.
func (f *Flags) Run(ctx context.Context, s *connect.Server, write func(string) error) error {
	in, err := f.request()
	if err != nil {
		return err
	}
	in.From = f.from
	w := &watcher{server: s, print: write, in: in}
	if f.untilIdle {
		return w.list(ctx)
	}
	return w.watch(ctx)
}

// list prints page by page.
func (w *watcher) list(ctx context.Context) error {
	for {
		page, err := connect.CallAgain(ctx, w.server, assentv1.NewFeedServiceClient(w.server).ListChanges, &assentv1.ListChangesRequest{
			From: w.in.GetFrom(), Channels: w.in.GetChannels(), Kinds: w.in.GetKinds(), Consumer: w.in.GetConsumer(), PageSize: pageSize,
		})
		if err != nil {
			return err
		}
		more := page.GetHeartbeat().GetMore()
		if err := w.write(page.GetChanges(), page.GetHeartbeat(), !more); err != nil || !more {
			return err
		}
	}
}

// write prints changes and, if it is wanted or there is none, the heartbeat. A line has the token to go on with after it: of all but the last
// change that before all of them, for a token does not stand between changes that belong together. It has none before the first heartbeat of a
// reader that began now: to go on with "now" would skip what comes in between. Without a heartbeat more of what belongs together follows, and
// the place stays where it is.
func (w *watcher) write(changes []*assentv1.Change, beat *assentv1.Heartbeat, withBeat bool) error {
	var out bytes.Buffer
	before := w.in.GetFrom()
	if before == fromNow {
		before = ""
	}
	for i, change := range changes {
		token := before
		if i == len(changes)-1 && beat != nil {
			token = beat.GetToken()
		}
		if err := appendJSON(&out, lineOf(change, token)); err != nil {
			return err
		}
	}
	if beat != nil && (withBeat || len(changes) == 0) {
		var last heartbeat
		last.Heartbeat.Position, last.Heartbeat.Token = beat.GetPosition(), beat.GetToken()
		if err := appendJSON(&out, &last); err != nil {
			return err
		}
	}
	if beat != nil {
		w.in.From = beat.GetToken()
	}
	return w.print(out.String())
}

// watch prints what the server sends, and goes on by the token where the server went away or found the reader too slow.
func (w *watcher) watch(ctx context.Context) error {
	pauses := w.server.Pauses()
	for {
		came, err := w.stream(ctx)
		if ctx.Err() != nil || !w.goesOn(err) {
			return err
		}
		if came {
			pauses = w.server.Pauses()
		}
		w.server.Away()
		if err := w.server.Wait(ctx, pauses()); err != nil {
			return err
		}
	}
}

// goesOn reports whether a stream that ended is to be followed by another one.
func (w *watcher) goesOn(err error) bool {
	if err == nil || errors.Is(err, io.EOF) {
		return true
	}
	failed, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return false
	}
	switch call := failed.Call(); call.Code {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		return call.Reason == "SLOW_WATCHER"
	default:
		return false
	}
}

// stream prints one stream, and reports whether anything came.
func (w *watcher) stream(ctx context.Context) (came bool, err error) {
	stream, err := assentv1.NewFeedServiceClient(w.server).WatchChanges(ctx, w.in)
	if err != nil {
		return false, w.server.Failed(err)
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return came, nil
		}
		if err != nil {
			return came, w.server.Failed(err)
		}
		came = true
		if err := w.write(part.GetChanges(), part.GetHeartbeat(), false); err != nil {
			return came, err
		}
	}
}
