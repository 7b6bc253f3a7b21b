package cli_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// fakeFeed answers the calls of the feed: a page of two changes, then nothing; a watcher is cut off after the first message once.
type fakeFeed struct {
	assentv1.UnimplementedFeedServiceServer

	seen  []string // from where the watchers began
	large bool     // a page does not fit into one message
}

// ListChanges returns a page, and then that there is nothing more.
func (x *fakeFeed) ListChanges(_ context.Context, in *assentv1.ListChangesRequest) (*assentv1.ListChangesResponse, error) {
	if in.GetFrom() == "token-2" {
		return &assentv1.ListChangesResponse{Heartbeat: &assentv1.Heartbeat{Position: 9, Token: "token-3"}}, nil
	}
	return &assentv1.ListChangesResponse{
		Changes:   feedChanges(),
		Heartbeat: &assentv1.Heartbeat{Position: 7, Token: "token-2", More: true},
	}, nil
}

func feedChanges() []*assentv1.Change {
	return []*assentv1.Change{
		{
			Change: assentv1.ChangeType_CHANGE_TYPE_ADDED, Match: assentv1.AddressMatch_ADDRESS_MATCH_FOLDED,
			Recipient: &assentv1.Change_Address{Address: "anna@example.com"}, Channel: "newsletter", Kind: assentv1.RuleKind_RULE_KIND_REFUSAL,
			Reason: "WITHDRAWN", SinceTime: &timestamppb.Timestamp{Seconds: 1_796_115_600}, Order: 5, EndedBy: assentv1.EndedBy_ENDED_BY_CONSENT,
			Position: 7,
		},
		{Change: assentv1.ChangeType_CHANGE_TYPE_RESET, Channel: "newsletter", Position: 7},
	}
}

// WatchChanges sends one message and ends as the server that stops does, the first time; then it is refused.
func (x *fakeFeed) WatchChanges(in *assentv1.WatchChangesRequest, stream grpc.ServerStreamingServer[assentv1.WatchChangesResponse]) error {
	x.seen = append(x.seen, in.GetFrom())
	if len(x.seen) > 1 {
		return status.Error(codes.OutOfRange, "too old")
	}
	if x.large {
		if err := stream.Send(&assentv1.WatchChangesResponse{Heartbeat: &assentv1.Heartbeat{Position: 6, Token: "token-1"}}); err != nil {
			return err
		}
		if err := stream.Send(&assentv1.WatchChangesResponse{Changes: feedChanges()}); err != nil {
			return err
		}
		return status.Error(codes.Unavailable, "stopping")
	}
	err := stream.Send(&assentv1.WatchChangesResponse{
		Changes: feedChanges(), Heartbeat: &assentv1.Heartbeat{Position: 7, Token: "token-2"},
	})
	if err != nil {
		return err
	}
	return status.Error(codes.Unavailable, "stopping")
}

func TestWatch_UntilIdle_PrintsOneLineAChange(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "watch", "--from", "beginning", "--until-idle", "--kind", "refusal").must(t, 0)
	want := `{"change":"ADDED","match":"folded","address":"anna@example.com","channel":"newsletter","kind":"refusal","reason":"WITHDRAWN",` +
		`"since":"2026-12-01T09:00:00Z","order":"5","endedBy":"CONSENT","position":7,"token":"beginning"}
{"change":"RESET","channel":"newsletter","position":7,"token":"token-2"}
{"heartbeat":{"position":9,"token":"token-3"}}
`
	if got.stdout != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.stdout, want)
	}
}

func TestWatch_ServerThatStops_IsGoneOnWithByTheToken(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "watch", "--from", "now").must(t, 1)
	if strings.Count(got.stdout, "\n") != 2 || !strings.Contains(got.stderr, "trying again") {
		t.Errorf("got %q, %q", got.stdout, got.stderr)
	}
	if seen := strings.Join(f.feed.seen, " "); seen != "now token-2" {
		t.Errorf("it began at %s", seen)
	}
}

// TestWatch_FromNow_ALineBeforeTheFirstHeartbeatHasNoToken prints changes that come before any token, such as erasures that were missed.
func TestWatch_FromNow_ALineBeforeTheFirstHeartbeatHasNoToken(t *testing.T) {
	for _, flags := range [][]string{{"--from", "now"}, {}, {"--until-idle"}} {
		f := startFake(t)
		lines := strings.Split(f.run(t, append([]string{"watch"}, flags...)...).stdout, "\n")
		if len(lines) < 3 || strings.Contains(lines[0], `"token"`) || !strings.Contains(lines[1], `"token":"token-2"`) {
			t.Errorf("with %v: %q", flags, lines)
		}
	}
}

// TestWatch_CutInTheMiddleOfAPage_BeginsThePageAgain cuts the stream after a message without a heartbeat: more of its page would have followed.
func TestWatch_CutInTheMiddleOfAPage_BeginsThePageAgain(t *testing.T) {
	f := startFake(t)
	f.feed.large = true
	got := f.run(t, "watch", "--from", "now").must(t, 1)
	if strings.Count(got.stdout, `"token":"token-1"`) != 3 || strings.Count(got.stdout, "\n") != 3 {
		t.Errorf("not every line has the token of before the page: %s", got.stdout)
	}
	if seen := strings.Join(f.feed.seen, " "); seen != "now token-1" {
		t.Errorf("it began at %s", seen)
	}
}

func TestWatch_UnknownKind_IsRefused(t *testing.T) {
	got := startFake(t).run(t, "watch", "--kind", "address").must(t, 2)
	if !strings.Contains(got.stderr, "grant, reopening, refusal, suppression") {
		t.Errorf("got %q", got.stderr)
	}
}
